// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// TestMemoryOfAnAnnouncement: with ten thousand of them and a million prefixes, what is kept beside the routes is what counts.
func TestMemoryOfAnAnnouncement(t *testing.T) {
	const (
		count, prefixes = 500, 100
		// bound is well above what is needed, and well below what decoded objects would take.
		bound = 4000
	)
	dir := t.TempDir()
	write(t, dir, "peer.yaml", peerManifest("tor", "127.0.0.7"))
	write(t, dir, "first.yaml", announcementManifest("first", "198.51.100.0/24"))
	runner, err := NewRunner(Options{Directory: dir, NodeName: "left", RouterID: netip.MustParseAddr("192.0.2.1"), Logger: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runner.source.Close() })
	load := func() uint64 {
		runner.source.load(t.Context(), time.Now())
		runner.hand(runner.source.news())
		settle(t, runner)
		runner.refresh()
		var stats runtime.MemStats
		for range 2 { // what finalizers hold goes with the second
			runtime.GC()
		}
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := load()
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "---\n%s  attributes: {communities: [\"64512:%d\"]}\n  prefixes:\n",
			strings.Split(announcementManifest(fmt.Sprintf("set-%05d", i)), "spec:")[0]+"spec:\n", i)
		for j := range prefixes {
			n := i*prefixes + j
			fmt.Fprintf(&text, "  - 10.%d.%d.%d/32\n", n>>16, n>>8&255, n&255)
		}
	}
	write(t, dir, "many.yaml", text.String())
	each := int(load()-before) / count
	if n := len(runner.statuses.announcements); n != count+1 {
		t.Fatalf("%d announcements in force, want %d: %v", n, count+1, runner.statuses.problems)
	}
	t.Logf("%d octets for an announcement of %d prefixes, %d a prefix", each, prefixes, each/prefixes)
	if each > bound {
		t.Errorf("an announcement of %d prefixes takes %d octets, want at most %d", prefixes, each, bound)
	}
	runtime.KeepAlive(runner)
}
