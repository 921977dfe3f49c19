// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

const (
	// holdLimit is how long an answer of the API server holds at most while the API server is away.
	holdLimit = time.Hour
	// holdFor is how long an answer holds after it was last used. It may have been in a cache before that.
	holdFor = holdLimit - allowCacheTTL
	// maxHeld bounds the number of remembered answers. Only a positive answer of the API server is remembered.
	maxHeld = 256
)

// held remembers which tokens the API server allowed to read, by their digests.
type held struct {
	mu      sync.Mutex
	allowed map[[sha256.Size]byte]time.Time
}

// allow notes that the bearer of a token may read.
func (h *held) allow(token string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.allowed == nil {
		h.allowed = map[[sha256.Size]byte]time.Time{}
	}
	digest := sha256.Sum256([]byte(token))
	if _, known := h.allowed[digest]; !known && len(h.allowed) >= maxHeld {
		h.dropOldest()
	}
	h.allowed[digest] = now
}

// deny notes that the bearer of a token may not.
func (h *held) deny(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.allowed, sha256.Sum256([]byte(token)))
}

// allows reports whether the last answer allowed the token, and still holds.
func (h *held) allows(token string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, known := h.allowed[sha256.Sum256([]byte(token))]
	return known && now.Sub(at) < holdFor && !expired(token, now)
}

func (h *held) dropOldest() {
	var oldest [sha256.Size]byte
	var at time.Time
	for digest, noted := range h.allowed {
		if at.IsZero() || noted.Before(at) {
			oldest, at = digest, noted
		}
	}
	delete(h.allowed, oldest)
}

// expired reports whether a token has expired by its own claim (RFC 7519 §4.1.4). It does not check the signature: the API server
// allowed exactly this token, and a forged time makes it another token.
func expired(token string, now time.Time) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false // not a JSON Web Token, so it has no such claim
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	var claims struct {
		Expires *float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Expires == nil {
		return false
	}
	return now.Unix() >= int64(*claims.Expires)
}
