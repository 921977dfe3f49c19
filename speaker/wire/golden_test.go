// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// marker starts every golden message (RFC 4271 §4.1).
const marker = "ffffffffffffffff ffffffffffffffff"

// unhex reads hexadecimal octets with spaces and line breaks between them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatalf("golden octets: %v", err)
	}
	return b
}

// body checks the header of a golden message and returns what follows it.
func body(t testing.TB, msg []byte, want wire.MessageType) []byte {
	t.Helper()
	r := wire.NewReader(bytes.NewReader(msg))
	r.SetMaxLen(wire.MaxExtendedMessageLen)
	got, b, err := r.Next()
	if err != nil || got != want || len(b) != len(msg)-wire.HeaderLen {
		t.Fatalf("Next() = %v, %d octets, %v; want %v, %d octets", got, len(b), err, want, len(msg)-wire.HeaderLen)
	}
	return b
}

func wantOctets(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("octets differ\n got %x\nwant %x", got, want)
	}
}

// notification returns the NOTIFICATION that err ends the session with, nil for none.
func notification(err error) *wire.Notification {
	var n *wire.Notification
	if !errors.As(err, &n) {
		return nil
	}
	return n
}

// wantNotification checks that err resets the session with exactly this code, subcode and data.
func wantNotification(t testing.TB, err error, code, subcode uint8, data []byte) {
	t.Helper()
	n := notification(err)
	if n == nil {
		t.Fatalf("error %v is no NOTIFICATION, want %d/%d", err, code, subcode)
	}
	if n.Code != code || n.Subcode != subcode || !bytes.Equal(n.Data, data) {
		t.Errorf("NOTIFICATION %d/%d data %x, want %d/%d data %x", n.Code, n.Subcode, n.Data, code, subcode, data)
	}
}

func addrs(s ...string) []netip.Addr {
	list := make([]netip.Addr, len(s))
	for i := range s {
		list[i] = netip.MustParseAddr(s[i])
	}
	return list
}

// nlri concatenates the NLRI of prefixes.
func nlri(prefixes ...string) []byte {
	var b []byte
	for _, p := range prefixes {
		b = wire.AppendPrefix(b, netip.MustParsePrefix(p))
	}
	return b
}
