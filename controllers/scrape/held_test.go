// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"
)

// tokenUntil is a JSON Web Token that is good until then.
func tokenUntil(t time.Time) string {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return encode(`{"alg":"RS256"}`) + "." + encode(fmt.Sprintf(`{"exp":%d}`, t.Unix())) + "." + encode("signature")
}

// TestAnswersHoldForAnHour: an answer holds for an hour, but never longer than the token.
func TestAnswersHoldForAnHour(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	short, long, opaque := tokenUntil(start.Add(10*time.Minute)), tokenUntil(start.Add(24*time.Hour)), "opaque"
	var h held
	for _, token := range []string{short, long, opaque} {
		if h.allows(token, start) {
			t.Errorf("%s is let in before the API server did", token)
		}
		h.allow(token, start)
	}
	for _, test := range []struct {
		token string
		after time.Duration
		want  bool
	}{
		{short, 0, true},
		{short, 10*time.Minute - time.Second, true},
		{short, 10 * time.Minute, false},
		{long, 54 * time.Minute, true},
		{long, holdLimit, false},
		{opaque, 54 * time.Minute, true},
		{opaque, holdLimit, false},
		{tokenUntil(start.Add(25 * time.Hour)), 0, false},
	} {
		if got := h.allows(test.token, start.Add(test.after)); got != test.want {
			t.Errorf("%s after %v: let in %v, want %v", test.token, test.after, got, test.want)
		}
	}
	h.deny(long)
	if h.allows(long, start) {
		t.Error("a token is let in after the API server refused it")
	}
}

// TestHeldIsBounded: the oldest answer makes room.
func TestHeldIsBounded(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var h held
	for i := range maxHeld + 1 {
		h.allow(fmt.Sprint("token ", i), start.Add(time.Duration(i)*time.Second))
	}
	now := start.Add(time.Duration(maxHeld) * time.Second)
	if len(h.allowed) != maxHeld || h.allows("token 0", now) || !h.allows("token 1", now) {
		t.Errorf("%d answers are held; the first still: %v", len(h.allowed), h.allows("token 0", now))
	}
}
