// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/herald-bgp/herald/speaker/wire"
)

// FuzzReader: a stream gives the same messages however it is cut, and each
// message is as long as its header says.
func FuzzReader(f *testing.F) {
	keepalives := wire.AppendKeepalive(wire.AppendKeepalive(nil))
	f.Add(keepalives, uint16(1), false)
	f.Add(wire.AppendEndOfRIB(keepalives, wire.IPv6Unicast), uint16(3), true)
	f.Add(wire.NewCease(2, "text").Append(nil), uint16(100), false)
	f.Fuzz(func(t *testing.T, stream []byte, step uint16, extended bool) {
		whole := wire.NewReader(bytes.NewReader(stream))
		cut := wire.NewReader(&steps{octets: stream, n: max(1, int(step))})
		if extended {
			whole.SetMaxLen(wire.MaxExtendedMessageLen)
			cut.SetMaxLen(wire.MaxExtendedMessageLen)
		}
		read := 0
		for {
			t1, b1, err1 := whole.Next()
			t2, b2, err2 := cut.Next()
			if t1 != t2 || !bytes.Equal(b1, b2) || (err1 == nil) != (err2 == nil) {
				t.Fatalf("whole: %v %x %v, cut: %v %x %v", t1, b1, err1, t2, b2, err2)
			}
			if err1 != nil {
				return
			}
			if !bytes.Equal(b1, stream[read+wire.HeaderLen:][:len(b1)]) {
				t.Fatalf("body %x is not what the stream holds at %d", b1, read)
			}
			read += wire.HeaderLen + len(b1)
		}
	})
}

// steps gives at most n octets a Read.
type steps struct {
	octets []byte
	n      int
}

func (s *steps) Read(b []byte) (int, error) {
	r := bytes.NewReader(s.octets)
	n, err := r.Read(b[:min(len(b), s.n)])
	s.octets = s.octets[n:]
	return n, err
}

// FuzzOpen: an OPEN that is accepted and fits survives encoding and decoding.
func FuzzOpen(f *testing.F) {
	for _, tt := range openGoldens() {
		f.Add(tt.open.Append(nil)[wire.HeaderLen:])
	}
	o := manyCapabilities(2)
	f.Add(o.Append(nil)[wire.HeaderLen:])
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		o, err := wire.ParseOpen(b)
		if err != nil {
			wantWireError(t, err, wire.CodeOpen)
			return
		}
		if !bytes.Equal(b, before) {
			t.Fatal("decoding changed the message")
		}
		_ = o.PeerASN()
		for _, text := range capabilityTexts(&o.Capabilities) {
			if !utf8.ValidString(text) || len(text) > 255 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Fatalf("text %q of a capability", text)
			}
		}
		msg := o.Append(nil)
		again, err := wire.ParseOpen(msg[wire.HeaderLen:])
		if err != nil {
			t.Fatalf("ParseOpen(%x): %v", msg, err)
		}
		wantOctets(t, again.Append(nil), msg)
		o.ASN = again.ASN // may have become AS_TRANS
		if len(b) < wire.MaxMessageLen/2 && !reflect.DeepEqual(o, again) {
			t.Fatalf("decoded %+v\nagain %+v", o, again)
		}
	})
}

// capabilityTexts returns all that prints of capabilities.
func capabilityTexts(c *wire.Capabilities) []string {
	texts := []string{c.SoftwareVersion}
	if c.FQDN != nil {
		texts = append(texts, c.FQDN.HostName, c.FQDN.DomainName)
	}
	if c.Role != nil {
		texts = append(texts, c.Role.String())
	}
	for _, a := range c.AddPath {
		texts = append(texts, a.Family.String(), a.Mode.String())
	}
	return texts
}

// wantWireError checks that an error can be sent and printed.
func wantWireError(t *testing.T, err error, code uint8) {
	t.Helper()
	n, ok := err.(*wire.Notification)
	if !ok || n.Code != code || n.Error() == "" || n.Detail == "" {
		t.Fatalf("error %v, detail %q, want a NOTIFICATION of code %d with its detail", err, n.Detail, code)
	}
}

