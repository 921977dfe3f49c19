// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/controllers/status"
)

// TestMergeOfWhatChanged: after each change of a random history, what is in force is what a merge of all files makes of the same
// past, and so are the places of the problems.
func TestMergeOfWhatChanged(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			dir := t.TempDir()
			source, err := Open(dir, "", testAdmitter(t), logr.Discard())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = source.Close() })
			now, partial := time.Now(), 0
			for step := range 150 {
				for range 1 + random.IntN(2) {
					changeFile(t, random, dir)
				}
				former := slices.SortedFunc(maps.Values(source.objects.entries), entry.compare)
				before := maps.Clone(source.objects.entries)
				now = now.Add(timeGrain) // so that no file may hide a change
				source.load(t.Context(), now)
				news := source.news()

				var manifests []*manifest
				for _, name := range slices.Sorted(maps.Keys(source.files)) {
					manifests = append(manifests, source.files[name])
				}
				entries, problems := merge(t.Context(), testAdmitter(t), manifests, former, source.seen)
				inForce := slices.SortedFunc(maps.Values(source.objects.entries), entry.compare)
				if !slices.Equal(inForce, entries) {
					t.Fatalf("step %d: in force\n%+v\nwant\n%+v", step, inForce, entries)
				}
				if have, want := placesOf(source.problems), placesOf(problems); !slices.Equal(have, want) {
					t.Fatalf("step %d: problems\n%q\nwant\n%q", step, have, want)
				}
				checkChanges(t, news.changes, before, source.objects.entries)
				if moved := len(news.changes.all()); moved > 0 && moved < len(entries) {
					partial++
				}
			}
			if partial == 0 {
				t.Error("no change was of a part of the objects")
			}
		})
	}
}

// changeFile writes or removes a file, of few names so that they collide.
func changeFile(t *testing.T, random *rand.Rand, dir string) {
	t.Helper()
	name := string(rune('a'+random.IntN(5))) + ".yaml"
	if random.IntN(5) == 0 {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return
	}
	var documents []string
	for range random.IntN(4) {
		peer := peerManifest(fmt.Sprintf("peer-%d", random.IntN(6)), fmt.Sprintf("192.0.2.%d", 1+random.IntN(3)))
		switch random.IntN(8) {
		case 0:
			peer = strings.Replace(peer, "192.0.2.", "nonsense-", 1)
		case 1:
			peer = strings.Replace(peer, "BGPPeer", "BGPPer", 1)
		case 2:
			peer = "{"
		}
		documents = append(documents, peer)
	}
	write(t, dir, name, strings.Join(documents, "---\n"))
}

func placesOf(problems []Problem) []string {
	var places []string
	for i := range problems {
		places = append(places, problems[i].Position()+": "+problems[i].Object)
	}
	return places
}

// checkChanges compares what is told to have changed with what did.
func checkChanges(t *testing.T, told changes, before, after map[identity]entry) {
	t.Helper()
	var want changes
	for id, e := range after {
		if was, existed := before[id]; !existed {
			want.added = append(want.added, id)
		} else if was.content != e.content {
			want.changed = append(want.changed, id)
		}
	}
	for id := range before {
		if _, exists := after[id]; !exists {
			want.removed = append(want.removed, id)
		}
	}
	for _, c := range []*changes{&told, &want} {
		for _, ids := range [][]identity{c.added, c.changed, c.removed} {
			slices.SortFunc(ids, identity.compare)
		}
	}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("changes %+v, want %+v", told, want)
	}
}

// TestOneChangeIsItsOwnWork: however many objects there are, a change of one file has its objects alone decided on, and their
// statuses alone made anew.
func TestOneChangeIsItsOwnWork(t *testing.T) {
	for i, count := range []int{10, 300} {
		h := newHost(t, "left", fmt.Sprintf("127.0.0.%d", 21+i))
		write(t, h.dir, "peer.yaml", peerManifest("tor", "127.0.0.23"))
		for i := range count {
			write(t, h.dir, fmt.Sprintf("%03d.yaml", i), announcementManifest(fmt.Sprintf("set-%03d", i), fmt.Sprintf("10.0.%d.%d/32", i>>8, i&255)))
		}
		h.start()
		eventually(t, "the session, which is down", func() error {
			_, err := h.condition("BGPSession", "tor.left", "Established")
			return err
		})
		before := h.confirmations()
		write(t, h.dir, "007.yaml", announcementManifest("set-007", "203.0.113.0/24"))
		eventually(t, "the change", func() error { return h.isTrue("Announcement", "set-007", "Accepted", 2) })
		told := 0
		for uid, confirmation := range h.confirmations() {
			if confirmation != before[uid] {
				told++
			}
		}
		if len(before) != count || told != 1 {
			t.Errorf("of %d announcements %d statuses were made anew, want one of %d", len(before), told, count)
		}
		h.stop(nil)
		of := h.source.together(map[string]*manifest{"007.yaml": h.source.files["007.yaml"]})
		if len(of.files) != 1 || len(of.objects) != 1 {
			t.Errorf("of %d files %d, with %d objects, are decided on, want one of each", count, len(of.files), len(of.objects))
		}
	}
}

// confirmations are those of the statuses: each status that is made has another.
func (h *host) confirmations() map[types.UID]*status.Confirmation {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	all := map[types.UID]*status.Confirmation{}
	for uid, told := range h.statuses.announcements {
		all[uid] = told.confirmation
	}
	return all
}
