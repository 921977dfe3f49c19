// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Connection collision: RFC 4271 §6.8 and RFC 6286 §2.3.

package speaker

import (
	"net/netip"
	"time"
)

// parkTimeout bounds how long a connection that would lose a collision waits for the one that would win it.
const parkTimeout = 2 * time.Second

// speakerID holds the values that decide a collision.
type speakerID struct {
	routerID netip.Addr
	asn      uint32
}

// keepsDialled reports whether to keep the connection that we dialled rather than the one that the peer dialled.
//
// RFC 4271 §6.8: the connection initiated by the speaker with the higher BGP identifier, compared as unsigned integers,
// is kept. RFC 6286 §2.3: with equal identifiers (between external peers) the larger AS number decides.
func keepsDialled(us, peer speakerID) bool {
	if c := us.routerID.Compare(peer.routerID); c != 0 {
		return c > 0
	}
	return us.asn > peer.asn
}

// opened decides whether a connection with an acceptable OPEN goes on, and whether the other one does, if there is one.
func (k *connector) opened(a *attempt, c *contender) {
	a.contender, a.state = c, StateOpenConfirm
	if k.live != nil && k.live.refuses() {
		k.closeSecond(a, errCollision)
		return
	}
	other := *k.slot(!a.isDial)
	wins := a.isDial == keepsDialled(
		speakerID{k.cfg.routerID, k.cfg.LocalASN}, speakerID{c.open.RouterID, c.open.PeerASN()})
	switch {
	case other != nil && other.state == StateConnect:
		// An OPEN that we send on another connection after our KEEPALIVE on this one could overtake it, and the peer could choose the other.
		k.leave(other, errOver)
		k.confirm(a)
	case other == nil || other.state == StateOpenSent && wins:
		k.confirm(a)
	case other.state == StateOpenSent:
		k.park(a)
	case wins && other.parked == nil:
		// Our KEEPALIVE is sent on the other one: the peer may be Established there, and refuse this one. If not, the peer ends the other.
		k.park(a)
	case wins:
		k.leave(other, errCollision)
		k.confirm(a)
	default:
		k.leave(a, errCollision)
		k.unpark()
	}
}

// park lets a connection wait if its rival, in OpenSent, would win the collision, or is being confirmed already. If it were confirmed
// now, it could become Established on one side while the other side had already chosen the rival, and both connections would be lost.
func (k *connector) park(a *attempt) { a.parked = time.NewTimer(parkTimeout) }

// parkedTimer is the timer of the parked attempt, nil if there is none.
func (k *connector) parkedTimer() <-chan time.Time {
	for _, a := range []*attempt{k.dialled, k.incoming} {
		if a != nil && a.parked != nil {
			return a.parked.C
		}
	}
	return nil
}

// unpark continues a parked attempt whose rival failed or is late. One that won the collision ends its rival.
func (k *connector) unpark() {
	for _, a := range []*attempt{k.dialled, k.incoming} {
		if a != nil && a.parked != nil {
			a.parked.Stop()
			a.parked = nil
			if other := *k.slot(!a.isDial); other != nil && other.state == StateOpenConfirm {
				k.leave(other, errCollision)
			}
			k.confirm(a)
		}
	}
}
