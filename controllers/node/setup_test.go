// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// TestCachedSecrets: keys of sessions are, whatever their type, and Helm's releases are not.
func TestCachedSecrets(t *testing.T) {
	a := NewAgent(speaker.New(speaker.Options{}), Options{NodeName: "node-1", AuthNamespace: "herald-system"})
	found := false
	for object, cached := range a.CacheOptions().ByObject {
		if _, isSecret := object.(*corev1.Secret); !isSecret {
			continue
		}
		found = true
		if _, ok := cached.Namespaces["herald-system"]; !ok || len(cached.Namespaces) != 1 {
			t.Errorf("Secrets of %v are cached, want those of one namespace", cached.Namespaces)
		}
		for kind, want := range map[corev1.SecretType]bool{
			corev1.SecretTypeOpaque: true, corev1.SecretTypeBasicAuth: true, "example.com/key": true, "helm.sh/release.v1": false,
		} {
			if got := cached.Field.Matches(fields.Set{"type": string(kind)}); got != want {
				t.Errorf("a Secret of type %s is cached: %v, want %v", kind, got, want)
			}
		}
	}
	if !found {
		t.Error("nothing is said of Secrets")
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
