// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// randomPrefix is a text that is a prefix, or nearly one, often at the edge of what a rule refuses.
func randomPrefix(r *rand.Rand) string {
	edges := []string{
		"0.0.0.0", "1.0.0.0", "10.0.0.0", "126.255.255.255", "127.0.0.0", "128.0.0.0", "192.0.2.0", "223.255.255.255", "224.0.0.0",
		"239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255", "::", "::1", "::2", "::ffff:192.0.2.0", "64:ff9b::192.0.2.0",
		"2001:db8::", "2001:DB8::", "2001:db8:0:0::", "fe7f::", "fe80::", "febf:ffff::", "fec0::", "feff::", "ff00::", "ffff::",
	}
	address, _ := netip.ParseAddr(edges[r.IntN(len(edges))])
	bits := r.IntN(address.BitLen() + 3)
	text := fmt.Sprintf("%s/%d", address, bits)
	switch r.IntN(8) {
	case 0, 1, 2:
		if prefix, err := address.Prefix(bits); err == nil {
			text = prefix.String()
		}
	case 3:
		text = fmt.Sprintf("%s/%d", edges[r.IntN(len(edges))], bits)
	case 4:
		cut := r.IntN(len(text))
		text = text[:cut] + string("0:./ 1fx%"[r.IntN(9)]) + text[cut:]
	}
	return text
}

// TestPlainPrefixesAreOfAllTheSchema: an object is refused for the same reasons, whether or not its plain prefixes are passed over.
func TestPlainPrefixesAreOfAllTheSchema(t *testing.T) {
	admitter, err := New()
	if err != nil {
		t.Fatal(err)
	}
	resource := admitter.custom[v1alpha1.GroupVersion.WithKind("Announcement")]
	if resource.plain == nil {
		t.Fatal("the schema of a prefix is another than plainRules stands for: every rule of CEL is evaluated for each prefix")
	}
	whole := *resource
	whole.plain = nil
	r := rand.New(rand.NewPCG(1, 2))
	object := func(prefixes ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": v1alpha1.GroupVersion.String(), "kind": "Announcement", "metadata": map[string]any{"name": "web", "namespace": "shop"},
			"spec": map[string]any{"prefixes": prefixes},
		}}
	}
	plain, refused := 0, 0
	for range 2_000 {
		var prefixes []any
		for range r.IntN(3) {
			prefixes = append(prefixes, randomPrefix(r))
		}
		of, old := object(prefixes...), (*unstructured.Unstructured)(nil)
		if r.IntN(4) == 0 {
			old = object(randomPrefix(r))
		}
		want, have := whole.validate(t.Context(), of, old), resource.validate(t.Context(), of, old)
		if fmt.Sprint(want) != fmt.Sprint(have) {
			t.Fatalf("%q after %v: %v, want %v", prefixes, old, have, want)
		}
		if hasPlainPrefixes(of) {
			plain++
		}
		if len(want) > 0 {
			refused++
		}
	}
	if plain < 200 || refused < 200 {
		t.Errorf("%d objects with plain prefixes, %d refused: too few to tell", plain, refused)
	}
	many := make([]any, 4097)
	for i := range many {
		many[i] = fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)
	}
	if len(resource.validate(t.Context(), object(many...), nil)) == 0 {
		t.Error("4,097 plain prefixes are admitted")
	}
	if len(resource.validate(t.Context(), object(), nil)) == 0 {
		t.Error("no prefix at all is admitted")
	}
}

// TestIsPlain: what the rules of CEL may refuse is not plain.
func TestIsPlain(t *testing.T) {
	for _, known := range special {
		if isPlain(known.String()) {
			t.Errorf("%s is plain", known)
		}
	}
	for text, want := range map[string]bool{
		"203.0.113.0/24": true, "2001:db8::/32": true, "0.0.0.0/0": false, "10.0.0.1/8": false, "2001:DB8::/32": false,
		"::ffff:192.0.2.0/120": false, "010.0.0.0/8": false, "10.0.0.0/08": false, "fe80::%eth0/64": false, "": false,
	} {
		if isPlain(text) != want {
			t.Errorf("%q is plain: %v, want %v", text, !want, want)
		}
	}
}
