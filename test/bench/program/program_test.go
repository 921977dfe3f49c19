// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/admission"
	"github.com/herald-bgp/herald/controllers/standalone"
	"github.com/herald-bgp/herald/test/bench/dataset"
)

func plan(t *testing.T) Plan {
	return Plan{
		Dir: t.TempDir(), Local: netip.MustParseAddr("198.18.0.10"), RouterID: netip.MustParseAddr("198.18.0.10"),
		Sinks:    []netip.Addr{netip.MustParseAddr("198.19.0.1"), netip.MustParseAddr("198.19.0.2")},
		Routes:   dataset.Mixed(20_000, 600), // more sets than one file holds
		First:    dataset.HostRoutes("10.0.0.0", 1000),
		Changing: dataset.HostRoutes("10.128.0.0", 100),
	}
}

// manifestsOf writes the manifests of a plan.
func manifestsOf(tb testing.TB, plan Plan) *Herald {
	tb.Helper()
	h := &Herald{plan: plan}
	if err := os.MkdirAll(h.manifests(), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := h.write(); err != nil {
		tb.Fatal(err)
	}
	return h
}

// admitted is what Herald's own code makes of manifests.
func admitted(tb testing.TB, h *Herald) standalone.Objects {
	tb.Helper()
	admitter, err := admission.New()
	if err != nil {
		tb.Fatal(err)
	}
	source, err := standalone.Open(h.manifests(), "", admitter, logr.Discard())
	if err != nil {
		tb.Fatal(err)
	}
	var objects standalone.Objects
	ctx, cancel := context.WithCancel(tb.Context())
	if err := source.Run(ctx, func(o standalone.Objects) { objects = o; cancel() }); err != nil {
		tb.Fatal(err)
	}
	return objects
}

// BenchmarkStart is what herald standalone does before it can announce 10,000 Announcements of 100 prefixes: read and admit them.
func BenchmarkStart(b *testing.B) {
	h := manifestsOf(b, Plan{
		Dir: b.TempDir(), Local: netip.MustParseAddr("198.18.0.10"), RouterID: netip.MustParseAddr("198.18.0.10"),
		Sinks:  []netip.Addr{netip.MustParseAddr("198.19.0.1")},
		Routes: dataset.Mixed(1_000_000, 10_000),
	})
	for b.Loop() {
		if objects := admitted(b, h); len(objects.Problems) > 0 || len(objects.Announcements) != 10_000 {
			b.Fatalf("%d announcements, problems %v", len(objects.Announcements), objects.Problems)
		}
	}
}

// TestManifests has Herald's own code admit what the benchmark writes.
func TestManifests(t *testing.T) {
	objects := admitted(t, manifestsOf(t, plan(t)))
	if len(objects.Problems) > 0 {
		t.Fatalf("%+v", objects.Problems[0])
	}
	if len(objects.Peers) != 2 || len(objects.Announcements) != 600+1+1 {
		t.Errorf("%d peers, %d announcements", len(objects.Peers), len(objects.Announcements))
	}
	for _, a := range objects.Announcements {
		object := a.Object()
		if first := strings.HasPrefix(object.Name, "first"); first != (object.Spec.PeerSelector != nil) {
			t.Errorf("%s: peer selector %v", object.Name, object.Spec.PeerSelector)
		}
	}
}

// TestMRT counts the records of a table dump.
func TestMRT(t *testing.T) {
	for _, data := range []*dataset.Data{dataset.HostRoutes("10.0.0.0", 100), dataset.Networks6("2001:db8:8000::", 100)} {
		name := filepath.Join(t.TempDir(), "routes.mrt")
		nextHop := netip.MustParseAddr("198.18.0.10")
		own := mrtIPv4Unicast
		if data.Is6() {
			nextHop, own = netip.MustParseAddr("2001:db8::1"), mrtIPv6Unicast
		}
		if err := writeMRT(name, data, nextHop); err != nil {
			t.Fatal(err)
		}
		octets, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records := map[int]int{}
		for len(octets) >= 12 {
			length := 12 + int(binary.BigEndian.Uint32(octets[8:]))
			records[int(binary.BigEndian.Uint16(octets[6:]))]++
			octets = octets[length:]
		}
		other := mrtIPv4Unicast + mrtIPv6Unicast - own
		if len(octets) > 0 || records[mrtPeerIndex] != 1 || records[own] != 100 || records[other] != mrtPadding {
			t.Errorf("%s: %v, %d octets left", data.Title, records, len(octets))
		}
	}
}
