// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// update is an UPDATE of these attributes and IPv4 NLRI, in hex.
func update(t testing.TB, attributes, nlri string) []byte {
	t.Helper()
	a := unhex(t, attributes)
	b := append(wire.AppendHeader(nil, wire.TypeUpdate), 0, 0)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(a))), a...)
	return wire.FinishMessage(append(b, unhex(t, nlri)...), 0)
}

// The octets of attributes of a peer in AS 64500, and of prefixes.
const (
	origin    = "40 01 01 00 "
	asPath    = "40 02 06 02 01 0000fbf4 "
	nextHop   = "40 03 04 c0000201 "
	mandatory = origin + asPath + nextHop
	bad       = "18 cb0071" // 203.0.113.0/24, the one of the malformed UPDATE
	later     = "18 c63364" // 198.51.100.0/24
)

// counts are those of received routes.
type counts struct{ reachable, withdrawn, discarded uint64 }

func (w *world) counts() counts {
	synctest.Wait()
	m := w.snapshot().Messages
	return counts{m.ReceivedReachable, m.ReceivedWithdrawn, m.ReceivedDiscarded}
}

// RFC 7606 through a live session: after a route, a malformed UPDATE for it and a good one for another, the session is up,
// the first is withdrawn or has only lost an attribute, the last one counts, and a counter says what happened.
func TestMalformedUpdateKeepsTheSession(t *testing.T) {
	withdraw, discard := counts{2, 1, 1}, counts{3, 0, 1}
	for name, test := range map[string]struct {
		attributes string
		want       counts
	}{
		"ORIGIN missing":             {asPath + nextHop, withdraw},
		"AS_PATH missing":            {origin + nextHop, withdraw},
		"NEXT_HOP missing":           {origin + asPath, withdraw},
		"ORIGIN 3":                   {"40 01 01 03" + asPath + nextHop, withdraw},
		"ORIGIN with wrong flags":    {"c0 01 01 00" + asPath + nextHop, withdraw},
		"ORIGIN of 2 octets":         {"40 01 02 0000" + asPath + nextHop, withdraw},
		"ORIGIN twice":               {mandatory + "40 01 01 02", discard},
		"AS_PATH segment type 9":     {origin + "40 02 06 09 01 0000fbf4" + nextHop, withdraw},
		"AS_PATH segment overrun":    {origin + "40 02 06 02 02 0000fbf4" + nextHop, withdraw},
		"AS_PATH segment empty":      {origin + "40 02 02 02 00" + nextHop, withdraw},
		"AS_PATH of confederations":  {origin + "40 02 06 03 01 0000fbf4" + nextHop, withdraw},
		"AS_PATH with AS 0":          {origin + "40 02 0a 02 02 0000fbf4 00000000" + nextHop, withdraw},
		"AS_PATH of 765 ASNs":        {longPath(765), counts{3, 0, 0}},
		"NEXT_HOP of 5 octets":       {origin + asPath + "40 03 05 c000020100", withdraw},
		"NEXT_HOP multicast":         {origin + asPath + "40 03 04 e0000001", withdraw},
		"NEXT_HOP of ours":           {origin + asPath + "40 03 04 c000020a", withdraw},
		"MED of 3 octets":            {mandatory + "80 04 03 000001", withdraw},
		"LOCAL_PREF from outside":    {mandatory + "40 05 04 00000064", discard},
		"ATOMIC_AGGREGATE of 1":      {mandatory + "40 06 01 00", discard},
		"AGGREGATOR of 7 octets":     {mandatory + "c0 07 07 0000fbf4c00002", discard},
		"COMMUNITIES of 5 octets":    {mandatory + "c0 08 05 0000000000", withdraw},
		"ORIGINATOR_ID from outside": {mandatory + "80 09 04 c0000201", discard},
		"CLUSTER_LIST from outside":  {mandatory + "80 0a 04 c0000201", discard},
		"EXTENDED_COMMUNITIES of 7":  {mandatory + "c0 10 07 00000000000000", withdraw},
		"AS4_PATH beside AS4":        {mandatory + "c0 11 06 02 01 00011170", discard},
		"LARGE_COMMUNITY of 13":      {mandatory + "c0 20 0d 00000000000000000000000000", withdraw},
		"ONLY_TO_CUSTOMER of 3":      {mandatory + "c0 23 03 00fbf4", withdraw},
		"unknown optional":           {mandatory + "80 63 01 00", counts{3, 0, 0}},
		"unknown transitive":         {mandatory + "c0 63 01 00", counts{3, 0, 0}},
		"attribute overrun":          {mandatory + "c0 08 08 00000001", withdraw},
		"attribute header cut":       {mandatory + "40 08", withdraw},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := w.establish(l, theirOpen(true))
				p.Send(update(t, mandatory, bad))
				p.Send(update(t, test.attributes, bad))
				p.Send(update(t, mandatory, later))
				if got := w.counts(); got != test.want {
					t.Errorf("counted %+v, want %+v", got, test.want)
				}
				w.expectState(speaker.StateEstablished)
				if s := w.snapshot(); s.Flaps != 0 || s.LastError != nil {
					t.Errorf("%d flaps, error %+v", s.Flaps, s.LastError)
				}
			})
		})
	}
}

