// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestChanges: each look says what came, changed and went since the one before, be there problems or not.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	source, err := Open(dir, "", testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	now := time.Now()
	names := func(ids []identity) []string {
		var names []string
		for _, id := range ids {
			names = append(names, id.String())
		}
		return names
	}
	for _, step := range []struct {
		name                    string
		change                  func()
		added, changed, removed []string
		problems                int
	}{
		{name: "two come", change: func() {
			write(t, dir, "web.yaml", announcementManifest("web", "203.0.113.0/24"))
			write(t, dir, "peer.yaml", peerManifest("tor", "127.0.0.7"))
		}, added: []string{"BGPPeer tor", "Announcement default/web"}},
		{name: "nothing happens", change: func() {}},
		{name: "one changes", change: func() { write(t, dir, "web.yaml", announcementManifest("web", "203.0.113.0/25")) },
			changed: []string{"Announcement default/web"}},
		{name: "one breaks", change: func() { write(t, dir, "web.yaml", announcementManifest("web", "203.0.113.1/25")) }, problems: 1},
		{name: "one moves, and another comes", change: func() {
			write(t, dir, "all.yaml", announcementManifest("web", "203.0.113.0/25")+"---\n"+announcementManifest("shop", "198.51.100.0/24"))
			remove(t, dir, "web.yaml")
		}, added: []string{"Announcement default/shop"}, changed: []string{"Announcement default/web"}},
		{name: "one goes", change: func() { remove(t, dir, "peer.yaml") }, removed: []string{"BGPPeer tor"}},
		{name: "the directory goes", change: func() {
			if err := os.Rename(dir, filepath.Join(t.TempDir(), "away")); err != nil {
				t.Fatal(err)
			}
		}, problems: 1},
	} {
		step.change()
		now = now.Add(timeGrain) // so that no file may hide a change
		source.load(t.Context(), now)
		objects := snapshotOf(source, source.news())
		got := objects.changes
		if !slices.Equal(names(got.added), step.added) || !slices.Equal(names(got.changed), step.changed) ||
			!slices.Equal(names(got.removed), step.removed) || len(objects.Problems) != step.problems {
			t.Errorf("%s: %+v with problems %v", step.name, got, objects.Problems)
		}
	}
}
