// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestAnnouncementIsWhatWasAdmitted: what is not kept twice is put together again.
func TestAnnouncementIsWhatWasAdmitted(t *testing.T) {
	const text = `apiVersion: herald.network/v1alpha1
kind: Announcement
metadata: {name: web, namespace: shop, labels: {tier: front}, annotations: {note: "for people"}}
spec:
  prefixes: [203.0.113.0/24, "2001:db8:1::/48", 198.51.100.0/24]
  pathID: 7
  peerSelector: {matchLabels: {side: left}}
  nodeSelector: {matchExpressions: [{key: rack, operator: In, values: [a, b]}]}
  attributes: {med: 5, communities: ["64512:1", NO_EXPORT], asPath: [64512], localPref: 200, nextHop: {ipv4: 192.0.2.1}}
`
	load := func(content string, former []entry) (*Announcement, []entry) {
		t.Helper()
		m := decode(file{name: "a.yaml", data: []byte(content)}, nil)
		entries, problems := merge(t.Context(), testAdmitter(t), []*manifest{m}, former, metav1.Now())
		if len(problems) > 0 || len(entries) != 1 {
			t.Fatalf("%d in force, problems %+v", len(entries), problems)
		}
		return entries[0].content.(*Announcement), entries
	}
	a, entries := load(text, nil)
	got := a.Object()
	if a.kept.Spec.Prefixes != nil {
		t.Fatal("the prefixes are kept twice")
	}
	if want := []string{"198.51.100.0/24", "203.0.113.0/24", "2001:db8:1::/48"}; !slices.Equal(got.Spec.Prefixes, want) {
		t.Errorf("prefixes %v, want %v", got.Spec.Prefixes, want)
	}
	if got.Name != "web" || got.Namespace != "shop" || got.UID == "" || got.Generation != 1 || got.CreationTimestamp.IsZero() ||
		!maps.Equal(got.Labels, map[string]string{"tier": "front"}) || !maps.Equal(got.Annotations, map[string]string{"note": "for people"}) {
		t.Errorf("metadata %+v", got.ObjectMeta)
	}
	want := v1alpha1.AnnouncementSpec{
		Prefixes: got.Spec.Prefixes, PathID: new(int64(7)),
		PeerSelector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"side": "left"}},
		NodeSelector: &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{
			{Key: "rack", Operator: v1alpha1.LabelIn, Values: []v1alpha1.LabelValue{"a", "b"}},
		}},
		Attributes: &v1alpha1.PathAttributes{
			MED: new(int64(5)), Communities: []string{"64512:1", "NO_EXPORT"}, ASPath: []int64{64512}, LocalPref: new(int64(200)),
			NextHop: &v1alpha1.NextHop{IPv4: new("192.0.2.1")},
		},
	}
	if !reflect.DeepEqual(got.Spec, want) {
		t.Errorf("spec %+v, want %+v", got.Spec, want)
	}

	reordered := strings.Replace(text, `203.0.113.0/24, "2001:db8:1::/48"`, `"2001:db8:1::/48", 203.0.113.0/24`, 1)
	if same, _ := load(reordered, entries); !reflect.DeepEqual(same.Object(), got) {
		t.Errorf("in another order: %+v, want %+v", same.Object(), got)
	}
	same, entries := load(text+"# a comment\n", entries)
	if again := same.Object(); !reflect.DeepEqual(again, got) || same.kept.Spec.Prefixes != nil {
		t.Errorf("with a comment: %+v, want %+v", again, got)
	}
	other, _ := load(text+"  deaggregate: {ipv4: 25}\n", entries)
	if next := other.Object(); next.Generation != 2 || !next.CreationTimestamp.Equal(&got.CreationTimestamp) || next.Spec.Deaggregate == nil {
		t.Errorf("a change: %+v", next)
	}
}

// TestAnnouncementThatCannotBePutTogether: a contribution does not have prefixes that are part of another one.
func TestAnnouncementThatCannotBePutTogether(t *testing.T) {
	prefixes := []string{"10.0.0.0/8", "10.1.0.0/16"}
	object := &v1alpha1.Announcement{Spec: v1alpha1.AnnouncementSpec{Prefixes: prefixes, Deaggregate: &v1alpha1.Deaggregate{IPv4: new(int32(20))}}}
	a := newAnnouncement(object, nil)
	if got := a.Object(); got != object {
		t.Errorf("%+v, want the object itself", got)
	}
	if read := a.versions.InForce; read == nil || len(read.PrefixTexts()) != 1 {
		t.Errorf("the contribution is %+v, want one prefix", read)
	}
}

// TestContentKeepsTheLastValid: what passes admission and still cannot be used leaves in force what was.
func TestContentKeepsTheLastValid(t *testing.T) {
	at := func(generation int64, med int64, former *Announcement) *Announcement {
		object := &v1alpha1.Announcement{Spec: v1alpha1.AnnouncementSpec{
			Prefixes: []string{"203.0.113.0/24"}, Attributes: &v1alpha1.PathAttributes{MED: &med},
		}}
		object.Name, object.Generation = "web", generation
		return newAnnouncement(object, former)
	}
	valid := at(1, 1, nil)
	broken := at(3, -1, at(2, -1, valid))
	if broken.versions.InForce != valid.versions.InForce || broken.issue == nil || !broken.issue.Held {
		t.Errorf("in force is %v with the issue %+v, want the valid version", broken.versions.InForce, broken.issue)
	}
	if got := broken.Object(); got.Generation != 3 || *got.Spec.Attributes.MED != -1 {
		t.Errorf("the object is shown as %+v, want the newest version", got)
	}
	if none := at(1, -1, nil); none.versions.InForce != nil {
		t.Error("an object without a valid version is in force")
	}
}
