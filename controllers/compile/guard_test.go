// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// sent runs a configuration through a table, and returns what the guard refused for each peer, and how many routes went.
func sent(t *testing.T, in given) (refused []rib.Withheld, routes int) {
	t.Helper()
	cfg := compileGiven(in).Config
	exports := map[string]rib.Export{}
	for i, p := range cfg.Peers {
		exports[p.Name] = cfg.Exports[i]
	}
	table := rib.New()
	table.Update(cfg.Announcements, exports)
	for _, p := range cfg.Peers {
		out := table.Attach(p.Name, rib.Params{
			Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}, External: true, LocalASN: p.LocalASN, AS4: true,
			MaxLen: wire.MaxMessageLen, LocalAddress: netip.MustParseAddr("192.0.2.10"), NodeAddress6: netip.MustParseAddr("2001:db8::10"),
		})
		for len(out.Next(nil, 1<<16)) > 0 {
			out.Written()
		}
		report := out.Report()
		for _, w := range report.Withheld {
			if w.Reason == rib.ReasonGuardRefused {
				refused = append(refused, w)
			}
		}
		for _, n := range report.Announced {
			routes += n.Routes
		}
		out.Detach()
	}
	return refused, routes
}

// TestGuardAgrees: what compile decides and what the guard permits are made from one spec by two hands.
func TestGuardAgrees(t *testing.T) {
	seed := rand.Uint64()
	total := 0
	for i := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, i))
		refused, routes := sent(t, randomInput(r))
		if len(refused) > 0 {
			t.Fatalf("seed %d, input %d: the guard refuses %s %s", seed, i, refused[0].Announcement.Name, refused[0].Example)
		}
		total += routes
	}
	if total == 0 {
		t.Error("nothing was sent at all")
	}
}

// TestGuardRefuses: a guard made from narrower permissions than compile had refuses.
func TestGuardRefuses(t *testing.T) {
	in := input(func(in *given) {
		in.Peers[0].Spec.AllowedAnnouncements = allow(webTenant())
		in.Announcements = []v1alpha1.Announcement{announcement("shop", "web", 0, []string{"203.0.113.0/24"})}
	})
	cfg := compileGiven(in).Config
	in.Peers[0].Spec.AllowedAnnouncements = nil
	narrow := compileGiven(in).Config.Exports[0].Guard
	export := cfg.Exports[0]
	if export.Announcements.Len() != 1 {
		t.Fatalf("%d announcements, want one", export.Announcements.Len())
	}
	export.Guard = narrow
	table := rib.New()
	table.Update(cfg.Announcements, map[string]rib.Export{"tor-a": export})
	out := table.Attach("tor-a", rib.Params{
		Families: []wire.Family{wire.IPv4Unicast}, External: true, LocalASN: 64512, AS4: true, MaxLen: wire.MaxMessageLen,
		LocalAddress: netip.MustParseAddr("192.0.2.10"),
	})
	for len(out.Next(nil, 1<<16)) > 0 {
		out.Written()
	}
	if w := out.Report().Withheld; len(w) != 1 || w[0].Reason != rib.ReasonGuardRefused {
		t.Errorf("withheld %+v, want the guard's refusal", w)
	}
}
