// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Golden NOTIFICATIONs: layout of RFC 4271 §4.5, derived by hand.
func TestNotificationGolden(t *testing.T) {
	tests := []struct {
		name string
		n    wire.Notification
		want string
	}{
		{"hold timer expired", wire.Notification{Code: 4}, marker + "0015 03 04 00"},
		{"bad peer AS with one octet", wire.Notification{Code: 2, Subcode: 2, Data: []byte{7}}, marker + "0016 03 02 02 07"},
		{"bad length", wire.Notification{Code: 1, Subcode: 2, Data: []byte{0x10, 0x01}}, marker + "0017 03 01 02 1001"},
		// RFC 9003 §2: length octet and UTF-8.
		{"shutdown text", *wire.NewCease(wire.CeaseAdminShutdown, "bye"), marker + "0019 03 06 02 03 627965"},
		{"no text with 6/3", *wire.NewCease(wire.CeasePeerDeconfigured, "bye"), marker + "0015 03 06 03"},
		// RFC 8538 §3.1: code, subcode and data of the reason.
		{"hard reset", *wire.NewHardReset(wire.NewCease(wire.CeaseAdminReset, "x")), marker + "0019 03 06 09 06 04 01 78"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := unhex(t, tt.want)
			wantOctets(t, tt.n.Append(nil), want)
			got, err := wire.ParseNotification(body(t, want, wire.TypeNotification))
			if err != nil || got.Code != tt.n.Code || got.Subcode != tt.n.Subcode || !bytes.Equal(got.Data, tt.n.Data) {
				t.Errorf("ParseNotification = %+v, %v; want %+v", got, err, tt.n)
			}
		})
	}
}

func TestNotificationTooShort(t *testing.T) {
	for _, b := range [][]byte{nil, {6}} {
		if n, err := wire.ParseNotification(b); err == nil {
			t.Errorf("ParseNotification(%x) = %v, want an error", b, n)
		}
	}
}

// RFC 8654 §4: to a peer without extended messages at most 4,096 octets.
func TestNotificationIsCapped(t *testing.T) {
	n := wire.Notification{Code: 3, Subcode: 9, Data: bytes.Repeat([]byte{0xab}, 70000)}
	msg := n.Append(nil)
	if len(msg) != wire.MaxMessageLen {
		t.Fatalf("message of %d octets, want %d", len(msg), wire.MaxMessageLen)
	}
	body(t, msg, wire.TypeNotification)
}

