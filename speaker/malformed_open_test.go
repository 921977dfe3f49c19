// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
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
	}{
		"no marker":                         {make([]byte, 29), "01 01"},
		"shorter than an OPEN":              {header(28, wire.TypeOpen), "01 02 001c"},
		"longer than an OPEN may be":        {header(4097, wire.TypeOpen), "01 02 1001"}, // RFC 8654 §4
		"version 3":                         {open(t, "03 fbf4 005a c0000201 00"), "02 01 0004"},
		"version 5":                         {open(t, "05 fbf4 005a c0000201 00"), "02 01 0004"},
		"AS 0":                              {open(t, "04 0000 005a c0000201 00"), "02 02 0000"},
		"another AS":                        {open(t, "04 fbf5 005a c0000201 00"), "02 02"},
		"AS 0 in the capability":            {open(t, head+"08 02 06 41 04 00000000"), "02 02 00000000"},
		"another AS in the capability":      {open(t, head+"08 02 06 41 04 00011170"), "02 02"},
		"identifier 0":                      {open(t, "04 fbf4 005a 00000000 00"), "02 03 00000000"},
		"hold time 1":                       {open(t, "04 fbf4 0001 c0000201 00"), "02 06 0001"},
		"hold time 2":                       {open(t, "04 fbf4 0002 c0000201 00"), "02 06 0002"},
		"parameters longer than the OPEN":   {open(t, head+"01"), "02 00"},
		"parameters shorter than the OPEN":  {open(t, head+"00 0200"), "02 00"},
		"parameter header cut":              {open(t, head+"01 02"), "02 00"},
		"parameter cut":                     {open(t, head+"02 02 01"), "02 00"},
		"unknown parameter":                 {open(t, head+"02 05 00"), "02 04"},
		"extended form: length":             {open(t, head+"ff ff 0009 02 0001"), "02 00"}, // RFC 9072 §2
		"extended form: parameter cut":      {open(t, head+"ff ff 0004 02 0002 00"), "02 00"},
		"capability header cut":             {open(t, head+"03 02 01 02"), "02 00"},
		"capability cut":                    {open(t, head+"04 02 02 01 04"), "02 00"},
		"multiprotocol of 3 octets":         {open(t, head+"07 02 05 01 03 000100"), "02 00"},
		"route refresh with a value":        {open(t, head+"05 02 03 02 01 00"), "02 00"},
		"extended message with a value":     {open(t, head+"05 02 03 06 01 00"), "02 00"},
		"4-octet AS of 2 octets":            {open(t, head+"06 02 04 41 02 fbf4"), "02 00"},
		"graceful restart of 3 octets":      {open(t, head+"07 02 05 40 03 000000"), "02 00"},
		"add-path of 3 octets":              {open(t, head+"07 02 05 45 03 000101"), "02 00"},
		"extended next hop of 5 octets":     {open(t, head+"09 02 07 05 05 0001000100"), "02 00"},
		"role of 2 octets":                  {open(t, head+"06 02 04 09 02 0000"), "02 00"},
		"two roles":                         {open(t, head+"08 02 06 09 01 00 09 01 03"), "02 0b"}, // RFC 9234 §4.2
		"enhanced route refresh of 1 octet": {open(t, head+"05 02 03 46 01 00"), "02 00"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := faketest.Accept(w, l)
				p.ExpectOpen()
				p.Send(test.open)
				expectNotification(t, p, test.notification)
				synctest.Wait()
				s := w.snapshot()
				if s.Flaps != 0 || s.LastError == nil || s.LastError.Direction != speaker.DirectionSent {
					t.Errorf("%d flaps, error %+v", s.Flaps, s.LastError)
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
				p := faketest.Accept(w, l)
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
		text    string
	}{
		"unsupported capability": { // RFC 5492 §3: the same OPEN again would fail again
			wire.OpenUnsupportedCapability, "received OPEN Message Error / Unsupported Capability (2/7)",
		},
		"bad peer AS": {
			wire.OpenBadPeerAS, "received OPEN Message Error / Bad Peer AS (2/2): we are AS 64512 and expect AS 64500",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := faketest.Accept(w, l)
				p.ExpectOpen()
				p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: test.subcode}).Append(nil))
				p.ExpectClose()
				w.expectState(speaker.StateActive)
				if e := w.snapshot().LastError; e == nil || e.Direction != speaker.DirectionReceived || e.Text != test.text {
					t.Errorf("error %+v", e)
				}
				if o := faketest.Accept(w, l).ExpectOpen(); !o.HasCapabilities {
					t.Error("no capabilities in the next OPEN")
				}
			})
		})
	}
}
