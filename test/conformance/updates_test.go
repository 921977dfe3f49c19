// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// recordedUpdate is a line of updates.txt: an UPDATE and the cases that it is from.
type recordedUpdate struct {
	line    int
	message []byte
	cases   []string
}

// TestUpdates decodes every message in updates.txt with package wire, compares the result with that of the test's own decoder,
// and encodes the message again.
func TestUpdates(t *testing.T) {
	dir := vectorsDirectory(t)
	updates := loadUpdates(t, dir)
	hints := sessionHints(loadVectors(t, dir))
	count := map[updateVerdict]int{}
	for _, u := range updates {
		t.Run(fmt.Sprintf("line-%d", u.line), func(t *testing.T) {
			verdict := testUpdate(t, u, hints)
			count[verdict]++
			t.Logf("%s: %s", u.cases[0], verdict)
		})
	}
	t.Logf("%d UPDATEs: %v", len(updates), count)
	results.add("updates.txt", map[bool]string{false: resultPass, true: resultFail}[t.Failed()], fmt.Sprint(count))
	if count[updateSameBytes] == 0 {
		t.Error("no UPDATE was encoded to the same bytes: there was nothing to try")
	}
}

// updateVerdict is the result for an UPDATE.
type updateVerdict string

const (
	updateSameBytes   updateVerdict = "the same bytes"
	updateSameMeaning updateVerdict = "the same in our order"
	updateRefused     updateVerdict = "refused as RFCs say"
	updateForeign     updateVerdict = "another family, no panic"
)

func loadUpdates(t *testing.T, dir string) []recordedUpdate {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "updates.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: the directory that VECTORS names has cases, and no updates.txt")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []recordedUpdate
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		digits, cases, _ := strings.Cut(strings.TrimSpace(line), "\t")
		message, err := hex.DecodeString(digits)
		if err != nil || len(message) < wire.HeaderLen {
			t.Fatalf("updates.txt, line %d: no message in hexadecimal: %v", i+1, err)
		}
		all = append(all, recordedUpdate{line: i + 1, message: message, cases: strings.Split(cases, ",")})
	}
	return all
}

// sessionHint are the negotiated options of a case's sessions.
type sessionHint struct {
	twoOctetASNs bool
	addPath      []wire.Family
}

func sessionHints(vectors []*vector) map[string]sessionHint {
	hints := map[string]sessionHint{}
	for _, v := range vectors {
		if all := v.neighbors(); len(all) > 0 {
			n := all[0]
			hints[v.Case] = sessionHint{
				twoOctetASNs: n.Capabilities["asn4"] != nil && n.capability("asn4") == "", addPath: n.pathIDs(),
			}
		}
	}
	return hints
}

