// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"net/netip"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/herald-bgp/herald/speaker/wire"
)

// TestMartiansAreRefused: admission refuses the same prefixes that are ignored when they are received, of every length at the edges
// of each block.
func TestMartiansAreRefused(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	refused := 0
	for _, edge := range []string{
		"0.0.0.0", "0.255.255.255", "1.0.0.0", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", "223.255.255.255", "224.0.0.0",
		"239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255", "::", "::fffe:ffff:ffff", "::ffff:c000:201", "::1:0:0:0", "::1", "::2", "fe7f::", "fe80::", "febf::", "fec0::", "feff::", "ff00::", "ff02::1",
	} {
		addr := netip.MustParseAddr(edge)
		for bits := 0; bits <= addr.BitLen(); bits += 1 + bits/16*7 {
			prefix := netip.PrefixFrom(addr, bits).Masked()
			u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"prefixes": []any{prefix.String()}}}}
			u.SetAPIVersion("herald.network/v1alpha1")
			u.SetKind("Announcement")
			u.SetNamespace("default")
			u.SetName("edge")
			_, err := admitter.Admit(t.Context(), u, nil)
			if want := wire.Martian(prefix); (err != nil) != want {
				t.Errorf("%s: %v, want it refused: %v", prefix, err, want)
			}
			if err != nil {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
