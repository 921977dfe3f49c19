// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The shutdown communication in a Cease NOTIFICATION: RFC 9003; the Hard Reset
// that wraps another one: RFC 8538 §3; the limit of routes: RFC 4486 §4.

package wire

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShutdownText is the greatest length, in octets, of a text that is sent.
// RFC 9003 §2 allows 255; a peer of RFC 8203 understands 128.
const maxShutdownText = 128

// carriesText reports whether the NOTIFICATION may hold a shutdown
// communication. RFC 9003 §2: Administrative Shutdown and Administrative Reset only.
func (n *Notification) carriesText() bool {
	return n.Code == CodeCease && (n.Subcode == CeaseAdminShutdown || n.Subcode == CeaseAdminReset)
}

// NewCease returns a Cease. The text, cut to 128 octets at a character, goes
// with [CeaseAdminShutdown] and [CeaseAdminReset] and is dropped otherwise.
func NewCease(subcode uint8, text string) *Notification {
	n := &Notification{Code: CodeCease, Subcode: subcode}
	if text == "" || !n.carriesText() {
		return n
	}
	// RFC 9003 §2: the text MUST be UTF-8, so it is not cut inside a character.
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = cutText(text, maxShutdownText)
	n.Data = append([]byte{byte(len(text))}, text...)
	return n
}

// CeaseText returns the shutdown communication of the NOTIFICATION or "". It is
// the peer's text and not to be trusted: U+FFFD replaces each invalid and each
// unprintable character (RFC 9003 §6). If the length octet is too large, CeaseText
// returns the octets that are there (§4: such a text SHOULD be logged, nothing else).
func (n *Notification) CeaseText() string {
	if !n.carriesText() || len(n.Data) == 0 {
		return ""
	}
	text := n.Data[1:]
	text = text[:min(len(text), int(n.Data[0]))]
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, string(text))
}

// NewMaxPrefixes returns the Cease for a peer that has more routes than the
// limit. RFC 4486 §4: the data is AFI (2 octets), SAFI (1) and the limit (4).
func NewMaxPrefixes(f Family, limit uint32) *Notification {
	data := binary.BigEndian.AppendUint32(f.append(nil), limit)
	return &Notification{Code: CodeCease, Subcode: CeaseMaxPrefixes, Data: data}
}

// NewHardReset wraps a NOTIFICATION into a Hard Reset, which tells a peer that
// negotiated notifications for graceful restart not to keep the routes.
// RFC 8538 §3.1: the data is the code, subcode and data of the reason.
func NewHardReset(reason *Notification) *Notification {
	data := append([]byte{reason.Code, reason.Subcode}, reason.Data...)
	return &Notification{Code: CodeCease, Subcode: CeaseHardReset, Data: data}
}

// Reason returns the NOTIFICATION that a Hard Reset wraps, and n itself if n is no Hard Reset.
func (n *Notification) Reason() *Notification {
	if n.Code != CodeCease || n.Subcode != CeaseHardReset {
		return n
	}
	inner, err := ParseNotification(n.Data)
	if err != nil {
		return n // a Hard Reset without a reason
	}
	return &inner
}
