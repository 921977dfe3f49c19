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
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
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

// started runs Herald's own code on manifests until it has a configuration. show is called before it ends.
func started(tb testing.TB, h *Herald, show func(*standalone.Runner)) {
	tb.Helper()
	runner, err := standalone.NewRunner(standalone.Options{Directory: h.manifests(), NodeName: "bench", Logger: logr.Discard()})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	for runner.Engine().State() == nil {
		select {
		case err := <-ended:
			tb.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	show(runner)
	cancel(nil)
	if err := <-ended; err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkStart is what herald standalone does before it can announce 10,000 Announcements of 100 prefixes: read, admit and compile them.
func BenchmarkStart(b *testing.B) {
	h := manifestsOf(b, Plan{
		Dir: b.TempDir(), Local: netip.MustParseAddr("198.18.0.10"), RouterID: netip.MustParseAddr("198.18.0.10"),
		Sinks:  []netip.Addr{netip.MustParseAddr("198.19.0.1")},
		Routes: dataset.Mixed(1_000_000, 10_000),
	})
	for b.Loop() {
		started(b, h, func(r *standalone.Runner) {
			if n := r.Engine().State().Config.Announcements.Len(); n != 10_000 {
				b.Fatalf("%d announcements, want 10,000", n)
			}
		})
	}
}

// TestManifests has Herald's own code admit what the benchmark writes.
func TestManifests(t *testing.T) {
	started(t, manifestsOf(t, plan(t)), func(r *standalone.Runner) {
		objects, err := r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		peers, announcements := 0, 0
		for _, object := range objects {
			switch o := object.(type) {
			case *v1alpha1.BGPPeer:
				peers++
			case *v1alpha1.Announcement:
				announcements++
				if first := strings.HasPrefix(o.Name, "first"); first != (o.Spec.PeerSelector != nil) {
					t.Errorf("%s: peer selector %v", o.Name, o.Spec.PeerSelector)
				}
			case *metav1.Status:
				t.Errorf("problem: %+v", o)
			}
		}
		if peers != 2 || announcements != 600+1+1 {
			t.Errorf("%d peers, %d announcements", peers, announcements)
		}
	})
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
