// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

func TestFactsOfTakesInternalAddresses(t *testing.T) {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: map[string]string{"rack": "a"}},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeHostName, Address: "node-1"},
			{Type: corev1.NodeExternalIP, Address: "198.51.100.7"},
			{Type: corev1.NodeInternalIP, Address: "not an address"},
			{Type: corev1.NodeInternalIP, Address: "fe80::1"},
			{Type: corev1.NodeInternalIP, Address: "2001:db8::10"},
			{Type: corev1.NodeInternalIP, Address: "192.0.2.10"},
		}},
	}
	facts := compile.FactsOf(node, compile.NodeFacts{})
	if want := addrs("fe80::1", "2001:db8::10", "192.0.2.10"); !slices.Equal(facts.Addresses, want) {
		t.Errorf("addresses %v, want %v", facts.Addresses, want)
	}
	if got := facts.Address4(); got != netip.MustParseAddr("192.0.2.10") {
		t.Errorf("IPv4 address %v", got)
	}
	if got := facts.Address6(); got != netip.MustParseAddr("2001:db8::10") {
		t.Errorf("IPv6 address %v, want the one that is not link-local", got)
	}
}

func TestRouterID(t *testing.T) {
	tests := []struct {
		name       string
		override   string
		annotation string
		addresses  []netip.Addr
		want       string // empty: a hash of the node's name
		origin     speaker.RouterIDOrigin
		issue      string
	}{
		{name: "override", override: "10.0.0.9", annotation: "10.0.0.8", addresses: addrs("192.0.2.10"), want: "10.0.0.9"},
		{name: "annotation", annotation: "10.0.0.8", addresses: addrs("192.0.2.10"), want: "10.0.0.8"},
		{name: "internal address", origin: speaker.RouterIDDerived, addresses: addrs("2001:db8::1", "192.0.2.10"), want: "192.0.2.10"},
		{name: "bad annotation", origin: speaker.RouterIDUnreadable, annotation: "router", addresses: addrs("192.0.2.10"), want: "192.0.2.10", issue: "router-id"},
		{name: "zero annotation", origin: speaker.RouterIDUnreadable, annotation: "0.0.0.0", addresses: addrs("192.0.2.10"), want: "192.0.2.10", issue: "router-id"},
		{name: "IPv6 annotation", origin: speaker.RouterIDUnreadable, annotation: "2001:db8::1", addresses: addrs("192.0.2.10"), want: "192.0.2.10", issue: "router-id"},
		{name: "IPv6 only", origin: speaker.RouterIDDerived, addresses: addrs("2001:db8::1")},
		{name: "no address", origin: speaker.RouterIDDerived},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(func(in *given) {
				in.Node.Addresses = test.addresses
				if test.annotation != "" {
					in.Node.Annotations = map[string]string{v1alpha1.AnnotationRouterID: test.annotation}
				}
				if test.override != "" {
					in.RouterID = netip.MustParseAddr(test.override)
				}
			})
			out := compileGiven(in)
			got := out.Config.RouterID
			if test.want != "" && got.String() != test.want {
				t.Errorf("router ID %v, want %s", got, test.want)
			}
			if origin := out.Config.RouterIDOrigin; origin != test.origin {
				t.Errorf("origin %v, want %v", origin, test.origin)
			}
			if !got.Is4() || got.IsUnspecified() {
				t.Errorf("router ID %v is no BGP identifier", got)
			}
			if again := compileGiven(in).Config.RouterID; again != got {
				t.Errorf("router ID %v, then %v", got, again)
			}
			if test.issue != "" {
				wantIssue(t, out.Issues, "node-1", "", v1alpha1.ReasonInvalid, test.issue)
			} else if len(out.Issues) > 0 {
				t.Errorf("issues: %v", out.Issues)
			}
		})
	}
}

func TestHashedRouterIDsDiffer(t *testing.T) {
	in := input(func(in *given) { in.Node.Addresses = nil })
	one := compileGiven(in).Config.RouterID
	in.Node.Name, in.NodeName = "node-2", "node-2"
	if two := compileGiven(in).Config.RouterID; one == two {
		t.Errorf("both nodes have the router ID %v", one)
	}
}

func TestLocalASN(t *testing.T) {
	tests := []struct {
		name       string
		annotation string
		peer       *int64
		want       uint32 // 0: no session
		issue      string // the object it is about
	}{
		{name: "peer", peer: new(int64(64512)), want: 64512},
		{name: "annotation wins", annotation: "4200000001", peer: new(int64(64512)), want: 4200000001},
		{name: "annotation alone", annotation: "64513", want: 64513},
		{name: "bad annotation", annotation: "AS64513", peer: new(int64(64512)), want: 64512, issue: "node-1"},
		{name: "AS_TRANS annotation", annotation: "23456", peer: new(int64(64512)), want: 64512, issue: "node-1"},
		{name: "zero annotation", annotation: "0", peer: new(int64(64512)), want: 64512, issue: "node-1"},
		{name: "neither", issue: "tor-a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) {
				in.Peers[0].Spec.LocalASN = test.peer
				if test.annotation != "" {
					in.Node.Annotations = map[string]string{v1alpha1.AnnotationASN: test.annotation}
				}
			}))
			switch test.issue {
			case "tor-a":
				wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionEstablished, v1alpha1.ReasonNoLocalASN, "node-1")
			case "node-1":
				wantIssue(t, out.Issues, "node-1", "", v1alpha1.ReasonInvalid, v1alpha1.AnnotationASN)
			}
			if test.want == 0 {
				if len(out.Config.Peers) != 0 {
					t.Errorf("a session without an ASN: %+v", out.Config.Peers)
				}
				return
			}
			if got := sessionPeer(t, out).LocalASN; got != test.want {
				t.Errorf("local ASN %d, want %d", got, test.want)
			}
		})
	}
}

// A slip in the annotation must not end the sessions of a node: with another ASN, or none, each of them would.
func TestUnreadableASNLeavesTheLastOne(t *testing.T) {
	annotated := func(uid, asn string) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: "node-1", UID: types.UID(uid), Annotations: map[string]string{v1alpha1.AnnotationASN: asn},
		}}
	}
	var facts compile.NodeFacts
	for _, step := range []struct {
		what, uid, annotation string
		want                  uint32
		issue                 string
	}{
		{"valid", "1", "64513", 64513, ""},
		{"a slip", "1", "AS64513", 64513, "AS 64513, which it was before, is in force"},
		{"another slip", "1", "64513 ", 64513, "AS 64513, which it was before, is in force"},
		{"mended", "1", "64514", 64514, ""},
		{"another Node of the name", "2", "AS64514", 0, "is ignored"},
	} {
		facts = compile.FactsOf(annotated(step.uid, step.annotation), facts)
		asn, issues := facts.ASN()
		if asn != step.want {
			t.Errorf("%s: AS %d, want %d", step.what, asn, step.want)
		}
		if step.issue == "" && len(issues) > 0 {
			t.Errorf("%s: issues %v", step.what, issues)
		}
		if step.issue != "" {
			wantIssue(t, issues, "node-1", "", v1alpha1.ReasonInvalid, step.issue)
		}
	}
	facts = compile.FactsOf(annotated("2", "64514"), facts)
	removed := annotated("2", "")
	removed.Annotations = nil
	facts = compile.FactsOf(removed, facts)
	if asn, issues := facts.ASN(); asn != 0 || len(issues) > 0 {
		t.Errorf("without the annotation: AS %d, %v", asn, issues)
	}
}