func FuzzNotification(f *testing.F) {
	f.Add([]byte{4, 0})
	f.Add([]byte("\x06\x02\x03bye"))
	f.Add([]byte("\x06\x09\x06\x04\x09\xff\x00x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := wire.ParseNotification(b)
		if err != nil {
			if len(b) >= 2 {
				t.Fatalf("ParseNotification(%x): %v", b, err)
			}
			return
		}
		_, _, _ = n.CeaseText(), n.Reason().Error(), n.UnsupportedCapabilities()
		msg := n.Append(nil)
		if len(msg) > wire.MaxMessageLen {
			t.Fatalf("message of %d octets", len(msg))
		}
		if want := b[:min(len(b), len(msg)-wire.HeaderLen)]; !bytes.Equal(msg[wire.HeaderLen:], want) {
			t.Fatalf("re-encoded %x, want %x", msg[wire.HeaderLen:], want)
		}
	})
}

func FuzzRouteRefresh(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1}, true)
	f.Add([]byte{0, 1, 1, 1}, false)
	f.Add([]byte{0, 2, 1, 1, 9}, true)
	f.Fuzz(func(t *testing.T, b []byte, enhanced bool) {
		r, err := wire.ParseRouteRefresh(b, enhanced)
		if err != nil {
			code := wire.CodeHeader
			if enhanced && len(b) >= 3 && (b[2] == wire.RefreshBegin || b[2] == wire.RefreshEnd) {
				code = wire.CodeRouteRefresh
			}
			wantWireError(t, err, code)
			return
		}
		want := bytes.Clone(b[:4])
		if !enhanced {
			want[2] = wire.RefreshRequest
		}
		if msg := r.Append(nil); !bytes.Equal(msg[wire.HeaderLen:], want) {
			t.Fatalf("re-encoded %x, want %x", msg[wire.HeaderLen:], want)
		}
	})
}

// FuzzPrefixes: iteration and encoding are inverse, but for trailing bits.
func FuzzPrefixes(f *testing.F) {
	f.Add(nlri("0.0.0.0/0", "10.0.0.0/8", "203.0.113.7/32"), false, false)
	f.Add(nlri("::/0", "2001:db8::/33", "2001:db8::1/128"), true, false)
	f.Add(appendPaths(path(1, "10.0.0.0/8"), path(2, "10.0.0.0/8")), false, true)
	f.Add(appendPaths(path(1, "::/0")), true, true)
	f.Fuzz(func(t *testing.T, b []byte, ipv6, pathIDs bool) {
		family := wire.IPv4Unicast
		if ipv6 {
			family = wire.IPv6Unicast
		}
		first, ok := reencodePaths(family, pathIDs, b)
		if !ok {
			return
		}
		if len(first) != len(b) {
			t.Fatalf("re-encoded %x, want the length of %x", first, b)
		}
		second, ok := reencodePaths(family, pathIDs, first)
		if !ok {
			t.Fatalf("%x cannot be read", first)
		}
		wantOctets(t, second, first)
		if pathIDs {
			return
		}
		var third []byte
		for p, err := range wire.Prefixes(family, b) {
			if err != nil {
				t.Fatal(err)
			}
			before := len(third)
			if third = wire.AppendPrefix(third, p); len(third)-before != wire.PrefixLen(p) {
				t.Fatalf("%v: %d octets, PrefixLen %d", p, len(third)-before, wire.PrefixLen(p))
			}
		}
		wantOctets(t, third, first)
	})
}

// reencodePaths decodes NLRI and encodes them again.
func reencodePaths(f wire.Family, pathIDs bool, b []byte) ([]byte, bool) {
	var out []byte
	for p, err := range wire.Paths(f, pathIDs, b) {
		switch {
		case err != nil:
			return nil, false
		case pathIDs:
			out = wire.AppendPath(out, p)
		default:
			out = wire.AppendPrefix(out, p.Prefix)
		}
	}
	return out, true
}