func TestNotificationError(t *testing.T) {
	tests := []struct {
		n    wire.Notification
		want string
	}{
		{wire.Notification{Code: 1, Subcode: 1}, "Message Header Error / Connection Not Synchronized (1/1)"},
		{wire.Notification{Code: 2, Subcode: 2}, "OPEN Message Error / Bad Peer AS (2/2)"},
		{wire.Notification{Code: 2}, "OPEN Message Error (2/0)"},
		{wire.Notification{Code: 2, Subcode: 11}, "OPEN Message Error / Role Mismatch (2/11)"},
		{wire.Notification{Code: 3, Subcode: 11}, "UPDATE Message Error / Malformed AS_PATH (3/11)"},
		{wire.Notification{Code: 4}, "Hold Timer Expired (4/0)"},
		{wire.Notification{Code: 5, Subcode: 3}, "Finite State Machine Error / Receive Unexpected Message in Established State (5/3)"},
		{wire.Notification{Code: 6, Subcode: 2}, "Cease / Administrative Shutdown (6/2)"},
		{wire.Notification{Code: 6, Subcode: 99}, "Cease / subcode 99 (6/99)"},
		{wire.Notification{Code: 7, Subcode: 1}, "ROUTE-REFRESH Message Error / Invalid Message Length (7/1)"},
		{wire.Notification{Code: 8}, "Send Hold Timer Expired (8/0)"},
		{wire.Notification{Code: 77, Subcode: 1}, "error code 77 / subcode 1 (77/1)"},
	}
	for _, tt := range tests {
		if got := tt.n.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}

// Every subcode constant has a name.
func TestNotificationNames(t *testing.T) {
	last := map[uint8][]uint8{
		wire.CodeHeader: {1, 2, 3}, wire.CodeOpen: {1, 2, 3, 4, 6, 7, 11},
		wire.CodeUpdate: {1, 2, 3, 4, 5, 6, 8, 9, 10, 11}, wire.CodeFSM: {1, 2, 3},
		wire.CodeCease: {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, wire.CodeRouteRefresh: {1},
	}
	for code, subcodes := range last {
		for _, subcode := range subcodes {
			n := wire.Notification{Code: code, Subcode: subcode}
			if strings.Contains(n.Error(), "subcode") {
				t.Errorf("%d/%d has no name: %q", code, subcode, n.Error())
			}
		}
	}
}

func TestNewCeaseCutsAtCharacter(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"short", "maintenance", "maintenance"},
		{"128 octets", strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{"129 octets", strings.Repeat("a", 129), strings.Repeat("a", 128)},
		{"a character across the limit", strings.Repeat("a", 127) + "é", strings.Repeat("a", 127)},
		{"a long character", strings.Repeat("a", 125) + "😀", strings.Repeat("a", 125)},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	}
	for _, tt := range tests {
		n := wire.NewCease(wire.CeaseAdminReset, tt.text)
		if got := n.CeaseText(); got != tt.want || int(n.Data[0]) != len(n.Data)-1 || !utf8.Valid(n.Data[1:]) {
			t.Errorf("%s: text %q in %x, want %q", tt.name, got, n.Data, tt.want)
		}
	}
	if n := wire.NewCease(wire.CeaseAdminShutdown, ""); n.Data != nil {
		t.Errorf("no text gives data %x, want none", n.Data)
	}
}

func TestCeaseTextIsSanitised(t *testing.T) {
	tests := []struct {
		name string
		n    wire.Notification
		want string
	}{
		{"text", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x02hi")}, "hi"},
		{"255 octets", wire.Notification{Code: 6, Subcode: 4, Data: append([]byte{255}, bytes.Repeat([]byte("x"), 255)...)}, strings.Repeat("x", 255)},
		{"control characters", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x05a\n\x1bb\x00")}, "a\uFFFD\uFFFDb\uFFFD"},
		{"right-to-left override", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x05a\u202eb")}, "a\uFFFDb"},
		{"invalid UTF-8", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x02\xffa")}, "\uFFFDa"},
		{"length too large", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x09abc")}, "abc"},
		{"octets after the text", wire.Notification{Code: 6, Subcode: 2, Data: []byte("\x01abc")}, "a"},
		{"no data", wire.Notification{Code: 6, Subcode: 2}, ""},
		{"length alone", wire.Notification{Code: 6, Subcode: 2, Data: []byte{4}}, ""},
		{"another subcode", wire.Notification{Code: 6, Subcode: 5, Data: []byte("\x02hi")}, ""},
		{"another code", wire.Notification{Code: 2, Subcode: 2, Data: []byte("\x02hi")}, ""},
	}
	for _, tt := range tests {
		if got := tt.n.CeaseText(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHardResetReason(t *testing.T) {
	inner := wire.NewCease(wire.CeaseAdminShutdown, "gone")
	if got := wire.NewHardReset(inner).Reason(); got.Error() != inner.Error() || got.CeaseText() != "gone" {
		t.Errorf("Reason() = %v %q, want %v", got, got.CeaseText(), inner)
	}
	if got := inner.Reason(); got != inner {
		t.Errorf("Reason() of another NOTIFICATION = %v, want itself", got)
	}
	empty := &wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseHardReset, Data: []byte{6}}
	if got := empty.Reason(); got != empty {
		t.Errorf("Reason() of an empty Hard Reset = %v, want itself", got)
	}
}
