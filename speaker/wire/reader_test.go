// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/herald-bgp/herald/speaker/wire"
)

// The KEEPALIVE is RFC 4271 §4.4: a header of 19 octets, derived by hand.
func TestKeepalive(t *testing.T) {
	want := unhex(t, marker+"0013 04")
	wantOctets(t, wire.AppendKeepalive(nil), want)
	wantOctets(t, wire.AppendKeepalive([]byte{1, 2}), append([]byte{1, 2}, want...))
}

// stutter gives one octet a Read and a timeout before each.
type stutter struct {
	octets []byte
	ready  bool
}

func (s *stutter) Read(b []byte) (int, error) {
	s.ready = !s.ready
	if s.ready {
		return 0, os.ErrDeadlineExceeded
	}
	if len(s.octets) == 0 {
		return 0, io.EOF
	}
	b[0], s.octets = s.octets[0], s.octets[1:]
	return 1, nil
}

// A deadline may expire after each octet; reading goes on afterwards.
func TestReaderResumes(t *testing.T) {
	stream := wire.AppendKeepalive(nil)
	stream = wire.AppendUnreach(stream, wire.IPv4Unicast, nlri("203.0.113.0/24"))
	want := bytes.Clone(stream[2*wire.HeaderLen:])
	r := wire.NewReader(&stutter{octets: stream})
	var types []wire.MessageType
	timeouts := 0
	for {
		typ, b, err := r.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			timeouts++
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if types = append(types, typ); typ == wire.TypeUpdate {
			wantOctets(t, b, want)
		}
	}
	if len(types) != 2 || types[0] != wire.TypeKeepalive || types[1] != wire.TypeUpdate {
		t.Errorf("messages %v, want KEEPALIVE and UPDATE", types)
	}
	if timeouts != len(stream)+1 {
		t.Errorf("%d timeouts, want one for each octet and the end: %d", timeouts, len(stream)+1)
	}
}

// An error that comes with the last octets of a message is returned after the message.
func TestReaderErrorWithData(t *testing.T) {
	r := wire.NewReader(iotest.DataErrReader(bytes.NewReader(wire.AppendKeepalive(nil))))
	if typ, _, err := r.Next(); typ != wire.TypeKeepalive || err != nil {
		t.Fatalf("Next() = %v, %v; want KEEPALIVE", typ, err)
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("Next() error = %v, want EOF", err)
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestReaderNoProgress(t *testing.T) {
	if _, _, err := wire.NewReader(silent{}).Next(); err != io.ErrNoProgress {
		t.Errorf("error = %v, want %v", err, io.ErrNoProgress)
	}
}

// Many messages of all sizes in one stream, cut at odd places.
func TestReaderStream(t *testing.T) {
	var stream []byte
	sizes := []int{0, 1, 4000, 4073, 30000, 65512, 5, 65512, 4073}
	for _, n := range sizes {
		start := len(stream)
		stream = append(wire.AppendHeader(stream, wire.TypeUpdate), 0, 0, 0, 0)
		stream = append(stream, bytes.Repeat([]byte{byte(n)}, n)...)
		stream = wire.FinishMessage(stream, start)
	}
	for name, in := range map[string]io.Reader{
		"whole": bytes.NewReader(stream),
		"half":  iotest.HalfReader(bytes.NewReader(stream)),
	} {
		r := wire.NewReader(in)
		r.SetMaxLen(wire.MaxExtendedMessageLen)
		for i, n := range sizes {
			_, b, err := r.Next()
			if err != nil || len(b) != n+4 || !bytes.Equal(b[4:], bytes.Repeat([]byte{byte(n)}, n)) {
				t.Fatalf("%s: message %d: %d octets, %v; want %d of value %d", name, i, len(b), err, n+4, byte(n))
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: error at the end = %v, want EOF", name, err)
		}
	}
}

// Pending is true when Next returns without reading: for a whole message, and for a malformed header.
func TestReaderPending(t *testing.T) {
	keepalive := wire.AppendKeepalive(nil)
	for name, tt := range map[string]struct {
		behind []byte // the first message
		want   bool
	}{
		"nothing":        {nil, false},
		"a cut header":   {keepalive[:18], false},
		"a cut message":  {wire.NewCease(wire.CeaseAdminShutdown, "text").Append(nil)[:20], false},
		"a message":      {keepalive, true},
		"two":            {append(slices.Clone(keepalive), keepalive...), true},
		"a wrong header": {make([]byte, wire.HeaderLen), true},
	} {
		r := wire.NewReader(bytes.NewReader(append(slices.Clone(keepalive), tt.behind...)))
		if r.Pending() {
			t.Errorf("%s: something is pending before anything was read", name)
		}
		if _, _, err := r.Next(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := r.Pending(); got != tt.want {
			t.Errorf("%s: Pending() = %v, want %v", name, got, tt.want)
		}
	}
}

// RFC 4271 §6.1: each error with its subcode and data.
func TestReaderHeaderErrors(t *testing.T) {
	const extended = wire.MaxExtendedMessageLen
	tests := []struct {
		name    string
		header  string
		maxLen  int
		subcode uint8
		data    string
	}{
		{"marker", "ffffffffffffffff fffffffffffffffe 0013 04", 0, 1, ""},
		{"marker zero", "0000000000000000 0000000000000000 0013 04", 0, 1, ""},
		{"length 0", marker + "0000 04", 0, 2, "0000"},
		{"length 18", marker + "0012 04", 0, 2, "0012"},
		{"length 4097", marker + "1001 02", 0, 2, "1001"},
		{"length 65535", marker + "ffff 02", 0, 2, "ffff"},
		{"OPEN 28", marker + "001c 01", 0, 2, "001c"},
		{"OPEN 4097, extended", marker + "1001 01", extended, 2, "1001"},
		{"UPDATE 22", marker + "0016 02", 0, 2, "0016"},
		{"NOTIFICATION 20", marker + "0014 03", 0, 2, "0014"},
		{"KEEPALIVE 20", marker + "0014 04", 0, 2, "0014"},
		{"KEEPALIVE 20, extended", marker + "0014 04", extended, 2, "0014"},
		{"ROUTE-REFRESH 4097", marker + "1001 05", 0, 2, "1001"},
		{"type 0", marker + "0013 00", 0, 3, "00"},
		{"type 6", marker + "0013 06", 0, 3, "06"},
		{"type 255", marker + "0013 ff", 0, 3, "ff"},
		{"length before type", marker + "0012 ff", 0, 2, "0012"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := wire.NewReader(bytes.NewReader(unhex(t, tt.header)))
			if tt.maxLen != 0 {
				r.SetMaxLen(tt.maxLen)
			}
			_, _, err := r.Next()
			wantNotification(t, err, wire.CodeHeader, tt.subcode, unhex(t, tt.data))
			if n := notification(err); n.Detail == "" {
				t.Error("no detail")
			}
		})
	}
}

func TestMessageTypeString(t *testing.T) {
	for typ, want := range map[wire.MessageType]string{
		wire.TypeOpen: "OPEN", wire.TypeUpdate: "UPDATE", wire.TypeNotification: "NOTIFICATION",
		wire.TypeKeepalive: "KEEPALIVE", wire.TypeRouteRefresh: "ROUTE-REFRESH", 9: "message type 9",
	} {
		if got := typ.String(); got != want {
			t.Errorf("MessageType(%d) = %q, want %q", typ, got, want)
		}
	}
}