func testUpdate(t *testing.T, u recordedUpdate, hints map[string]sessionHint) updateVerdict {
	hint := hints[u.cases[0]]
	options := wire.UpdateOptions{
		AS4: !hint.twoOctetASNs, ExtendedNextHop: true, Families: unicastFamilies, AddPath: hint.addPath,
	}
	want, err := factsOf(u.message, hint.addPath)
	if err != nil {
		t.Fatal(err)
	}
	attributes := attributesOf(t, u.message)
	options.EBGP = !slices.ContainsFunc(attributes, func(a pathAttribute) bool { return a.code == wire.AttrLocalPref })
	var update wire.Update
	parseErr := wire.ParseUpdate(u.message[wire.HeaderLen:], options, &update)
	switch {
	case slices.ContainsFunc(want, func(f fact) bool { return !slices.Contains(unicastFamilies, f.family) }):
		return updateForeign
	case refusedByRFC(want, attributes, options.AS4):
		if parseErr == nil {
			t.Errorf("accepted, though no RFC has it: %v", want)
		}
		return updateRefused
	case parseErr != nil:
		t.Fatalf("%v: %v", parseErr, want)
	}
	again := encodeAgain(t, &update, options.AS4)
	got, err := factsOf(again, hint.addPath)
	if err != nil {
		t.Fatalf("encoded again as %x: %v", again, err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("encoded again it says\n  %v\ninstead of\n  %v", got, want)
	}
	if !inOurOrder(attributes) {
		return updateSameMeaning
	}
	if !bytes.Equal(again, u.message) {
		t.Errorf("encoded again as\n  %x\ninstead of\n  %x", again, u.message)
	}
	return updateSameBytes
}

// refusedByRFC says whether a message has what must not be accepted: an IPv6 route with an IPv4 next hop, a next hop that is
// no host's address or an unknown attribute that claims to be well-known (RFC 4271 §6.3), or an AS_PATH with a set or with
// the segments of a confederation (RFC 9774 §3, RFC 5065 §5).
func refusedByRFC(facts []fact, attributes []pathAttribute, as4 bool) bool {
	return slices.ContainsFunc(facts, func(f fact) bool {
		return f.kind == announced && f.family == wire.IPv6Unicast && hasShortNextHop(f)
	}) || slices.ContainsFunc(attributes, func(a pathAttribute) bool {
		switch {
		case a.code == wire.AttrNextHop:
			address, ok := netip.AddrFromSlice(a.value)
			return !ok || !isHost(address)
		case a.code == wire.AttrASPath:
			return !isSequence(a.value, as4)
		}
		return a.unknown() && a.flags&wire.FlagOptional == 0
	})
}

// isSequence says whether an AS_PATH has AS_SEQUENCEs alone (RFC 4271 §4.3).
func isSequence(path []byte, as4 bool) bool {
	const sequence = 2
	width := 2
	if as4 {
		width = 4
	}
	for len(path) >= 2 {
		if path[0] != sequence {
			return false
		}
		path = path[min(len(path), 2+width*int(path[1])):]
	}
	return true
}

// unknown says whether package wire has no name for the attribute.
func (a pathAttribute) unknown() bool { return strings.HasPrefix(a.code.String(), "attribute ") }

// encodeAgain encodes the routes and attributes of an UPDATE.
func encodeAgain(t *testing.T, u *wire.Update, as4 bool) []byte {
	t.Helper()
	if family, ok := u.EndOfRIB(); ok {
		return wire.AppendEndOfRIB(nil, family)
	}
	switch {
	case len(u.Withdrawn) > 0:
		return wire.AppendUnreach(nil, wire.IPv4Unicast, u.Withdrawn)
	case u.MPUnreach != nil:
		return wire.AppendUnreach(nil, u.MPUnreach.Family, u.MPUnreach.NLRI)
	}
	block := wire.NewAttributeBlock(&u.Attributes, wire.EncodeOptions{AS4: as4})
	if u.MPReach == nil {
		return wire.AppendReach(nil, wire.IPv4Unicast, block, []netip.Addr{u.Attributes.NextHop}, u.NLRI)
	}
	hops := []netip.Addr{u.MPReach.NextHop}
	if u.MPReach.LinkLocal.IsValid() {
		hops = append(hops, u.MPReach.LinkLocal)
	}
	return wire.AppendReach(nil, u.MPReach.Family, block, hops, u.MPReach.NLRI)
}

// inOurOrder says whether a message has the order of Herald's: attributes in ascending order with the multiprotocol ones
// first, no NEXT_HOP beside MP_REACH_NLRI, and lengths of two octets only where they are needed.
func inOurOrder(attributes []pathAttribute) bool {
	place := func(a pathAttribute) int {
		if a.code == wire.AttrMPReachNLRI || a.code == wire.AttrMPUnreachNLRI {
			return 0
		}
		return int(a.code)
	}
	multiprotocol := slices.ContainsFunc(attributes, func(a pathAttribute) bool { return place(a) == 0 })
	return slices.IsSortedFunc(attributes, func(a, b pathAttribute) int { return place(a) - place(b) }) &&
		!slices.ContainsFunc(attributes, func(a pathAttribute) bool {
			return a.long && len(a.value) <= 255 && !a.unknown() || multiprotocol && a.code == wire.AttrNextHop
		})
}

// attributesOf are the path attributes of an UPDATE.
func attributesOf(t *testing.T, message []byte) []pathAttribute {
	t.Helper()
	_, rest, err := cutTLV(message[wire.HeaderLen:], 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := cutTLV(rest, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := pathAttributes(list)
	if err != nil {
		t.Fatal(err)
	}
	return attributes
}
