// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// UPDATE messages, each as full as it can be: RFC 4271 §4.3, RFC 4760 §3 and
// §4, RFC 7606 §5.1 (one kind of NLRI a message).

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// appendMessage appends one message of what is due and notes it as sent.
// Withdrawals precede announcements.
func (a *adjOut) appendMessage(b []byte) []byte {
	a.nlri = a.nlri[:0]
	if len(a.withdrawals) > 0 {
		return a.appendWithdrawal(b)
	}
	return a.appendAnnouncement(b)
}

func (a *adjOut) appendWithdrawal(b []byte) []byte {
	room := wire.UnreachRoom(a.family, a.maxLen)
	n := 0
	for n < len(a.withdrawals) {
		r := &a.rows[a.withdrawals[n]]
		if !a.appendNLRI(r.prefix, room) {
			break
		}
		r.sent = nil
		n++
	}
	a.routes -= n
	a.withdrawals = a.withdrawals[n:]
	return wire.AppendUnreach(b, a.family, a.nlri)
}

func (a *adjOut) appendAnnouncement(b []byte) []byte {
	u := &a.updates[0]
	n := 0
	for n < len(u.rows) {
		r := &a.rows[u.rows[n]]
		if !a.appendNLRI(r.prefix, u.set.room) {
			break
		}
		if r.sent == nil {
			a.routes++
		}
		r.sent, r.walk = r.wanted, a.walk
		n++
	}
	b = wire.AppendReach(b, a.family, u.set.block, u.set.nextHop, a.nlri)
	if u.rows = u.rows[n:]; len(u.rows) == 0 {
		a.updates = a.updates[1:]
	}
	return b
}

// appendNLRI adds a prefix to the NLRI of the next message if there is room.
func (a *adjOut) appendNLRI(p netip.Prefix, room int) bool {
	if len(a.nlri)+wire.PrefixLen(p) > room {
		return false
	}
	a.nlri = wire.AppendPrefix(a.nlri, p)
	return true
}
