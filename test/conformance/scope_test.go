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
	reasonNeverAnnounced    = "the withdrawal of a route that was not announced: there is nothing to withdraw"
	reasonNeighbors         = "several neighbours at once"
)

// Remarks on what is compared in another form than the case has it; the case is reproduced all the same.
const (
	remarkBadType         = "a message of unknown type gets 1/3 with the type as data (RFC 4271 §6.1), where the case has 1/0 and a text"
	remarkShutdownText    = "the text of a Cease is the program's own (RFC 9003)"
	remarkWithdrawals     = "before Cease/2 the routes are withdrawn: a session that ends for good leaves none behind"
	remarkSoftwareVersion = "the software version is the program's own"
)

// familyReason says why routes of a family are not reproduced.
func familyReason(f wire.Family) string { return "family " + familyName(f) + " is not spoken yet" }

// laterAttributes are attributes of families and features that are not there yet.
var laterAttributes = map[string]string{
	"rd":                  "VPN routes are not announced yet",
	"route-distinguisher": "VPN routes are not announced yet",
	"label":               "labelled routes are not announced yet",
	"bgp-prefix-sid":      "BGP-Prefix-SID (RFC 8669) is not announced yet",
	"bgp-prefix-sid-srv6": "BGP-Prefix-SID (RFC 9252) is not announced yet",
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
		for _, g := range c.Groups {
			group := expectedGroup{actions: g.Actions}
			for _, m := range g.Messages {
				facts, err := factsOf(m.Hex, addPath)
				if err != nil {
					return nil, fmt.Errorf("expected message %x: %w", []byte(m.Hex), err)
				}
				group.facts = append(group.facts, facts...)
			}
			all[i].groups = append(all[i].groups, group)
		}
		all[i].leaveOut(v, notes)
	}
	return all, nil
}

// leaveOut takes out what is not reproduced, and changes what comes in another form.
func (e *expectation) leaveOut(v *vector, notes *notes) {
	s := scope{vector: v, notes: notes, announced: map[string]bool{}, ended: map[wire.Family]bool{}}
	for _, g := range e.groups {
		for _, f := range g.facts {
			if f.kind == announced {
				s.announced[f.route] = true
			}
		}
	}
	for i := range e.groups {
		var kept []fact
		for _, f := range e.groups[i].facts {
			if f, ok := s.translate(f); ok {
				kept = append(kept, f)
			}
		}
		e.groups[i].facts = kept
	}
}

// scope judges what is expected on one connection.
type scope struct {
	vector    *vector
	notes     *notes
	announced map[string]bool      // routes, somewhere on the connection
	ended     map[wire.Family]bool // End-of-RIB is expected
}

// translate returns the fact as it must come; false where it is not reproduced.
func (s *scope) translate(f fact) (fact, bool) {
	if reason := s.outside(f); reason != "" {
		s.notes.leaveOut(reason)
		s.notes.routesLeftOut = s.notes.routesLeftOut || f.kind == announced || f.kind == withdrawn
		return f, false
	}
	switch {
	case f.kind == opened && !s.vector.option(optionInspectOpen):
		return f, false
	case f.kind == opened && strings.Contains(f.detail, "75=(a version)"):
		s.notes.remark(remarkSoftwareVersion)
	case f.kind == endOfRIB:
		s.ended[f.family] = true
	case f.kind == notified && s.vector.option(optionUnknownMessage):
		s.notes.remark(remarkBadType)
		f.detail = "1/3 ff"
	case f.kind == notified && strings.HasPrefix(f.detail, "6/"):
		s.notes.remark(remarkShutdownText)
	}
	return f, true
}

// outside says why a fact is not reproduced, or "".
func (s *scope) outside(f fact) string {
	switch {
	case f.family != (wire.Family{}) && !slices.Contains(unicastFamilies, f.family):
		return familyReason(f.family)
	case f.kind == endOfRIB && manualEndOfRIB(s.vector):
		return reasonManualEndOfRIB
	case f.kind == endOfRIB && s.ended[f.family]:
		return reasonSecondEndOfRIB
	case f.kind == refreshAsked:
		return reasonRouteRefreshSent
	case f.kind == withdrawn && !s.announced[f.route]:
		return reasonNeverAnnounced
	case f.kind == announced && f.family == wire.IPv6Unicast && hasShortNextHop(f):
		return reasonIPv4NextHopOfIPv6
	case f.kind == opened && s.vector.option(optionInspectOpen):
		return foreignCapability(s.vector)
	}
	return ""
}

// knownCapabilities are those that the translation of a neighbour knows.
var knownCapabilities = []string{
	"asn4", "add-path", "nexthop", "link-local-nexthop", "software-version", "extended-message", "route-refresh", "graceful-restart",
}

// foreignCapability says why the OPEN of a case is not reproduced, or "".
func foreignCapability(v *vector) string {
	for _, n := range v.Configurations[0].Neighbors {
		for name := range n.Capabilities {
			if n.capability(name) != "" && !slices.Contains(knownCapabilities, name) {
				return "the OPEN with the capability " + name + ", which is not offered"
			}
		}
	}
	return ""
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
