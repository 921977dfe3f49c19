// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The graceful restart capability: RFC 4724 §3; its N bit: RFC 8538 §2.

package wire

import "encoding/binary"

const (
	gracefulRestartLen       = 2 // flags (4 bits), restart time (12 bits)
	gracefulRestartFamilyLen = 4 // AFI (2 octets), SAFI (1), flags (1)

	restartStateBit    uint16 = 0x8000
	notificationBit    uint16 = 0x4000
	forwardingStateBit byte   = 0x80

	// MaxRestartTime is the greatest restart time in seconds.
	MaxRestartTime uint16 = 0x0fff
)

// GracefulRestart is the graceful restart capability.
type GracefulRestart struct {
	Restarting    bool   // R bit: the sender has restarted
	Notifications bool   // N bit: NOTIFICATION and hold timer expiry too keep the routes (RFC 8538 §2)
	RestartTime   uint16 // seconds, at most [MaxRestartTime]
	Families      []GracefulRestartFamily
}

// GracefulRestartFamily is a family whose routes survive a restart.
type GracefulRestartFamily struct {
	Family     Family
	Forwarding bool // F bit: the forwarding state was preserved
}

func (w *capabilityWriter) gracefulRestart(g *GracefulRestart) {
	if !w.begin(CapabilityGracefulRestart, gracefulRestartLen+gracefulRestartFamilyLen*len(g.Families)) {
		return
	}
	head := min(g.RestartTime, MaxRestartTime)
	if g.Restarting {
		head |= restartStateBit
	}
	if g.Notifications {
		head |= notificationBit
	}
	w.b = binary.BigEndian.AppendUint16(w.b, head)
	for _, f := range g.Families {
		flags := byte(0)
		if f.Forwarding {
			flags = forwardingStateBit
		}
		w.b = append(f.Family.append(w.b), flags)
	}
}

// parseGracefulRestart replaces an earlier instance. RFC 4724 §3: if there are
// several, all but the last MUST be ignored.
func (c *Capabilities) parseGracefulRestart(v []byte) *Notification {
	if len(v) < gracefulRestartLen || (len(v)-gracefulRestartLen)%gracefulRestartFamilyLen != 0 {
		return CapabilityGracefulRestart.lengthError(v, "2 and a multiple of 4")
	}
	head := binary.BigEndian.Uint16(v)
	g := &GracefulRestart{
		Restarting:    head&restartStateBit != 0,
		Notifications: head&notificationBit != 0,
		RestartTime:   head & MaxRestartTime,
	}
	for v = v[gracefulRestartLen:]; len(v) > 0; v = v[gracefulRestartFamilyLen:] {
		g.Families = append(g.Families, GracefulRestartFamily{
			Family:     familyOf(v),
			Forwarding: v[3]&forwardingStateBit != 0,
		})
	}
	c.GracefulRestart = g
	return nil
}
