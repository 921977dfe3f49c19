// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// TestConflictSaysWhatARestartWouldDo: without a state directory the names decide after a restart, and where that makes another
// one the winner, the loser's status says so.
func TestConflictSaysWhatARestartWouldDo(t *testing.T) {
	const turnsOver = "a restart would turn this over, since names decide where ages are not kept: there is no --state-dir"
	for _, tc := range []struct {
		name           string
		older, younger string
		kept           bool
		want           bool
	}{
		{"the younger one's name comes first", "z", "a", false, true},
		{"the older one's name comes first", "a", "z", false, false},
		{"the state is kept", "z", "a", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			left, right := newHost(t, "left", "127.0.0.11"), newHost(t, "right", "127.0.0.12")
			if tc.kept {
				left.source.store = newStore(t.TempDir(), left.log)
			}
			announcement := func(name string, med int) string {
				return strings.Replace(webManifest(med), "{name: web,", "{name: "+name+",", 1)
			}
			write(t, left.dir, "older.yaml", left.peerWith(tc.older, right, 64512, 64513)+"---\n"+announcement(tc.older, 1))
			write(t, right.dir, "peer.yaml", right.peerWith("left", left, 64513, 64512))
			left.start()
			right.start()
			eventually(t, "the session", func() error { return left.established(tc.older) })
			write(t, left.dir, "younger.yaml", left.peerWith(tc.younger, right, 64512, 64513)+"---\n"+announcement(tc.younger, 2))
			says := func(kind, condition string) func() error {
				return func() error {
					c, err := left.condition(kind, tc.younger, condition)
					if err == nil && (c.Reason != v1alpha1.ReasonConflict || strings.Contains(c.Message, turnsOver) != tc.want ||
						strings.Count(c.Message, "restart") > 1) {
						err = fmt.Errorf("%+v", c)
					}
					return err
				}
			}
			eventually(t, "the conflict of the peers", says("BGPPeer", v1alpha1.ConditionAccepted))
			eventually(t, "the conflict of the announcements", says("Announcement", v1alpha1.ConditionAdvertised))
		})
	}
}

// TestHeldVersionSaysWhatARestartWouldDo: an edit that passes admission and cannot be used leaves the version before in force,
// which a restart without a state directory does not know.
func TestHeldVersionSaysWhatARestartWouldDo(t *testing.T) {
	m := memory{lost: "there is no --state-dir"}
	issues := []compile.Issue{{Ref: compile.Ref{Name: "tor", UID: "1"}, Reason: v1alpha1.ReasonInvalid, Held: true, Message: "broken"}}
	if got := m.warnings(issues)[issues[0].Ref.UID]; len(got) != 1 || got[0].text != "; a restart would leave the object out: there is no --state-dir" {
		t.Errorf("warnings %+v", got)
	}
	m.lost = ""
	if got := m.warnings(issues); len(got) != 0 {
		t.Errorf("with a state: %+v", got)
	}
}

// TestLosesTo: who would win after a restart without ages.
func TestLosesTo(t *testing.T) {
	ref := func(name string) compile.Ref {
		namespace, name, _ := strings.Cut(name, "/")
		id := identity{GroupKind: announcementKind, Namespace: namespace, Name: name}
		return compile.Ref{Namespace: namespace, Name: name, UID: uidOf(id)}
	}
	for _, tc := range []struct {
		winner, loser string
		dated         string
		kept          bool
		want          bool
	}{
		{"a/z", "a/b", "", false, true},
		{"a/b", "a/z", "", false, false},
		{"b/a", "a/z", "", false, true},
		{"a/z", "b/a", "", false, false},
		{"a/z", "a/b", "", true, false},
		{"a/z", "a/b", "a/z", false, false},
		{"a/b", "a/z", "a/z", false, true},
		{"a/z", "a/b", "a/z a/b", false, false},
	} {
		m := memory{lost: "there is no --state-dir", dated: dated(tc.dated, ref)}
		if tc.kept {
			m.lost = ""
		}
		if got := m.losesTo(ref(tc.winner), ref(tc.loser)); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

func dated(names string, ref func(string) compile.Ref) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, name := range strings.Fields(names) {
		uids[ref(name).UID] = true
	}
	return uids
}

// TestStatusOfWhatAFormerProcessLeft: the status knows every object that the engine knows, also those whose manifests are broken since.
func TestStatusOfWhatAFormerProcessLeft(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	here := func(o *Options) { o.Directory, o.StateDirectory = dir, state }
	refused := func(h *host) func() error {
		return func() error {
			accepted, err := h.condition("BGPPeer", "a-younger", "Accepted")
			if err == nil && accepted.Reason != v1alpha1.ReasonConflict {
				err = fmt.Errorf("it is %+v", accepted)
			}
			return err
		}
	}
	first := newHost(t, "left", "127.0.0.1", here)
	write(t, dir, "peer.yaml", peerManifest("tor-a", "127.0.0.9"))
	first.start()
	eventually(t, "the older peer", func() error { return first.isTrue("BGPPeer", "tor-a", "Accepted", 1) })
	write(t, dir, "0-younger.yaml", peerManifest("a-younger", "127.0.0.9"))
	eventually(t, "the younger peer is refused", refused(first))
	write(t, dir, "peer.yaml", "{")
	eventually(t, "the broken file", func() error { return first.logged("manifest not in force") })
	first.stop(nil)

	second := newHost(t, "left", "127.0.0.1", here)
	second.start()
	eventually(t, "the younger peer is refused by the next process too", refused(second))
	if err := second.isTrue("BGPPeer", "tor-a", "Accepted", 1); err != nil {
		t.Error(err)
	}
}
