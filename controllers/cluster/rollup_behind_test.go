// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/herald-bgp/herald/controllers/compile"
)

// TestNothingIsSaidOfAVersionThatWasNotRead: an informer stores an object before it sends the event, so a survey for another
// reason finds a newer version than the one that the nodes' reports are compared with.
func TestNothingIsSaidOfAVersionThatWasNotRead(t *testing.T) {
	for name, edit := range map[string]func(*world){
		"valid": func(w *world) {
			w.peer().Spec.PeerASN = new(int64(65000))
			w.web().Spec.Prefixes = []string{"198.51.100.0/24"}
		},
		"not valid": func(w *world) {
			w.peer().Spec.Address, w.web().Spec.Prefixes = "nonsense", []string{"nonsense"}
		},
		"of another object": func(w *world) { w.peer().UID, w.web().UID = "peer-2", "web-2" },
	} {
		t.Run(name, func(t *testing.T) {
			w, r, reader := oneOfEach(nil, node("node-1", "linux")), newTestReconciler(), &compile.Reader{}
			all := everythingOf(w)
			w.rollUpBy(reader, nil)
			r.compare(w, all, now)
			w.settle()
			confirmed := r.confirmed["uid-web"]
			w.peer().Generation, w.web().Generation = 2, 2
			edit(w)

			peerKey, webKey := requestFor(peer, w.peer()), requestFor(announcement, w.web())
			// What was due of the version before is no more.
			due := r.compare(w, all, now)
			for _, key := range []request{peerKey, webKey} {
				if found, looked := due[key]; found != nil || !looked {
					t.Errorf("due of %v before it was read: %+v", key, found)
				}
			}
			if r.confirmed["uid-web"] != confirmed || confirmed == nil {
				t.Error("what was confirmed of the version before is something else now")
			}
			w.rollUpBy(reader, nil)
			due = r.compare(w, all, now)
			for _, key := range []request{peerKey, webKey} {
				if found := due[key]; found == nil || !found.edited || found.generation != 2 {
					t.Errorf("due of %v once it was read: %+v, want the status of generation 2", key, found)
				}
			}
		})
	}
}
