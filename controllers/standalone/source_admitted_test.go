// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"slices"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// countingAdmitter notes what is admitted.
type countingAdmitter struct {
	Admitter
	mu       sync.Mutex
	admitted []string
}

// take returns the names of what was admitted since it was called last, sorted: which of several is first is not said.
func (c *countingAdmitter) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	admitted := c.admitted
	c.admitted = nil
	slices.Sort(admitted)
	return admitted
}

func (c *countingAdmitter) Admit(ctx context.Context, u *unstructured.Unstructured, old client.Object) (client.Object, error) {
	c.mu.Lock()
	c.admitted = append(c.admitted, u.GetName())
	c.mu.Unlock()
	return c.Admitter.Admit(ctx, u, old)
}

func TestOnlyChangedDocumentsAreAdmitted(t *testing.T) {
	counter := &countingAdmitter{Admitter: testAdmitter(t)}
	load := func(former *manifest, inForce []entry, content string) (*manifest, []entry) {
		m := decode(file{name: "a.yaml", data: []byte(content)}, former)
		next, _ := merge(t.Context(), counter, []*manifest{m}, inForce, metav1.Now())
		return m, next
	}
	a, b := peerManifest("a", "192.0.2.1"), peerManifest("b", "192.0.2.2")
	broken := peerManifest("c", "nonsense")
	m, inForce := load(nil, nil, a+"---\n"+b+"---\n"+broken)
	if admitted := counter.take(); !slices.Equal(admitted, []string{"a", "b", "c"}) {
		t.Fatalf("at first: %v", admitted)
	}
	_, inForce = load(m, inForce, broken+"---\n"+b+"---\n"+peerManifest("a", "192.0.2.9"))
	if admitted := counter.take(); !slices.Equal(admitted, []string{"a"}) || len(inForce) != 2 {
		t.Errorf("after a change of a: %v", admitted)
	}
}
