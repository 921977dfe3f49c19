// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// open is an OPEN of these octets.
func open(t testing.TB, octets string) []byte {
	t.Helper()
	return wire.FinishMessage(append(wire.AppendHeader(nil, wire.TypeOpen), unhex(t, octets)...), 0)
}

// head is the fixed part of a good OPEN: version 4, AS 64500, hold time 90 s, 192.0.2.1.
const head = "04 fbf4 005a c0000201 "

// RFC 4271 §6.1 and §6.2 through a live connection: each OPEN that is refused, with the exact NOTIFICATION.
func TestMalformedOpen(t *testing.T) {
	for name, test := range map[string]struct {
		open         []byte
		notification string // code, subcode, data
		detail       string // for people
	}{
		"no marker":                  {make([]byte, 29), "01 01", "marker 00000000000000000000000000000000, expected all ones"},
		"shorter than an OPEN":       {header(28, wire.TypeOpen), "01 02 001c", "OPEN of length 28, expected 29 to 4096"},
		"longer than an OPEN may be": {header(4097, wire.TypeOpen), "01 02 1001", "OPEN of length 4097, expected 29 to 4096"}, // RFC 8654 §4
		"version 3":                  {open(t, "03 fbf4 005a c0000201 00"), "02 01 0004", "version 3, expected 4"},
		"version 5":                  {open(t, "05 fbf4 005a c0000201 00"), "02 01 0004", "version 5, expected 4"},
		"AS 0":                       {open(t, "04 0000 005a c0000201 00"), "02 02 0000", "My Autonomous System 0, expected another"},
		"AS_TRANS without the capability": {
			open(t, "04 5ba0 005a c0000201 00"), "02 02",
			"My Autonomous System is AS_TRANS (23456) and there is no capability four-octet AS number (65), expected AS 64500",
		},
		"NOTIFICATION of 20 octets":         {append(header(20, wire.TypeNotification), 6), "01 02 0014", "NOTIFICATION of length 20, expected 21 to 4096"},
		"another AS":                        {open(t, "04 fbf5 005a c0000201 00"), "02 02", "peer is in AS 64501, expected AS 64500"},
		"AS 0 in the capability":            {open(t, head+"08 02 06 41 04 00000000"), "02 02 00000000", "AS number 0 in the capability four-octet AS number (65), expected another"},
		"another AS in the capability":      {open(t, head+"08 02 06 41 04 00011170"), "02 02", "peer is in AS 70000, expected AS 64500"},
		"identifier 0":                      {open(t, "04 fbf4 005a 00000000 00"), "02 03 00000000", "BGP identifier 0.0.0.0, expected another"},
		"hold time 1":                       {open(t, "04 fbf4 0001 c0000201 00"), "02 06 0001", "hold time 1 s, expected 0 or at least 3 s"},
		"hold time 2":                       {open(t, "04 fbf4 0002 c0000201 00"), "02 06 0002", "hold time 2 s, expected 0 or at least 3 s"},
		"parameters longer than the OPEN":   {open(t, head+"01"), "02 00", "optional parameters length 1, expected 0 as there are octets"},
		"parameters shorter than the OPEN":  {open(t, head+"00 0200"), "02 00", "optional parameters length 0, expected 2 as there are octets"},
		"parameter header cut":              {open(t, head+"01 02"), "02 00", "1 left of an optional parameter's type and length, expected 2 octets"},
		"parameter cut":                     {open(t, head+"02 02 01"), "02 00", "optional parameter 2 of length 1, expected at most 0 as there are octets left"},
		"unknown parameter":                 {open(t, head+"02 05 00"), "02 04", "optional parameter 5, expected 2 for capabilities"},
		"extended form: length":             {open(t, head+"ff ff 0009 02 0001"), "02 00", "optional parameters length 9, expected 3 as there are octets"}, // RFC 9072 §2
		"extended form: parameter cut":      {open(t, head+"ff ff 0004 02 0002 00"), "02 00", "optional parameter 2 of length 2, expected at most 1 as there are octets left"},
		"capability header cut":             {open(t, head+"03 02 01 02"), "02 00", "1 left of a capability's code and length, expected 2 octets"},
		"capability cut":                    {open(t, head+"04 02 02 01 04"), "02 00", "capability multiprotocol (1) of length 4, expected at most 0 as there are octets left"},
		"multiprotocol of 3 octets":         {open(t, head+"07 02 05 01 03 000100"), "02 00", "capability multiprotocol (1) of length 3, expected 4"},
		"route refresh with a value":        {open(t, head+"05 02 03 02 01 00"), "02 00", "capability route refresh (2) of length 1, expected 0"},
		"extended message with a value":     {open(t, head+"05 02 03 06 01 00"), "02 00", "capability extended message (6) of length 1, expected 0"},
		"4-octet AS of 2 octets":            {open(t, head+"06 02 04 41 02 fbf4"), "02 00", "capability four-octet AS number (65) of length 2, expected 4"},
		"graceful restart of 3 octets":      {open(t, head+"07 02 05 40 03 000000"), "02 00", "capability graceful restart (64) of length 3, expected 2 and a multiple of 4"},
		"add-path of 3 octets":              {open(t, head+"07 02 05 45 03 000101"), "02 00", "capability add-path (69) of length 3, expected a multiple of 4"},
		"extended next hop of 5 octets":     {open(t, head+"09 02 07 05 05 0001000100"), "02 00", "capability extended next hop (5) of length 5, expected a multiple of 6"},
		"role of 2 octets":                  {open(t, head+"06 02 04 09 02 0000"), "02 00", "capability role (9) of length 2, expected 1"},
		"two roles":                         {open(t, head+"08 02 06 09 01 00 09 01 03"), "02 0b", "roles Provider and Customer, expected one"}, // RFC 9234 §4.2
		"enhanced route refresh of 1 octet": {open(t, head+"05 02 03 46 01 00"), "02 00", "capability enhanced route refresh (70) of length 1, expected 0"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				p.ExpectOpen()
				p.Send(test.open)
				expectNotification(t, p, test.notification)
				synctest.Wait()
				s := w.snapshot()
				if s.Flaps != 0 || s.LastError == nil || s.LastError.Direction != speaker.DirectionSent {
					t.Fatalf("%d flaps, error %+v", s.Flaps, s.LastError)
				}
				if !strings.Contains(s.LastError.Text, test.detail+": sent ") {
					t.Errorf("error %q, want %q in it", s.LastError.Text, test.detail)
				}
				if header := test.notification[:2] == "01"; !header && len(w.logged(hex.EncodeToString(test.open[wire.HeaderLen:]))) != 1 {
					t.Error("the OPEN was not logged whole")
				}
			})
		})
	}
}

