// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The long-lived graceful restart capability: RFC 9494 §3.1.

package wire

import (
	"encoding/binary"
	"time"
)

const (
	// longLivedFamilyLen is AFI (2 octets), SAFI (1), flags (1), stale time (3).
	longLivedFamilyLen = 7

	// MaxLongLivedStaleTime is the greatest stale time: 24 bits of seconds.
	MaxLongLivedStaleTime = (1<<24 - 1) * time.Second
)

// LongLivedFamily is a family whose routes may be kept long after the session.
type LongLivedFamily struct {
	Family     Family
	Forwarding bool          // F bit: the forwarding state was preserved
	StaleTime  time.Duration // whole seconds, at most [MaxLongLivedStaleTime]
}

func (w *capabilityWriter) longLived(families []LongLivedFamily) {
	if !w.begin(CapabilityLongLived, longLivedFamilyLen*len(families)) {
		return
	}
	for _, f := range families {
		flags := uint32(0)
		if f.Forwarding {
			flags = uint32(forwardingStateBit)
		}
		seconds := uint32(min(max(f.StaleTime, 0), MaxLongLivedStaleTime) / time.Second)
		w.b = binary.BigEndian.AppendUint32(f.Family.append(w.b), flags<<24|seconds)
	}
}

// parseLongLived replaces an earlier instance, as for graceful restart.
func (c *Capabilities) parseLongLived(v []byte) *Notification {
	if len(v)%longLivedFamilyLen != 0 {
		return CapabilityLongLived.lengthError(v, "a multiple of 7")
	}
	c.LongLived = nil
	for ; len(v) > 0; v = v[longLivedFamilyLen:] {
		seconds := binary.BigEndian.Uint32(v[3:]) & (1<<24 - 1) // below the flags
		c.LongLived = append(c.LongLived, LongLivedFamily{
			Family:     familyOf(v),
			Forwarding: v[3]&forwardingStateBit != 0,
			StaleTime:  time.Duration(seconds) * time.Second,
		})
	}
	return nil
}
