// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/herald-bgp/herald/speaker/rib"
)

// sent is everything that some session of the node is sent. A session that may have only some of the prefixes of an announcement is sent
// a part of it, and all sessions that may have the same prefixes are sent the same part.
type sent struct {
	list  *rib.List
	uses  map[*rib.Announcement]int
	parts map[partKey]*rib.Announcement
	// changed has the announcements whose uses changed since settle ran last.
	changed map[*rib.Announcement]bool
}

// partKey finds a part.
type partKey struct {
	whole *rib.Announcement
	name  string
}

func newSent() sent {
	return sent{
		uses:    map[*rib.Announcement]int{},
		parts:   map[partKey]*rib.Announcement{},
		changed: map[*rib.Announcement]bool{},
	}
}

// of returns what a session is sent because of a verdict, nil for nothing.
func (s *sent) of(v *Verdict) *rib.Announcement {
	switch {
	case v.over || v.extent == nothing:
		return nil
	case v.extent == everyPrefix:
		return v.of.whole
	}
	key := partKey{v.of.whole, partName(v.of, v.kept)}
	part := s.parts[key]
	if part == nil {
		copied := *v.of.whole
		part = &copied
		part.ID += "#" + key.name
		part.Prefixes = rib.NewPrefixes(v.kept...)
		s.parts[key] = part
		s.changed[part] = true // settle forgets a part that nobody uses
	}
	return part
}

// use counts the sessions that are sent an announcement.
func (s *sent) use(a *rib.Announcement, times int) {
	s.uses[a] += times
	s.changed[a] = true
}

// drop takes back the use of everything in a list.
func (s *sent) drop(list *rib.List) {
	for a := range list.All() {
		s.use(a, -1)
	}
}

// settle returns everything that is sent now.
func (s *sent) settle() *rib.List {
	if len(s.changed) == 0 {
		return s.list
	}
	edit := s.list.Edit()
	// A version that no session is sent any more is deleted before another version of the same announcement is put.
	for a := range s.changed {
		if s.uses[a] == 0 {
			delete(s.uses, a)
			edit.Delete(a)
			s.forgetPart(a)
		}
	}
	for a := range s.changed {
		if s.uses[a] > 0 {
			edit.Put(a)
		}
	}
	clear(s.changed)
	s.list = edit.List()
	return s.list
}

func (s *sent) forgetPart(a *rib.Announcement) {
	of := AnnouncementOf(a)
	if a == of.whole {
		return
	}
	delete(s.parts, partKey{of.whole, a.ID[len(of.whole.ID)+1:]})
}

// partName tells the parts of an announcement apart. A part that has all prefixes of a family, which is the common case, is named
// by the family, so that its name stays when the prefixes change. Any other part is named by a hash of its prefixes.
func partName(a *Announcement, kept []rib.PrefixRange) string {
	var in families
	for _, r := range kept {
		in |= familyOf(r.Prefix)
	}
	all := 0
	for r := range a.whole.Prefixes.All() {
		if in.has(familyOf(r.Prefix)) {
			all++
		}
	}
	if all == len(kept) {
		return in.String()
	}
	hash := sha256.New()
	for _, r := range kept {
		fmt.Fprintf(hash, "%s-%d\n", r.Prefix, r.Length)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
