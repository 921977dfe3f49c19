// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib"
)

// Bound is how many sessions there are in which a limit binds.
func Bound(c *Compiler) int {
	n := 0
	for _, s := range c.sessions {
		if s.judge.Binds() {
			n++
		}
	}
	return n
}

// LeaveOutUnchanged leaves in inputs only what the compiler does not know yet, as watches do.
func LeaveOutUnchanged(c *Compiler, in *Inputs) {
	maps.DeleteFunc(in.Peers, func(name string, r Reading[Peer]) bool {
		return r.InForce != nil && c.catalog.peers[name] == r.InForce && r.Issue == nil && c.catalog.refused[ObjectName{KindBGPPeer, name}].issue == nil
	})
	maps.DeleteFunc(in.Announcements, func(name string, r Reading[Announcement]) bool {
		inForce, renewed := c.catalog.lifetimes.read(name, c.catalog.announcements[name])
		return r.InForce != nil && inForce == r.InForce && (renewed == r.Renewed || r.InForce.lifetime == 0) && r.Issue == nil && c.catalog.refused[ObjectName{KindAnnouncement, name}].issue == nil
	})
}

// CheckTotals counts anew what judges and the list of everything count step by step, and says what differs. A total that is too high
// changes no result, only cost.
func CheckTotals(c *Compiler) string {
	uses := map[*rib.Announcement]int{}
	for _, s := range c.sessions {
		wants := room{entries: make([]int, len(s.judge.wants.entries))}
		for _, a := range c.here {
			if v := s.judge.consider(a); v != nil {
				wants.session += v.prefixes
				for _, n := range v.needs {
					wants.entries[n.entry] += n.prefixes
				}
			}
		}
		if wants.session != s.judge.wants.session || !slices.Equal(wants.entries, s.judge.wants.entries) {
			return fmt.Sprintf("%s wants %+v, and counted %+v", s.Peer.Ref.Name, wants, s.judge.wants)
		}
		if s.judge.Binds() != s.judge.exceeds() {
			return fmt.Sprintf("%s binds: %v", s.Peer.Ref.Name, s.judge.Binds())
		}
		for namespace := range s.judge.tenancies {
			if c.catalog.owners[namespace] == 0 {
				return fmt.Sprintf("%s remembers the namespace %s, which has no announcements", s.Peer.Ref.Name, namespace)
			}
		}
		for a := range s.list.All() {
			uses[a]++
		}
	}
	if !maps.Equal(uses, c.sent.uses) {
		return fmt.Sprintf("%v are sent, and %v were counted", uses, c.sent.uses)
	}
	for name, l := range c.catalog.lifetimes.known {
		anew := lifetime{inForce: l.inForce, renewed: l.renewed}
		anew.resolve(l, c.catalog.lifetimes.now)
		waits := slices.ContainsFunc(c.catalog.lifetimes.queue, func(d deadline) bool { return d.name == name && d.at.Equal(l.next) })
		if !anew.next.Equal(l.next) || waits == l.next.IsZero() {
			return fmt.Sprintf("%s is to be looked at again at %v, and it waits for %v: %v", name, anew.next, l.next, waits)
		}
	}
	for key, part := range c.sent.parts {
		if uses[part] == 0 {
			return fmt.Sprintf("the part %s is kept, and nobody is sent it", key.name)
		}
	}
	return ""
}

// Deadlines is how many deadlines of announcements are kept.
func Deadlines(c *Compiler) int { return len(c.catalog.lifetimes.queue) }

// Answers is how many answers about selectors are kept.
func Answers(c *Compiler) int {
	n := len(c.chosen)
	for _, s := range c.sessions {
		n += len(s.judge.selected)
	}
	return n
}
