// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

const (
	// brokenCIDR and newerNextHop make a tenant's entry one that cannot be read, or one of a later version.
	brokenCIDR   = "203.0.113.1/24"
	newerNextHop = v1alpha1.NextHopGrant("Newer")
)

// editPeer gives a BGPPeer a new generation, which is often not valid or not supported.
func editPeer(r *rand.Rand, p *v1alpha1.BGPPeer) {
	p.Generation++
	p.Spec.AllowedAnnouncements = randomGrants(r)
	for i := range p.Spec.AllowedAnnouncements.Tenants {
		entry := &p.Spec.AllowedAnnouncements.Tenants[i]
		switch r.IntN(6) {
		case 0:
			entry.Prefixes = append(entry.Prefixes, v1alpha1.TenantPrefix{CIDR: brokenCIDR})
		case 1:
			entry.Attributes = &v1alpha1.TenantAttributes{NextHop: new(newerNextHop)}
		}
	}
	p.Spec.Families = [][]v1alpha1.Family{nil, {family4()}, {family6()}, {family4(), family6()}}[r.IntN(4)]
	p.Spec.AdminState = []*v1alpha1.AdminState{nil, nil, new(v1alpha1.AdminStateDown)}[r.IntN(3)]
	p.Spec.Port, p.Spec.ApplyMode, p.Spec.UnknownFields = nil, nil, nil
	switch r.IntN(5) {
	case 0:
		p.Spec.Port = new(int32(0))
	case 1:
		p.Spec.ApplyMode = new(unknownMode)
	case 2:
		p.Spec.UnknownFields = []string{"bfd"}
	}
}

// editAnnouncement does the same for an Announcement.
func editAnnouncement(r *rand.Rand, a *v1alpha1.Announcement) {
	a.Generation++
	other := randomInput(r).Announcements[0]
	a.Spec.Attributes, a.Spec.AdminState, a.Spec.UnknownFields = other.Spec.Attributes, nil, nil
	a.Spec.ExpireAfterSeconds = []*int32{nil, new(int32(0)), new(int32(1 + r.IntN(12))), new(int32(1 + r.IntN(12)))}[r.IntN(4)]
	if r.IntN(4) == 0 {
		down(a)
	}
	switch r.IntN(3) {
	case 0:
		a.Spec.Prefixes = a.Spec.Prefixes[:r.IntN(len(a.Spec.Prefixes))+1]
	case 1:
		a.Spec.Prefixes = append(slices.Clone(a.Spec.Prefixes), other.Spec.Prefixes...)
	}
	switch r.IntN(4) {
	case 0:
		a.Spec.PathID = new(int64(-1))
	case 1:
		a.Spec.PathID = nil
		a.Spec.UnknownFields = []string{"healthCheck", "healthCheck.http"}
	case 2:
		a.Spec.PathID = nil
	}
}

// renew renews an Announcement, or writes something else into the annotation.
func renew(r *rand.Rand, a *v1alpha1.Announcement, now time.Time) {
	at := []string{
		now.Format(time.RFC3339), now.Add(time.Minute).Format(time.RFC3339), now.Add(time.Minute + time.Duration(1+r.IntN(5))*time.Second).Format(time.RFC3339),
		now.Add(-5 * time.Second).Format(time.RFC3339), "tomorrow", "",
	}[r.IntN(6)]
	a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: at}
	if r.IntN(6) == 0 {
		a.Annotations = nil
	}
}

// comeOrGo adds objects, removes some, or begins to delete some.
func comeOrGo(r *rand.Rand, in *given) {
	other := randomInput(r)
	switch p, a := r.IntN(len(in.Peers)), r.IntN(len(in.Announcements)); {
	case r.IntN(3) == 0:
		now := metav1.NewTime(born)
		in.Peers[p].DeletionTimestamp, in.Announcements[a].DeletionTimestamp = &now, &now
	case len(in.Peers) > 1 && len(in.Announcements) > 1 && r.IntN(2) == 0:
		in.Peers, in.Announcements = slices.Delete(in.Peers, p, p+1), slices.Delete(in.Announcements, a, a+1)
	default:
		for _, p := range other.Peers {
			if !slices.ContainsFunc(in.Peers, func(known v1alpha1.BGPPeer) bool { return known.Name == p.Name }) {
				p.UID = types.UID(fmt.Sprint(p.UID, "-", r.Uint64())) // no UID is used twice
				in.Peers = append(in.Peers, p)
			}
		}
		for _, a := range other.Announcements {
			if !slices.ContainsFunc(in.Announcements, func(known v1alpha1.Announcement) bool { return known.Name == a.Name }) {
				a.UID = types.UID(fmt.Sprint(a.UID, "-", r.Uint64()))
				in.Announcements = append(in.Announcements, a)
			}
		}
	}
}