// RFC 5492 §3 and §4, RFC 9072 §2: what looks odd and must be accepted.
func TestOddOpensAreAccepted(t *testing.T) {
	for name, octets := range map[string]string{
		"no parameters":                   head + "00",
		"hold time 0":                     "04 fbf4 0000 c0000201 00",
		"hold time 65535":                 "04 fbf4 ffff c0000201 00",
		"an identifier that is no host's": "04 fbf4 005a ffffffff 00",
		"an empty capabilities parameter": head + "02 02 00",
		"unknown capabilities":            head + "08 02 06 fe 00 80 02 0102",
		"a capability in two parameters":  head + "08 02 02 02 00 02 02 02 00",
		"a capability twice":              head + "06 02 04 02 00 02 00",
		"two instances of restart":        head + "0a 02 08 40 02 0078 40 02 005a",
		"the extended form":               head + "ff ff 0005 02 0002 02 00",
		"the extended form, length 1":     head + "01 ff 0005 02 0002 02 00",
		"add-path with mode 7":            head + "08 02 06 45 04 00010107",
		"families that nobody knows":      head + "0e 02 0c 01 04 4004 00 47 01 04 0001 00 01",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				p.ExpectOpen()
				p.Send(open(t, octets))
				p.Send(wire.AppendKeepalive(nil))
				p.Expect(wire.TypeKeepalive)
				w.expectState(speaker.StateEstablished)
			})
		})
	}
}

