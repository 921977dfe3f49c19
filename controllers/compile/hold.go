// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// What stays in force where the newest version of an object cannot be used: the last valid one, for a slip in a field is no wish
// to end a session. But adminState Down and a shorter lifetime act, and rights are those of the newest version that can be read; and what an invalid
// version leaves out, a prefix or a family, is gone. One that is not supported is not wrong: until this program is upgraded, it
// announces what it did. All of this depends on these two versions alone, not on those between them.

// Versions are those of an object that count: the last valid one, and what is in force, nil for none. They are the same unless the
// newest version cannot be used.
type Versions[C any] struct{ Valid, InForce *C }

// hold is what stays in force of a valid BGPPeer under a newer spec that cannot be used; nil where there was none.
func (p *Peer) hold(spec *v1alpha1.BGPPeerSpec, why error) *Peer {
	if p == nil {
		return nil
	}
	held := *p
	if down, _ := readDown(spec.AdminState); down {
		held.session.AdminDown, held.session.DownText = true, adminDownText
	}
	if !isUnsupported(why) {
		held.families = p.familiesUnder(spec.Families)
		held.session.Families = held.families.wire()
		held.session.Capabilities.AddPath = slices.DeleteFunc(slices.Clone(p.session.Capabilities.AddPath), func(a wire.AddPathFamily) bool {
			return !slices.Contains(held.session.Families, a.Family)
		})
	}
	held.allowed = p.allowedUnder(spec)
	held.grants, _ = grantsOf(held.allowed) // all of it can be read; if not, nothing would be granted
	held.seal()
	return &held
}

// familiesUnder are those of the peer that a list still has. A list of which nothing can be read takes none away.
func (p *Peer) familiesUnder(list []v1alpha1.Family) families {
	named, err := familiesOf("", readable(list, readFamily))
	if err != nil || !p.families.has(named) {
		return p.families
	}
	return p.families & named
}

// allowedUnder is what can be read of the rights in a newer spec. A bound that cannot be read stays what it was, and an entry that
// cannot be read grants nothing; but one with a word that this version does not know stays as it was, like the whole object.
func (p *Peer) allowedUnder(spec *v1alpha1.BGPPeerSpec) *v1alpha1.AllowedAnnouncements {
	if spec.AllowedAnnouncements == nil {
		return nil
	}
	before := valueOr(p.allowed, v1alpha1.AllowedAnnouncements{})
	allowed := *spec.AllowedAnnouncements
	if inRange("", allowed.MaxPrefixes, 0, limitMaxPrefixes) != nil {
		allowed.MaxPrefixes = before.MaxPrefixes
	}
	if allowed.Families = readable(allowed.Families, readFamily); len(allowed.Families) == 0 && len(spec.AllowedAnnouncements.Families) > 0 {
		allowed.Families = before.Families
	}
	allowed.Infrastructure = readable(allowed.Infrastructure, func(i v1alpha1.Infrastructure) error {
		return readInfrastructure("", i)
	})
	allowed.Tenants = nil
	// A field beside the entries may narrow all of them.
	beside := unknownFields(slices.DeleteFunc(slices.Clone(spec.UnknownFields), func(path string) bool { return strings.Contains(path, "[") }),
		"allowedAnnouncements.")
	for i := range spec.AllowedAnnouncements.Tenants {
		entry := &spec.AllowedAnnouncements.Tenants[i]
		err := cmp.Or(beside, unknownFields(spec.UnknownFields, fmt.Sprintf("allowedAnnouncements.tenants[%d].", i)))
		if err == nil {
			_, err = tenantOf("", entry, 0)
		}
		if isUnsupported(err) {
			entry, err = tenantNamed(before.Tenants, entry.Name), nil
		}
		if err == nil && entry != nil {
			allowed.Tenants = append(allowed.Tenants, *entry)
		}
	}
	return &allowed
}

func readFamily(f v1alpha1.Family) error {
	_, err := familiesOf("", []v1alpha1.Family{f})
	return err
}

func tenantNamed(list []v1alpha1.Tenant, name string) *v1alpha1.Tenant {
	if i := slices.IndexFunc(list, func(t v1alpha1.Tenant) bool { return t.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// readable is a list without what cannot be read.
func readable[T any](list []T, read func(T) error) []T {
	return slices.DeleteFunc(slices.Clone(list), func(value T) bool { return read(value) != nil })
}

// hold is what stays in force of a valid Announcement under a newer spec that cannot be used; nil where there was none, or nothing
// of it is left.
func (a *Announcement) hold(spec *v1alpha1.AnnouncementSpec, why error) *Announcement {
	if a == nil {
		return nil
	}
	held := *a
	if down, _ := readDown(spec.AdminState); down {
		held.AdminDown = true
	}
	if lifetime, _ := readLifetime(spec); lifetime != 0 && (a.lifetime == 0 || lifetime < a.lifetime) {
		held.lifetime = lifetime
	}
	if isUnsupported(why) {
		return &held
	}
	left := a.prefixesUnder(spec.Prefixes)
	if len(left) == 0 {
		return nil
	}
	if prefixes := rib.NewPrefixes(left...); !prefixes.Equal(a.whole.Prefixes) {
		whole := *a.whole
		whole.Prefixes, whole.Note = prefixes, &held
		held.whole = &whole
		held.countPrefixes(left)
	}
	return &held
}

// prefixesUnder are those of the announcement that a list still has. A list with a prefix that cannot be read takes none away:
// that may be any one of them with a slip in it.
func (a *Announcement) prefixesUnder(texts []string) []rib.PrefixRange {
	before := slices.Collect(a.whole.Prefixes.All())
	lengths := make(map[netip.Prefix]int, len(before))
	for _, r := range before {
		lengths[r.Prefix] = r.Length
	}
	var left []rib.PrefixRange
	for _, text := range texts {
		prefix, err := parsePrefix("", text)
		if err != nil {
			return before
		}
		for bits := prefix.Bits(); bits >= 0; bits-- {
			around, _ := prefix.Addr().Prefix(bits)
			if length, ok := lengths[around]; ok && length >= prefix.Bits() {
				left = append(left, rib.PrefixRange{Prefix: prefix, Length: length})
				break
			}
		}
	}
	return normalize(left)
}

// unknownFields faults fields that this version does not know, of those whose path begins so.
func unknownFields(paths []string, prefix string) error {
	var unknown []string
	for _, path := range paths {
		if strings.HasPrefix(path, prefix) {
			unknown = append(unknown, path)
		}
	}
	// The decoder counts 100 of them, and there may be more.
	if len(unknown) == 0 && len(paths) >= 100 {
		unknown = paths
	}
	if len(unknown) == 0 {
		return nil
	}
	text := "spec." + unknown[0]
	if len(unknown) > 1 {
		text += fmt.Sprintf(" and %d more", len(unknown)-1)
	}
	return &fault{
		reason: v1alpha1.ReasonUnsupported,
		text:   text + ": this version does not know the field; upgrade the operator, or delete it",
	}
}
