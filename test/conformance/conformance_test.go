// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"errors"
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

// TestOwnCases plays the cases in testdata, which cover what the recorded ones may lack: several neighbours and processes, commands
// out of order, and routes that no announcement can express.
func TestOwnCases(t *testing.T) {
	remarks := map[string][]string{
		"left-out": {remarkASSet, remarkRawFlags, remarkPrefix, remarkNextHop, remarkShortNextHop, remarkFourOctetAS},
	}
	for _, v := range loadVectors(t, "testdata") {
		t.Run(v.Case, func(t *testing.T) {
			t.Parallel()
			result, reasons, err := playVector(t, v)
			if err != nil {
				t.Fatal(err)
			}
			want := remarks[v.Case]
			slices.Sort(want)
			slices.Sort(reasons)
			if result != resultPass || !slices.Equal(reasons, want) {
				t.Errorf("%s with %q, want %s with %q", result, reasons, resultPass, want)
			}
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
	neighbors := v.neighbors()
	if len(neighbors) == 0 {
		return "", nil, errors.New("no neighbour is configured or created")
	}
	notes := &notes{}
	p, err := newPlayer(t, v, neighbors, notes)
	if err != nil {
		return "", nil, err
	}
	if notes.routesLeftOut && p.nothingExpected() {
		return resultOutside, slices.Concat(notes.leftOut, notes.remarks), nil
	}
	if err := p.play(); err != nil {
		return "", nil, fmt.Errorf("%w%s", err, p.herald.refusals())
	}
	reasons = slices.Concat(notes.leftOut, notes.remarks)
	if len(notes.leftOut) > 0 {
		return resultPart, reasons, nil
	}
	return resultPass, reasons, nil
}

// neighbors are the neighbours of the first configuration, or those that commands create.
func (v *vector) neighbors() []*neighbor {
	var all []*neighbor
	for i := range v.Configurations[0].Neighbors {
		all = append(all, &v.Configurations[0].Neighbors[i])
	}
	for _, line := range v.commands() {
		c, err := parseCommand(line, &neighbor{})
		if err == nil && c.action == doCreate && !slices.ContainsFunc(all, func(n *neighbor) bool { return n.PeerAddress == c.neighbor.PeerAddress }) {
			all = append(all, c.neighbor)
		}
	}
	return all
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