// A NOTIFICATION that answers our OPEN is told as what it is, and the peer is asked again only after the interval.
func TestPeerRefusesOurOpen(t *testing.T) {
	for name, test := range map[string]struct {
		subcode uint8
		data    string
		text    string
	}{
		"unsupported capability": { // RFC 5492 §3: the same OPEN again would fail again
			wire.OpenUnsupportedCapability, "", "received OPEN Message Error / Unsupported Capability (2/7)",
		},
		"unsupported capabilities": { // RFC 5492 §5; the last one is cut
			wire.OpenUnsupportedCapability, "01 04 00010001 01 04 00020001 41 04 0000fbf4 c8 02 00",
			"received OPEN Message Error / Unsupported Capability (2/7): the peer needs the capabilities " +
				"[multiprotocol (1) four-octet AS number (65) 200]",
		},
		"bad peer AS": {
			wire.OpenBadPeerAS, "", "received OPEN Message Error / Bad Peer AS (2/2): we are AS 64512 and expect AS 64500",
		},
		"unsupported version": {
			wire.OpenUnsupportedVersion, "", "received OPEN Message Error / Unsupported Version Number (2/1): we speak version 4",
		},
		"bad identifier": {
			wire.OpenBadIdentifier, "", "received OPEN Message Error / Bad BGP Identifier (2/3): ours is 192.0.2.10",
		},
		"unacceptable hold time": {
			wire.OpenUnacceptableHoldTime, "", "received OPEN Message Error / Unacceptable Hold Time (2/6): we offer 90 s",
		},
		"role mismatch": {
			wire.OpenRoleMismatch, "", "received OPEN Message Error / Role Mismatch (2/11): we tell no role",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				p.ExpectOpen()
				p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: test.subcode, Data: unhex(t, test.data)}).Append(nil))
				p.ExpectClose()
				w.expectState(speaker.StateActive)
				if e := w.snapshot().LastError; e == nil || e.Direction != speaker.DirectionReceived || e.Text != test.text {
					t.Errorf("error %+v", e)
				}
				if o := bgptest.Accept(w, l).ExpectOpen(); !o.HasCapabilities {
					t.Error("no capabilities in the next OPEN")
				}
			})
		})
	}
}

// A NOTIFICATION of the peer's that came behind what is wrong is told too: it may say why (RFC 4271 §6.4).
func TestNotificationBehindAnError(t *testing.T) {
	refusal := (&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadPeerAS}).Append(nil)
	const told = "; received OPEN Message Error / Bad Peer AS (2/2): we are AS 64512 and expect AS 64500"
	for name, test := range map[string]struct {
		lead  func(w *world, p *bgptest.Peer)
		bytes []byte
		close bool
		want  string // before what is told
	}{
		"an OPEN that is refused": {
			func(_ *world, p *bgptest.Peer) { p.ExpectOpen() }, open(t, "04 fbf4 0001 c0000201 00"), false,
			"peer's OPEN: hold time 1 s, expected 0 or at least 3 s: sent OPEN Message Error / Unacceptable Hold Time (2/6)",
		},
		"an OPEN, and the connection closed": {
			func(_ *world, p *bgptest.Peer) { p.ExpectOpen() }, theirOpen(true).Append(nil), true,
			"send KEEPALIVE: connection reset by peer",
		},
		"a KEEPALIVE in OpenSent": {
			func(_ *world, p *bgptest.Peer) { p.ExpectOpen() }, wire.AppendKeepalive(nil), false,
			"unexpected KEEPALIVE in state OpenSent: sent Finite State Machine Error / Receive Unexpected Message in OpenSent State (5/1)",
		},
		"an OPEN in Established": {
			func(_ *world, p *bgptest.Peer) { p.Handshake(theirOpen(true)) }, theirOpen(true).Append(nil), false,
			"unexpected OPEN in state Established: sent Finite State Machine Error / Receive Unexpected Message in Established State (5/3)",
		},
		"a malformed UPDATE": {
			func(_ *world, p *bgptest.Peer) { p.Handshake(theirOpen(true)) }, body(t, "0005 0000"), false,
			"peer's UPDATE: Withdrawn Routes Length 5, expected at most 2 as there are octets left: " +
				"sent UPDATE Message Error / Malformed Attribute List (3/1)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				test.lead(w, p)
				synctest.Wait()
				p.Send(append(test.bytes, refusal...))
				if test.close {
					p.Conn.Close()
				}
				synctest.Wait()
				if e := w.snapshot().LastError; e == nil || e.Text != test.want+told {
					t.Errorf("error %+v\nwant %s", e, test.want+told)
				}
			})
		})
	}
}

// The writer may find out first that the peer has closed: the NOTIFICATION that the peer sent before is told all the same.
func TestNotificationBeforeAFailedWrite(t *testing.T) {
	for range 50 {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active)))
			p := w.establish(l, theirOpen(true))
			p.Conn.(*faketest.Conn).ShapeIn(faketest.Shape{Window: 8}) // what is written next waits
			p.Send(routeRefresh)
			synctest.Wait()
			p.Send(wire.NewCease(wire.CeaseAdminReset, "bye").Append(nil))
			p.Conn.Close()
			synctest.Wait()
			if e := w.snapshot().LastError; e == nil || e.Direction != speaker.DirectionReceived || !strings.Contains(e.Text, "bye") {
				t.Errorf("error %+v", e)
			}
		})
	}
}
