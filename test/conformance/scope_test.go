// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The expectations of a case, after the remarks.

package conformance_test

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// expectation holds the facts that must come on a connection, in groups whose order counts.
type expectation struct {
	groups []expectedGroup
}

type expectedGroup struct {
	facts   []fact
	actions []map[string]any
}

// readConnection reads the facts of a connection whose routes of the families in addPath have path identifiers.
func readConnection(c connection, addPath []wire.Family) (expectation, error) {
	var e expectation
	for _, g := range c.Groups {
		group := expectedGroup{actions: g.Actions}
		for _, m := range g.Messages {
			facts, err := factsOf(m.Hex, addPath)
			if err != nil {
				return e, fmt.Errorf("expected message %x: %w", []byte(m.Hex), err)
			}
			group.facts = append(group.facts, facts...)
		}
		e.groups = append(e.groups, group)
	}
	return e, nil
}

// announces counts the routes of a neighbour's configuration that are expected.
func (e *expectation) announces(n *neighbor) int {
	count := 0
	for _, configured := range n.Routes {
		r, _ := newRoute(configured.Family, configured.NLRI.Prefix, configured.Attributes, n)
		if r == nil {
			continue
		}
		for _, g := range e.groups {
			if slices.ContainsFunc(g.facts, func(f fact) bool { return f.kind == announced && r.is(f) }) {
				count++
				break
			}
		}
	}
	return count
}

// leaveOut removes the facts that are not reproduced, and changes those that come in another form.
func (e *expectation) leaveOut(v *vector, n *neighbor, notes *notes) {
	s := scope{
		vector: v, neighbor: n, notes: notes, announced: map[string]bool{}, ended: map[wire.Family]bool{}, oddities: oddCommunities(v),
	}
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

// scope decides which facts are expected on one connection.
type scope struct {
	vector    *vector
	neighbor  *neighbor
	notes     *notes
	announced map[string]bool      // routes, somewhere on the connection
	ended     map[wire.Family]bool // End-of-RIB is expected
	oddities  map[string]string    // extended communities, as the case has them and as they must be
}

// translate returns the fact in the form in which it must come; false if it is not reproduced.
func (s *scope) translate(f fact) (fact, bool) {
	if e := s.leftOut(f); e != nil {
		s.notes.note(e)
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
		if s.neighbor.Summary.ManualEOR {
			s.notes.remark(remarkManualEndOfRIB)
		}
	case f.kind == notified && s.vector.option(optionUnknownMessage):
		s.notes.remark(remarkBadType)
		f.detail = "1/3 ff"
	case f.kind == notified && strings.HasPrefix(f.detail, "6/"):
		s.notes.remark(remarkShutdownText)
	case f.kind == announced:
		f.detail = s.rightCommunities(f.detail)
	}
	return f, true
}

// leftOut says why a fact is not reproduced, or nil.
func (s *scope) leftOut(f fact) *leftOutError {
	var err error
	switch {
	case f.family != (wire.Family{}) && !slices.Contains(unicastFamilies, f.family):
		err = outside("%s", familyReason(f.family))
	case f.kind == endOfRIB && s.ended[f.family]:
		err = unsayable(remarkEndOfRIBAgain)
	case f.kind == withdrawn && !s.announced[f.route]:
		err = outside("%s", reasonNeverAnnounced)
	case f.kind == announced && f.family == wire.IPv6Unicast && hasShortNextHop(f):
		err = unsayable(remarkShortNextHop)
	case f.kind == opened && s.vector.option(optionInspectOpen):
		err = s.neighbor.foreignCapability()
	}
	return leftOut(err)
}

func hasShortNextHop(f fact) bool {
	nextHop := strings.Fields(f.detail)[1]
	return len(nextHop) == 2*4
}

// knownCapabilities are those that the translation of a neighbour knows.
var knownCapabilities = []string{
	"asn4", "add-path", "nexthop", "link-local-nexthop", "software-version", "extended-message", "route-refresh", "graceful-restart",
}

// foreignCapability says why the OPEN of a neighbour is not reproduced, or nil.
func (n *neighbor) foreignCapability() error {
	for name := range n.Capabilities {
		if n.capability(name) != "" && !slices.Contains(knownCapabilities, name) {
			return outside("the OPEN with the capability %s, which is not offered", name)
		}
	}
	return nil
}

// communityByASN is an extended community that is written with an ASN.
var communityByASN = regexp.MustCompile(`\b(target|origin)(4?):(\d+):(\d+)\b`)

// oddCommunities are the extended communities with a 4-octet ASN that the texts of a case name: as the case has them on the
// wire, with the type of an IPv4 address (0x01), and as RFC 5668 §2 has them (0x02).
func oddCommunities(v *vector) map[string]string {
	odd := map[string]string{}
	read := func(text string) {
		for _, m := range communityByASN.FindAllStringSubmatch(text, -1) {
			asn, err := strconv.ParseUint(m[3], 10, 32)
			number, numberErr := strconv.ParseUint(m[4], 10, 16)
			if err != nil || numberErr != nil || asn <= 0xffff && m[2] == "" {
				continue
			}
			rest := fmt.Sprintf("%s%08x%04x", communitySubtypes[m[1]], asn, number)
			odd["01"+rest] = "02" + rest
		}
	}
	for _, c := range v.Configurations {
		for _, n := range c.Neighbors {
			for _, r := range n.Routes {
				read(strings.Join(words(r.Attributes["extended-community"]), " "))
			}
		}
		for _, s := range c.Scripts {
			read(strings.Join(s.Commands, " "))
		}
	}
	return odd
}

// rightCommunities puts the right extended communities into the detail of a route.
func (s *scope) rightCommunities(detail string) string {
	const prefix, size = "16/c0=", 16
	fields := strings.Split(detail, " ")
	for i, field := range fields {
		value, ok := strings.CutPrefix(strings.TrimLeft(field, "["), prefix)
		value, end := strings.CutSuffix(value, "]")
		if _, err := hex.DecodeString(value); !ok || err != nil || len(value)%size != 0 {
			continue
		}
		var list []string
		for ; len(value) > 0; value = value[size:] {
			list = append(list, value[:size])
		}
		sorted := slices.IsSorted(list)
		for j, community := range list {
			if right, ok := s.oddities[community]; ok {
				list[j] = right
				s.notes.remark(remarkFourOctetAS)
			}
		}
		if sorted {
			slices.Sort(list)
		}
		fields[i] = field[:strings.Index(field, prefix)+len(prefix)] + strings.Join(list, "")
		if end {
			fields[i] += "]"
		}
	}
	return strings.Join(fields, " ")
}
