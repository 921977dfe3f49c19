// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Unchecked texts from peers, and texts to them: UTF-8.

package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable returns at most limit octets of a received text, without its
// unprintable characters. It returns "" if the text is not UTF-8.
func printable(text []byte, limit int) string {
	if !utf8.Valid(text) {
		return ""
	}
	return cutText(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, string(text)), limit)
}

// cutText returns at most limit octets of text, not cut inside a character.
func cutText(text string, limit int) string {
	end := min(len(text), limit)
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// excerpt is the beginning of some octets in hexadecimal.
func excerpt(b []byte) string {
	const most = 32
	if len(b) <= most {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x... (%d octets)", b[:most], len(b))
}