// lastValid is the last version of each object that could be used, and the last renewal that counted, by UID.
type lastValid map[types.UID]any

// inForce is an input of the objects as they are in force, found without the code that does so.
func (v lastValid) inForce(in given) given {
	out := clone(in)
	for i := range out.Peers {
		newest := &out.Peers[i]
		_, issue := compile.ReadPeer(newest, compile.Versions[compile.Peer]{})
		if issue == nil {
			v[newest.UID] = newest.DeepCopy()
		}
		valid, ok := v[newest.UID].(*v1alpha1.BGPPeer)
		if ok && issue != nil {
			out.Peers[i] = *peerInForce(valid, newest, issue.Reason)
		}
	}
	for i := range out.Announcements {
		newest := &out.Announcements[i]
		_, issue := compile.ReadAnnouncement(newest, compile.Versions[compile.Announcement]{})
		if issue == nil {
			v[newest.UID] = newest.DeepCopy()
		}
		valid, ok := v[newest.UID].(*v1alpha1.Announcement)
		if ok && issue != nil {
			if held := announcementInForce(valid, newest, issue.Reason); len(held.Spec.Prefixes) > 0 {
				out.Announcements[i], issue = *held, nil
			}
		}
		v.renew(&out.Announcements[i], issue == nil, in.Now)
	}
	return out
}

// renew puts the last renewal that counted in the place of one that does not count.
func (v lastValid) renew(a *v1alpha1.Announcement, used bool, now time.Time) {
	key := "renewed " + a.UID
	text, there := a.Annotations[v1alpha1.AnnotationRenewedAt]
	if !used || a.DeletionTimestamp != nil || a.Spec.ExpireAfterSeconds == nil || !there {
		delete(v, key)
		return
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && !at.After(now.Add(time.Minute)) {
		v[key] = text
	}
	counted, _ := v[key].(string)
	a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: counted}
}

func peerInForce(valid, newest *v1alpha1.BGPPeer, reason string) *v1alpha1.BGPPeer {
	held := valid.DeepCopy()
	held.Labels, held.DeletionTimestamp = newest.Labels, newest.DeletionTimestamp
	if newest.Spec.AdminState != nil {
		held.Spec.AdminState = newest.Spec.AdminState
	}
	if reason == v1alpha1.ReasonInvalid && len(newest.Spec.Families) > 0 {
		before := held.Spec.Families
		if len(before) == 0 {
			before = []v1alpha1.Family{family4(), family6()}
		}
		left := slices.DeleteFunc(slices.Clone(before), func(f v1alpha1.Family) bool { return !slices.Contains(newest.Spec.Families, f) })
		if len(left) > 0 {
			held.Spec.Families = left
		}
	}
	allowed := newest.Spec.AllowedAnnouncements.DeepCopy()
	allowed.Tenants = nil
	for _, entry := range newest.Spec.AllowedAnnouncements.Tenants {
		broken := slices.ContainsFunc(entry.Prefixes, func(p v1alpha1.TenantPrefix) bool { return p.CIDR == brokenCIDR })
		newer := entry.Attributes != nil && entry.Attributes.NextHop != nil && *entry.Attributes.NextHop == newerNextHop
		if newer && valid.Spec.AllowedAnnouncements != nil {
			for _, known := range valid.Spec.AllowedAnnouncements.Tenants {
				if known.Name == entry.Name {
					allowed.Tenants = append(allowed.Tenants, known)
				}
			}
		}
		if !newer && !broken {
			allowed.Tenants = append(allowed.Tenants, entry)
		}
	}
	held.Spec.AllowedAnnouncements = allowed
	return held
}

func announcementInForce(valid, newest *v1alpha1.Announcement, reason string) *v1alpha1.Announcement {
	held := valid.DeepCopy()
	held.DeletionTimestamp = newest.DeletionTimestamp
	if newest.Spec.AdminState != nil {
		held.Spec.AdminState = newest.Spec.AdminState
	}
	held.Annotations = newest.Annotations
	if now, before := newest.Spec.ExpireAfterSeconds, held.Spec.ExpireAfterSeconds; now != nil && *now > 0 && (before == nil || *now < *before) {
		held.Spec.ExpireAfterSeconds = now
	}
	if reason != v1alpha1.ReasonInvalid {
		return held
	}
	for _, text := range newest.Spec.Prefixes {
		if prefix := netip.MustParsePrefix(text); prefix != prefix.Masked() {
			return held
		}
	}
	held.Spec.Prefixes = slices.DeleteFunc(held.Spec.Prefixes, func(p string) bool { return !slices.Contains(newest.Spec.Prefixes, p) })
	return held
}