// FuzzUpdate: no panic, errors of the declared kinds, and an accepted UPDATE is a
// fixed point of encoding and decoding. The bits of session are its options.
func FuzzUpdate(f *testing.F) {
	const as4, ebgp, addPath = 1, 2, 4
	for _, tt := range []string{
		"", mandatory, mandatory + localPref, reach6 + origin + asPath, "40 02 0a 02 02 0000fc00 00011170",
		origin + "40 02 08 02 03 0064 5ba0 5ba0" + nextHop + "c0 07 06 5ba0 c0000201 c0 11 0a 02 02 00011170 00011171 c0 12 08 00011170 c0000201",
		mandatory + "80 04 04 00000001 40 06 00 c0 08 04 fc000064 80 09 04 00000001 80 0a 04 00000001 c0 10 08 0002fc0000000064 c0 20 0c 000000010000000200000003 c0 63 01 00",
		"80 0f 0a 0002 01 30 20010db80001",
		"80 0e 2a 0001 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 00000001 08 0a" + origin + asPath + "c0 23 04 0000fc00",
	} {
		b := unhex(f, tt)
		msg := append([]byte{0, 0, byte(len(b) >> 8), byte(len(b))}, b...)
		f.Add(msg, byte(as4|ebgp))
		f.Add(append(msg, nlri("10.0.0.0/8")...), byte(ebgp))
		f.Add(append(msg, nlri("10.0.0.0/8")...), byte(as4))
		f.Add(append(msg, appendPaths(path(1, "10.0.0.0/8"))...), byte(as4|addPath))
	}
	f.Add([]byte{0, 2, 8, 10, 0, 0}, byte(as4|ebgp))
	f.Fuzz(func(t *testing.T, b []byte, session byte) {
		opt := wire.UpdateOptions{AS4: session&as4 != 0, EBGP: session&ebgp != 0, ExtendedNextHop: true,
			Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
		if session&addPath != 0 {
			opt.AddPath = opt.Families
		}
		before := bytes.Clone(b)
		var u wire.Update
		err := wire.ParseUpdate(b, opt, &u)
		if !bytes.Equal(b, before) {
			t.Fatal("decoding changed the message")
		}
		switch action := strongest(err); {
		case err != nil && (action == 0 || err.Error() == ""):
			t.Fatalf("error %v has no action", err)
		case action == wire.Reset:
			if n := notification(err); n.Detail == "" {
				t.Fatalf("error %v has no detail", err)
			}
			return
		}
		wantReadableNLRI(t, &u)
		_ = u.Attributes.ASPath.String()
		wantFixedPoint(t, &u, opt)
		wantSameMessage(t, &u, opt)
	})
}

// nlriFields returns all fields of NLRI, the reachable ones last.
func nlriFields(u *wire.Update) []wire.MPUnreach {
	fields := []wire.MPUnreach{{Family: wire.IPv4Unicast, NLRI: u.Withdrawn, PathIDs: u.PathIDs}}
	if u.MPUnreach != nil {
		fields = append(fields, *u.MPUnreach)
	}
	fields = append(fields, wire.MPUnreach{Family: wire.IPv4Unicast, NLRI: u.NLRI, PathIDs: u.PathIDs})
	if u.MPReach != nil {
		fields = append(fields, wire.MPUnreach{Family: u.MPReach.Family, NLRI: u.MPReach.NLRI, PathIDs: u.MPReach.PathIDs})
	}
	return fields
}

// wantReadableNLRI checks that accepted NLRI can be iterated over.
func wantReadableNLRI(t *testing.T, u *wire.Update) {
	t.Helper()
	for _, field := range nlriFields(u) {
		for p, err := range wire.Paths(field.Family, field.PathIDs, field.NLRI) {
			if err != nil || !p.Prefix.IsValid() {
				t.Fatalf("accepted NLRI %x of %v: %v, %v", field.NLRI, field.Family, p, err)
			}
		}
	}
}

// wantSameMessage checks that the routes, sent with [wire.AppendReach] and
// [wire.AppendUnreach], are read as they were.
func wantSameMessage(t *testing.T, u *wire.Update, opt wire.UpdateOptions) {
	t.Helper()
	for _, field := range nlriFields(u) {
		var again wire.Update
		msg := wire.AppendUnreach(nil, field.Family, field.NLRI)
		if err := wire.ParseUpdate(msg[wire.HeaderLen:], opt, &again); err != nil {
			t.Fatalf("withdrawal %x: %v", msg, err)
		}
		for _, sent := range nlriFields(&again) {
			if len(sent.NLRI) > 0 && (!bytes.Equal(sent.NLRI, field.NLRI) || sent.PathIDs != field.PathIDs) {
				t.Fatalf("withdrawal %x is read as %+v", msg, sent)
			}
		}
	}
	m := u.MPReach
	if m == nil || len(m.NLRI) == 0 { // without routes the RFC 7606 §5.2 reset is right
		return
	}
	hops := []netip.Addr{m.NextHop}
	if m.LinkLocal.IsValid() {
		hops = append(hops, m.LinkLocal)
	}
	a := wire.Attributes{LocalPref: 1, HasLocalPref: !opt.EBGP}
	block := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: opt.AS4})
	if wire.ReachRoom(m.Family, block, hops, wire.MaxExtendedMessageLen) < len(m.NLRI) {
		return
	}
	var again wire.Update
	msg := wire.AppendReach(nil, m.Family, block, hops, m.NLRI)
	if err := wire.ParseUpdate(msg[wire.HeaderLen:], opt, &again); strongest(err) == wire.Reset {
		t.Fatalf("announcement %x: %v", msg, err)
	}
	if again.MPReach != nil && !reflect.DeepEqual(*again.MPReach, *m) {
		t.Fatalf("announcement %x is read as %+v, want %+v", msg, *again.MPReach, *m)
	}
}