// longPath are attributes with a path of that many ASNs, in segments of 255.
func longPath(asns int) string {
	var segments strings.Builder
	for ; asns > 0; asns -= 255 {
		n := min(asns, 255)
		segments.WriteString("02" + hex.EncodeToString([]byte{byte(n)}) + strings.Repeat("0000fbf4", n))
	}
	length := binary.BigEndian.AppendUint16(nil, uint16(segments.Len()/2))
	return origin + "50 02" + hex.EncodeToString(length) + segments.String() + nextHop
}

// RFC 4271 §6.3 as far as RFC 7606 leaves it: what ends the session, with the exact NOTIFICATION.
func TestMalformedUpdateResets(t *testing.T) {
	const reach6 = "80 0e 1c 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001 "
	const unreach6 = "80 0f 0a 0002 01 30 20010db80001 "
	for name, test := range map[string]struct {
		message      []byte
		notification string // code, subcode, data
		detail       string // for people
	}{
		"withdrawn length exceeds the message":  {body(t, "0005 0000"), "03 01", "Withdrawn Routes Length 5, expected at most 2 as there are octets left"},
		"attributes length exceeds the message": {body(t, "0000 0001"), "03 01", "Total Path Attribute Length 1, expected at most 0 as there are octets left"},
		"one length alone":                      {body(t, "0000"), "01 02 0015", "UPDATE of length 21, expected 23 to 4096"},
		"NLRI of 33 bits":                       {update(t, mandatory, "21 0a00000000"), "03 0a", "NLRI that cannot be read: 210a00000000"},
		"NLRI cut":                              {update(t, mandatory, "18 0a00"), "03 0a", "NLRI that cannot be read: 180a00"},
		"withdrawn prefix of 33 bits":           {body(t, "0006 21 0a00000000 0000"), "03 0a", "Withdrawn Routes that cannot be read: 210a00000000"},
		"unknown well-known":                    {update(t, mandatory+"40 63 01 07", bad), "03 02 40630107", "attribute 99 with flags 0x40, expected one that is known or optional"},
		"MP_REACH_NLRI twice":                   {update(t, reach6+reach6+origin+asPath, ""), "03 01", "MP_REACH_NLRI repeated, or longer than what is left of the attributes"},
		"MP_UNREACH_NLRI twice":                 {update(t, unreach6+unreach6, ""), "03 01", "MP_UNREACH_NLRI repeated, or longer than what is left of the attributes"},
		"MP_REACH_NLRI of 4 octets":             {update(t, "80 0e 04 0002 01 00", ""), "03 09 800e0400020100", "MP_REACH_NLRI that is not as it must be: 800e0400020100"},
		"MP_REACH_NLRI of IPv6 with 15 octets": {
			update(t, "80 0e 14 0002 01 0f 20010db80000000000000000000000 00", ""),
			"03 09 800e14 0002010f20010db8000000000000000000000000",
			"MP_REACH_NLRI that is not as it must be: 800e140002010f20010db8000000000000000000000000",
		},
		"MP_UNREACH_NLRI of 2 octets":                          {update(t, "80 0f 02 0002", ""), "03 09 800f020002", "MP_UNREACH_NLRI that is not as it must be: 800f020002"},
		"MP_UNREACH_NLRI of 129 bits":                          {update(t, "80 0f 04 0002 01 81", ""), "03 09 800f0400020181", "MP_UNREACH_NLRI that is not as it must be: 800f0400020181"},
		"AS_PATH that nothing can be treated as withdrawn for": {body(t, "0002 080a 0006 40 02 03 09 01 00"), "03 0b", "AS_PATH that is not as it must be: 400203090100"},
		"MP_REACH_NLRI with wrong flags": {
			update(t, "c0 0e 1c 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001"+origin+asPath, ""),
			"03 04 c00e1c 0002011020010db800000000000000000000000100 3020010db80001",
			"MP_REACH_NLRI with flags 0xc0, expected 0x80",
		},
		"MP_UNREACH_NLRI with wrong flags": {update(t, "40 0f 0a 0002 01 30 20010db80001", ""), "03 04 400f0a 000201 3020010db80001", "MP_UNREACH_NLRI with flags 0x40, expected 0x80"},
		"MP_REACH_NLRI cut beside NLRI":    {update(t, mandatory+"80 0e 1c 0002 01", bad), "03 01", "MP_REACH_NLRI repeated, or longer than what is left of the attributes"},
		"longer than is negotiated":        {header(4097, wire.TypeUpdate), "01 02 1001", "UPDATE of length 4097, expected 23 to 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				open := bgptest.Open(64500, them.String(), 90, wire.IPv4Unicast, wire.IPv6Unicast)
				p := bgptest.Accept(w, l)
				p.Handshake(open)
				p.Send(update(t, mandatory, later))
				p.Send(test.message)
				expectNotification(t, p, test.notification)
				synctest.Wait()
				s := w.snapshot()
				if s.State == speaker.StateEstablished || s.Messages.ReceivedReachable != 1 ||
					s.LastError == nil || s.LastError.Direction != speaker.DirectionSent {
					t.Fatalf("state %v, counts %+v, error %+v", s.State, s.Messages, s.LastError)
				}
				if !strings.Contains(s.LastError.Text, test.detail+": sent ") {
					t.Errorf("error %q, want %q in it", s.LastError.Text, test.detail)
				}
				if header := test.notification[:2] == "01"; !header && len(w.logged(hex.EncodeToString(test.message[wire.HeaderLen:]))) != 1 {
					t.Error("the UPDATE was not logged whole")
				}
			})
		})
	}
}

