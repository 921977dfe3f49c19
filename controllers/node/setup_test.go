// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// TestNoSecretIsCached: a cache would hold all of a namespace, registry credentials and releases of Helm among them.
func TestNoSecretIsCached(t *testing.T) {
	a := NewAgent(speaker.New(speaker.Options{}), Options{NodeName: "node-1", AuthNamespace: "herald-system"})
	cached := a.CacheOptions().ByObject
	if len(cached) == 0 {
		t.Fatal("nothing is cached")
	}
	for object := range cached {
		if _, isSecret := object.(*corev1.Secret); isSecret {
			t.Error("Secrets are cached")
		}
	}
}

// TestIssuesAreLoggedOnce: a bad annotation of the Node shows nowhere else.
func TestIssuesAreLoggedOnce(t *testing.T) {
	var lines []string
	a := NewAgent(speaker.New(speaker.Options{}), Options{
		NodeName: "node-1",
		Logger:   funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}),
	})
	annotated := func(asn, routerID string) *compile.Output {
		return compile.Compile(compile.Input{Node: compile.NodeFacts{Name: "node-1", Annotations: map[string]string{
			v1alpha1.AnnotationASN: asn, v1alpha1.AnnotationRouterID: routerID,
		}}}, a.output.Load())
	}
	for _, step := range []struct {
		asn, routerID string
		want          []string // a part of each new line
	}{
		{asn: "65000.1", routerID: "192.0.2.1", want: []string{v1alpha1.AnnotationASN}},
		{asn: "65000.1", routerID: "192.0.2.1"},
		{asn: "65000.1", routerID: "::1", want: []string{v1alpha1.AnnotationRouterID}},
		{asn: "65001", routerID: "192.0.2.1"},
		{asn: "65000.1", routerID: "192.0.2.1", want: []string{v1alpha1.AnnotationASN}},
	} {
		lines = nil
		if err := a.configure(annotated(step.asn, step.routerID)); err != nil {
			t.Fatal(err)
		}
		if len(lines) != len(step.want) {
			t.Fatalf("with %s and %s it logs %q, want %d lines", step.asn, step.routerID, lines, len(step.want))
		}
		for i, want := range step.want {
			if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], `"object"="node-1"`) {
				t.Errorf("it logs %s, want %s of node-1 in it", lines[i], want)
			}
		}
	}
}
