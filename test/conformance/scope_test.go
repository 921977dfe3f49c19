// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// outsideError says that something of a case is not reproduced, and why. The rest of the case is played.
type outsideError struct{ reason string }

func (e *outsideError) Error() string { return e.reason }

func outside(format string, args ...any) error {
	return &outsideError{reason: fmt.Sprintf(format, args...)}
}

// outsideReason returns why something is not reproduced; false for any other error.
func outsideReason(err error) (string, bool) {
	var e *outsideError
	if !errors.As(err, &e) {
		return "", false
	}
	return e.reason, true
}

// The reasons why something of a case is not reproduced. Each speaks of what a case holds, never of its name.
const (
	reasonIPv4NextHopOfIPv6 = "IPv6 routes with an IPv4 next hop of 4 octets: no RFC has them (RFC 2545 §3, RFC 8950)"
	reasonSecondEndOfRIB    = "a second End-of-RIB of a family: one goes in a session (RFC 4724 §2)"
	reasonManualEndOfRIB    = "End-of-RIB on command: it goes after the first routes (RFC 4724 §4)"
	reasonASSet             = "AS_SET is not originated (RFC 9774)"
	reasonRouteRefreshSent  = "ROUTE-REFRESH is never sent: received routes are not wanted again"
	reasonNeighbors         = "several neighbours at once, or none"
)

// Remarks on what is compared in another form than the case has it; the case is reproduced all the same.
const (
	remarkBadType         = "a message of unknown type gets 1/3 with the type as data (RFC 4271 §6.1), where the case has 1/0 and a text"
	remarkShutdownText    = "the text of a Cease is the program's own (RFC 9003)"
	remarkSoftwareVersion = "the software version is the program's own"
)

// familyReason says why routes of a family are not reproduced.
func familyReason(f wire.Family) string { return "family " + familyName(f) + " is not spoken yet" }

// laterAttributes are attributes of families and features that are not there yet.
var laterAttributes = map[string]string{
	"rd":             "VPN routes are not announced yet",
	"label":          "labelled routes are not announced yet",
	"bgp-prefix-sid": "BGP-Prefix-SID (RFC 8669) is not announced yet",
}

// outOfScope says why nothing of a case is reproduced, or "".
func outOfScope(v *vector) string {
	for i := range v.Configurations {
		neighbors := v.Configurations[i].Neighbors
		if len(neighbors) > 1 {
			return reasonNeighbors
		}
		for _, n := range neighbors {
			if len(n.Families) > 0 && !slices.ContainsFunc(n.Families, isUnicastName) {
				return "family " + strings.Join(n.Families, ", ") + " is not spoken yet"
			}
		}
	}
	return ""
}

func isUnicastName(name string) bool { return name == "ipv4 unicast" || name == "ipv6 unicast" }

// expectation is what must come on a connection, in groups whose order counts.
type expectation struct {
	groups []expectedGroup
}

type expectedGroup struct {
	facts   []fact
	actions []map[string]any
}

// expectations are the facts of a case that are in scope; notes gets the reasons for what was left out or changed.
func expectations(v *vector, addPath []wire.Family, notes *notes) ([]expectation, error) {
	all := make([]expectation, len(v.Expected))
	for i, c := range v.Expected {
		ended := map[wire.Family]bool{}
		for _, g := range c.Groups {
			group := expectedGroup{actions: g.Actions}
			for _, m := range g.Messages {
				facts, err := factsOf(m.Hex, addPath)
				if err != nil {
					return nil, fmt.Errorf("expected message %x: %w", []byte(m.Hex), err)
				}
				for _, f := range facts {
					if f, ok := inScope(f, v, ended, notes); ok {
						group.facts = append(group.facts, f)
					}
				}
			}
			all[i].groups = append(all[i].groups, group)
		}
	}
	return all, nil
}

// inScope returns the fact as it must come; false where it is not reproduced.
func inScope(f fact, v *vector, ended map[wire.Family]bool, notes *notes) (fact, bool) {
	switch {
	case f.family != (wire.Family{}) && !slices.Contains(unicastFamilies, f.family):
		notes.leaveOut(familyReason(f.family))
		notes.routesLeftOut = notes.routesLeftOut || f.kind == announced || f.kind == withdrawn
		return f, false
	case f.kind == endOfRIB && manualEndOfRIB(v):
		notes.leaveOut(reasonManualEndOfRIB)
		return f, false
	case f.kind == endOfRIB && ended[f.family]:
		notes.leaveOut(reasonSecondEndOfRIB)
		return f, false
	case f.kind == endOfRIB:
		ended[f.family] = true
	case f.kind == refreshAsked:
		notes.leaveOut(reasonRouteRefreshSent)
		return f, false
	case f.kind == announced && f.family == wire.IPv6Unicast && hasShortNextHop(f):
		notes.leaveOut(reasonIPv4NextHopOfIPv6)
		return f, false
	case f.kind == notified && v.option(optionUnknownMessage):
		notes.remark(remarkBadType)
		f.detail = "1/3 ff"
	case f.kind == notified && strings.HasPrefix(f.detail, "6/"):
		notes.remark(remarkShutdownText)
	case f.kind == opened && !v.option(optionInspectOpen):
		return f, false
	case f.kind == opened && strings.Contains(f.detail, "75=(a version)"):
		notes.remark(remarkSoftwareVersion)
	}
	return f, true
}

func hasShortNextHop(f fact) bool {
	nextHop := strings.Fields(f.detail)[1]
	return len(nextHop) == 2*4
}

func manualEndOfRIB(v *vector) bool {
	n := v.Configurations[0].Neighbors
	return len(n) == 1 && n[0].Summary.ManualEOR
}

// notes collects what a person is to know of a case's result.
type notes struct {
	leftOut, remarks []string
	// routesLeftOut: some of what is left out are routes.
	routesLeftOut bool
}

func (n *notes) leaveOut(reason string) { n.leftOut = addOnce(n.leftOut, reason) }
func (n *notes) remark(text string)     { n.remarks = addOnce(n.remarks, text) }

func addOnce(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}
