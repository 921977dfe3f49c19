// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// TestVectors plays every case in the directory that VECTORS names.
func TestVectors(t *testing.T) {
	for _, v := range loadVectors(t, vectorsDirectory(t)) {
		t.Run(v.Case, func(t *testing.T) {
			t.Parallel()
			result, reasons, err := playVector(t, v)
			if err != nil {
				result, reasons = resultFail, []string{strings.Join(strings.Fields(err.Error()), " ")}
				t.Error(err)
			}
			results.add(v.Case, result, reasons...)
			t.Logf("%s: %s", result, strings.Join(reasons, "; "))
		})
	}
}

// playVector plays a case and returns its result.
func playVector(t *testing.T, v *vector) (result string, reasons []string, err error) {
	if reason := outOfScope(v); reason != "" {
		return resultOutside, []string{reason}, nil
	}
	for name := range v.Options {
		if !slices.Contains(knownOptions, name) {
			return "", nil, fmt.Errorf("no translation of the option %s", name)
		}
	}
	n, err := firstNeighbor(v)
	if err != nil {
		return "", nil, err
	}
	notes := &notes{}
	expected, err := expectations(v, n.pathIDs(), notes)
	if err != nil {
		return "", nil, err
	}
	if notes.routesLeftOut && nothingExpected(expected) {
		return resultOutside, notes.leftOut, nil
	}
	p := newPlayer(t, v, n, expected, notes)
	if err := p.play(); err != nil {
		return "", nil, fmt.Errorf("%w%s", err, p.herald.refusals())
	}
	if len(notes.leftOut) > 0 {
		return resultPart, append(notes.leftOut, notes.remarks...), nil
	}
	return resultPass, notes.remarks, nil
}

// firstNeighbor is that of the first configuration, or the one that a command creates.
func firstNeighbor(v *vector) (*neighbor, error) {
	if neighbors := v.Configurations[0].Neighbors; len(neighbors) == 1 {
		return &neighbors[0], nil
	}
	for _, line := range v.commands() {
		if c, err := parseCommand(line, &neighbor{}); err == nil && c.action == doCreate {
			return c.neighbor, nil
		}
	}
	return nil, fmt.Errorf("no neighbour is configured or created")
}

// pathIDs are the families whose routes have path identifiers towards this neighbour, which mirrors our OPEN.
func (n *neighbor) pathIDs() []wire.Family {
	var families []wire.Family
	if !strings.Contains(n.capability("add-path"), "send") {
		return nil
	}
	for _, f := range n.addPath("") {
		families = append(families, map[any]wire.Family{"IPv4": wire.IPv4Unicast, "IPv6": wire.IPv6Unicast}[f["afi"]])
	}
	return families
}

// nothingExpected says whether no more than End-of-RIB and actions are left of what a case expects, and no route was
// to come of it.
func nothingExpected(expected []expectation) bool {
	for _, e := range expected {
		for _, g := range e.groups {
			for _, f := range g.facts {
				if f.kind != endOfRIB {
					return false
				}
			}
		}
	}
	return true
}