// wantFixedPoint checks that encoding, decoding and encoding the attributes
// again yields the same octets and the same attributes.
func wantFixedPoint(t *testing.T, u *wire.Update, opt wire.UpdateOptions) {
	t.Helper()
	a := u.Attributes
	a.NextHop, opt.AddPath = netip.Addr{}, nil // the routes of parseBlock have no path identifiers
	if a.HasLocalPref = !opt.EBGP; opt.EBGP {
		a.LocalPref = 0
	}
	first := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: opt.AS4})
	if wire.ReachRoom(wire.IPv4Unicast, first, addrs("192.0.2.1"), wire.MaxExtendedMessageLen) < 2 {
		return // 4-octet ASNs made it longer than a message
	}
	again := parseBlock(t, first, opt)
	second := wire.NewAttributeBlock(&again, wire.EncodeOptions{AS4: opt.AS4})
	wantOctets(t, []byte(second.Bytes), []byte(first.Bytes))
	if first.NextHopOffset != second.NextHopOffset || a.ASPath.String() != again.ASPath.String() {
		t.Fatalf("decoded %+v\nwant %+v", again, a)
	}
}

// FuzzCommunityText: a parsed community prints as a text that parses to the same community.
func FuzzCommunityText(f *testing.F) {
	for _, s := range []string{"64512:100", "no-export", "64512:1:2", "rt:64512:100", "soo:192.0.2.1:5", "rt:70000:1", "0x0002fbf000000064"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := wire.ParseCommunity(s); err == nil {
			if again, err := wire.ParseCommunity(c.String()); err != nil || again != c {
				t.Errorf("community %q: %v, again %v, %v", s, c, again, err)
			}
		}
		if c, err := wire.ParseLargeCommunity(s); err == nil {
			if again, err := wire.ParseLargeCommunity(c.String()); err != nil || again != c {
				t.Errorf("large community %q: %v, again %v, %v", s, c, again, err)
			}
		}
		if c, err := wire.ParseExtendedCommunity(s); err == nil {
			if again, err := wire.ParseExtendedCommunity(c.String()); err != nil || again != c {
				t.Errorf("extended community %q: %v, again %v, %v", s, c, again, err)
			}
		}
	})
}

// FuzzExtendedCommunity: every community prints as a text that parses to the same community.
func FuzzExtendedCommunity(f *testing.F) {
	f.Add([]byte{0, 2, 0xfc, 0, 0, 0, 0, 100})
	f.Add([]byte{2, 3, 0, 0, 0xfc, 0, 0, 100})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 8 {
			return
		}
		c := wire.ExtendedCommunity(b)
		if again, err := wire.ParseExtendedCommunity(c.String()); err != nil || again != c {
			t.Errorf("%x prints %q, parses %x, %v", b, c.String(), again[:], err)
		}
	})
}
