// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package bgptest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// message is one with octets written as hexadecimal digits.
func message(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.ReplaceAll(text, "F", strings.Repeat("ff", 16)), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramer(t *testing.T) {
	long := append(message(t, "F ffff 02"), make([]byte, 0xffff-19)...)
	messages := [][]byte{
		message(t, "F 001d 01 04 fbf4 005a c0000201 00"), message(t, "F 0013 04"), message(t, "F 0017 02 0000 0000"),
		message(t, "F 0017 05 0001 00 01"), long, message(t, "F 0015 03 06 02"),
	}
	stream := slices.Concat(messages...)
	for name, from := range map[string]io.Reader{
		"at once": bytes.NewReader(stream), "halves": iotest.HalfReader(bytes.NewReader(stream)),
		"octets": iotest.OneByteReader(bytes.NewReader(stream)), "EOF with the last": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		f := bgptest.NewFramer(from, 0)
		f.SetMaxLen(wire.MaxExtendedMessageLen)
		var got [][]byte
		for {
			m, err := f.Next()
			if m == nil && err == nil {
				if err = f.Fill(); err == nil {
					continue
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, bytes.Clone(m))
		}
		if !slices.EqualFunc(got, messages, bytes.Equal) {
			t.Errorf("%s: %d messages %.200x, want %d", name, len(got), got, len(messages))
		}
	}
}

func TestStreamThatEndsInAMessage(t *testing.T) {
	f := bgptest.NewFramer(bytes.NewReader(message(t, "F 0017 02 0000")), 0)
	if err := f.Fill(); err != nil {
		t.Fatal(err)
	}
	if m, err := f.Next(); m != nil || err != nil {
		t.Fatalf("%v, %v", m, err)
	}
	if err := f.Fill(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestMalformedHeaders(t *testing.T) {
	zero := strings.Repeat("00", 16)
	for name, text := range map[string]string{
		"marker":                           zero + "0013 04",
		"last octet of the marker":         strings.Repeat("ff", 15) + "fe 0013 04",
		"shorter than a header":            "F 0012 04",
		"KEEPALIVE with a body":            "F 0014 04",
		"OPEN too short":                   "F 001c 01",
		"OPEN longer than 4096":            "F 1001 01",
		"UPDATE too short":                 "F 0016 02",
		"UPDATE longer than negotiated":    "F 1001 02",
		"NOTIFICATION too short":           "F 0014 03",
		"ROUTE-REFRESH too short":          "F 0016 05",
		"type 0":                           "F 0013 00",
		"a type that nobody registered":    "F 0013 06",
		"KEEPALIVE of the greatest length": "F ffff 04",
	} {
		header := message(t, text)
		m, err := bgptest.Cut(header, wire.MaxMessageLen)
		malformed := new(bgptest.HeaderError)
		if !errors.As(err, &malformed) || !bytes.Equal(malformed.Header, header) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}
