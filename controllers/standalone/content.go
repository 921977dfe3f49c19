// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// content is one admitted version of an object. It is immutable.
type content interface {
	identity() identity
	// meta has what an API server adds: UID, generation and creationTimestamp.
	meta() metav1.ObjectMeta
	// held is the version that stays in force in the place of this one, which passed admission and still cannot be used: nil where
	// this one can, or no version could.
	held() client.Object
	// dated reports whether the manifest says the age, which is not that of the first sight then.
	dated() bool
	// object is the object as it was admitted. It must not be changed.
	object() client.Object
}

// newContent keeps an admitted object. former is the version that it replaces, nil for none.
func newContent(admitted client.Object, id identity, former content, dated bool) content {
	switch object := admitted.(type) {
	case *v1alpha1.Announcement:
		before, _ := former.(*Announcement)
		a := newAnnouncement(object, before)
		a.isDated = dated
		if a.issue != nil {
			a.valid = lastValid(former)
		}
		return a
	case *v1alpha1.BGPPeer:
		var before compile.Versions[compile.Peer]
		if former, ok := former.(*peer); ok {
			before = former.versions
		}
		p := &peer{plain: plain{admitted, id, dated}}
		if p.versions, p.issue = compile.ReadPeer(object, before); p.issue != nil {
			p.valid = lastValid(former)
		}
		return p
	default:
		return &plain{admitted, id, dated}
	}
}

// lastValid is the last version that could be used up to one, which may be nil.
func lastValid(former content) client.Object {
	switch former := former.(type) {
	case *peer:
		if former.issue != nil {
			return former.valid
		}
	case *Announcement:
		if former.issue != nil {
			return former.valid
		}
	case nil:
		return nil
	}
	return former.object()
}

// plain is an object that is kept as it is.
type plain struct {
	admitted client.Object
	id       identity
	isDated  bool
}

func (p *plain) identity() identity { return p.id }
func (p *plain) dated() bool        { return p.isDated }

func (p *plain) held() client.Object   { return nil }
func (p *plain) object() client.Object { return p.admitted }

func (p *plain) meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: p.id.Namespace, Name: p.id.Name, UID: p.admitted.GetUID(), Generation: p.admitted.GetGeneration(),
		CreationTimestamp: p.admitted.GetCreationTimestamp(),
	}
}

// peer is a BGPPeer and what it contributes.
type peer struct {
	plain
	versions compile.Versions[compile.Peer]
	issue    *compile.Issue
	// valid is the last version that could be used, nil where this one can.
	valid client.Object
}

func (p *peer) held() client.Object { return p.valid }

// Announcement is an Announcement in force and what it contributes. There may be very many, with a million prefixes: prefixes that the
// contribution has are not kept twice.
type Announcement struct {
	// kept is the object, without the prefixes where the contribution has them as they are written.
	kept *v1alpha1.Announcement
	// versions are those that count, and issue says why the newest cannot be used; nil where it can.
	versions compile.Versions[compile.Announcement]
	issue    *compile.Issue
	isDated  bool
	// valid is the last version that could be used, nil where this one can.
	valid client.Object
}

var announcementKind = schema.GroupKind{Group: v1alpha1.GroupName, Kind: "Announcement"}

// announcementNamed is the identity of an Announcement named "namespace/name".
func announcementNamed(name string) identity {
	id := identity{GroupKind: announcementKind}
	id.Namespace, id.Name, _ = strings.Cut(name, "/")
	return id
}

func newAnnouncement(object *v1alpha1.Announcement, former *Announcement) *Announcement {
	a := &Announcement{kept: object}
	var before compile.Versions[compile.Announcement]
	if former != nil {
		before = former.versions
	}
	a.versions, a.issue = compile.ReadAnnouncement(object, before)
	if a.contributes(object.Spec.Prefixes) {
		kept := *object
		kept.Spec.Prefixes = nil
		a.kept = &kept
	}
	return a
}

// contributes reports whether the contribution has the prefixes as they are written, but for their order, which has no meaning.
func (a *Announcement) contributes(texts []string) bool {
	if a.issue != nil {
		return false
	}
	read := a.versions.InForce.PrefixTexts()
	if len(read) != len(texts) {
		return false
	}
	texts = slices.Clone(texts)
	slices.Sort(texts)
	slices.Sort(read)
	return slices.Equal(read, texts)
}

func (a *Announcement) identity() identity {
	return identity{GroupKind: announcementKind, Namespace: a.kept.Namespace, Name: a.kept.Name}
}

// Ref names the object.
func (a *Announcement) Ref() compile.Ref { return compile.RefOf(&a.kept.ObjectMeta) }

func (a *Announcement) held() client.Object { return a.valid }

func (a *Announcement) dated() bool { return a.isDated }

func (a *Announcement) meta() metav1.ObjectMeta { return a.kept.ObjectMeta }

func (a *Announcement) object() client.Object { return a.Object() }

// Object is the Announcement without a status, its prefixes in the order of addresses. It must not be changed.
func (a *Announcement) Object() *v1alpha1.Announcement {
	if a.issue != nil || a.kept.Spec.Prefixes != nil {
		return a.kept
	}
	object := *a.kept
	object.Spec.Prefixes = a.versions.InForce.PrefixTexts()
	return &object
}