// body is an UPDATE of these octets.
func body(t testing.TB, octets string) []byte {
	t.Helper()
	return wire.FinishMessage(append(wire.AppendHeader(nil, wire.TypeUpdate), unhex(t, octets)...), 0)
}

// expectNotification takes one with exactly these octets after the header, then the end.
func expectNotification(t testing.TB, p *bgptest.Peer, want string) {
	t.Helper()
	octets := unhex(t, want)
	if n := p.ExpectNotification(octets[0], octets[1]); string(n.Data) != string(octets[2:]) {
		t.Errorf("data %x, want %x", n.Data, octets[2:])
	}
}

// RFC 7606 §6: the whole message is logged, and not each of many, however many sessions they come in.
func TestMalformedUpdateIsLogged(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		malformed := update(t, asPath+nextHop, bad) // without ORIGIN
		const sessions, each = 3, 40
		for range sessions { // each replaces the one before
			p := w.arrive(theirOpen(true))
			for range each {
				p.Send(malformed)
			}
			synctest.Wait()
		}
		if got := w.counts(); got.discarded != sessions*each {
			t.Errorf("counted %+v", got)
		}
		whole := hex.EncodeToString(malformed[wire.HeaderLen:])
		if lines := w.logged(whole); len(lines) != 5 {
			t.Errorf("%s logged %d times", whole, len(lines))
		}
	})
}

// RFC 8212 §3: without an import policy, which there never is, what a peer sends is not used: nobody else gets it.
func TestReceivedRoutesGoNowhere(t *testing.T) {
	run(t, func(w *world) {
		other := netip.MustParseAddr("192.0.2.2")
		l := w.listen()
		elsewhere, err := w.network.Host(other).Listen(t.Context(), netip.AddrPortFrom(other, 179))
		if err != nil {
			t.Fatal(err)
		}
		defer elsewhere.Close()
		w.apply(config(peerConfig(active), peerConfig(active, func(p *given) {
			p.Name, p.Address, p.Export = "other", netip.AddrPortFrom(other, 179), export{}
		})))
		p := w.establish(l, theirOpen(true))
		q := bgptest.Accept(w, elsewhere)
		q.Handshake(bgptest.Open(64500, other.String(), 90, wire.IPv4Unicast))
		w.expectRoutes(q)
		p.Send(update(t, mandatory, later))
		if got := w.counts(); got.reachable != 1 {
			t.Errorf("counted %+v", got)
		}
		w.expectSilence(q)
	})
}
