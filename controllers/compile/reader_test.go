// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

const unknownMode = v1alpha1.ApplyMode("AtMidnight")

// edited is an input whose peer has that generation and change.
func edited(generation int64, change func(*v1alpha1.BGPPeer)) given {
	return input(func(in *given) {
		in.Peers[0].Generation = generation
		change(&in.Peers[0])
	})
}

func TestUnsupportedPeerKeepsTheVersionBefore(t *testing.T) {
	var h history
	h.compile(edited(1, func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(1790)) }))
	in := edited(2, func(p *v1alpha1.BGPPeer) {
		p.Labels = map[string]string{"rack": "b"}
		p.Spec.ApplyMode = new(unknownMode)
	})
	given := clone(in)
	for range 2 { // the second time the generation is not looked at again
		out := h.compile(in)
		got := sessionPeer(t, out)
		if got.Address.Port() != 1790 {
			t.Errorf("port %d, want that of the last supported version", got.Address.Port())
		}
		if peer, ok := compile.PeerOf(got.Revision); !ok || peer.Generation != 1 {
			t.Errorf("revision %v, want generation 1", got.Revision)
		}
		wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionAccepted, v1alpha1.ReasonUnsupported, string(unknownMode))
		if generation := out.Issues[0].Ref.Generation; generation != 2 {
			t.Errorf("the issue is of generation %d, want 2", generation)
		}
	}
	if !reflect.DeepEqual(in, given) {
		t.Error("the objects given were changed")
	}
	out := h.compile(edited(3, func(*v1alpha1.BGPPeer) {}))
	if got := sessionPeer(t, out); got.Address.Port() != v1alpha1.DefaultPort || len(out.Issues) > 0 {
		t.Errorf("port %d and issues %v, want the newest version, which is supported", got.Address.Port(), out.Issues)
	}
}

func TestUnsupportedAnnouncementKeepsTheVersionBefore(t *testing.T) {
	var h history
	at := func(generation int64, prefix string, attributes *v1alpha1.PathAttributes) given {
		return input(func(in *given) {
			in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 1, []string{prefix}, func(a *v1alpha1.Announcement) {
				a.Generation, a.Spec.Attributes = generation, attributes
			})}
		})
	}
	h.compile(at(1, "203.0.113.0/24", nil))
	out := h.compile(at(2, "198.51.100.0/24", &v1alpha1.PathAttributes{Origin: new(v1alpha1.Origin("Elsewhere"))}))
	wantStrings(t, "routes", routes(sessionPeer(t, out)), "platform/net 203.0.113.0/24")
	wantIssue(t, out.Issues, "platform/net", v1alpha1.ConditionAccepted, v1alpha1.ReasonUnsupported, "Elsewhere")
	if got := compile.AnnouncementOf(sessionPeer(t, out).Export.Announcements[0]).Ref.Generation; got != 1 {
		t.Errorf("decided on generation %d, want 1, which is what is sent", got)
	}
}

func TestNothingToKeep(t *testing.T) {
	unsupported := func(p *v1alpha1.BGPPeer) { p.Spec.ApplyMode = new(unknownMode) }
	tests := []struct {
		name   string
		before []given
		in     given
		issues int
	}{
		{name: "the first version seen is not supported", in: edited(2, unsupported), issues: 1},
		{
			name:   "no version was ever valid",
			before: []given{edited(1, func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(0)) })},
			in:     edited(2, unsupported), issues: 1,
		},
		{
			name:   "another object of the same name",
			before: []given{edited(1, func(*v1alpha1.BGPPeer) {})},
			in:     edited(1, func(p *v1alpha1.BGPPeer) { p.UID = "another"; unsupported(p) }), issues: 1,
		},
		{
			name: "it was gone meanwhile",
			before: []given{
				edited(1, func(*v1alpha1.BGPPeer) {}), input(func(in *given) { in.Peers = nil }),
			},
			in: edited(2, unsupported), issues: 1,
		},
		{
			name:   "it is being deleted",
			before: []given{edited(1, func(*v1alpha1.BGPPeer) {})},
			in: edited(2, func(p *v1alpha1.BGPPeer) {
				p.DeletionTimestamp = new(metav1.NewTime(born))
				unsupported(p)
			}), issues: 0,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h history
			for _, in := range test.before {
				h.compile(in)
			}
			out := h.compile(test.in)
			if len(out.Config.Peers) > 0 {
				t.Errorf("peers %+v, want none", out.Config.Peers)
			}
			if len(out.Issues) != test.issues {
				t.Errorf("issues %v, want %d", out.Issues, test.issues)
			}
			for _, issue := range out.Issues {
				if issue.Held || !strings.Contains(issue.Headline(), "left out") {
					t.Errorf("issue %+v: %s, want the object left out", issue, issue.Headline())
				}
			}
		})
	}
}

// TestDeletedObjectsAreGone: a finalizer of somebody else keeps an object, not its routes.
func TestDeletedObjectsAreGone(t *testing.T) {
	objects := func(change func(*given)) compiled {
		return compileGiven(input(func(in *given) {
			in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 1, []string{"203.0.113.0/24"})}
			change(in)
		}))
	}
	deleted := new(metav1.NewTime(born))
	out := objects(func(in *given) { in.Announcements[0].DeletionTimestamp = deleted })
	if got := sessionPeer(t, out); len(routes(got)) > 0 || out.compiler.Catalog().Announcement("platform/net") != nil {
		t.Errorf("routes %v of an announcement that is being deleted", routes(got))
	}
	out = objects(func(in *given) { in.Peers[0].DeletionTimestamp = deleted })
	if len(out.Config.Peers) > 0 || len(out.Sessions) > 0 || out.compiler.Catalog().Peer("tor-a") != nil {
		t.Errorf("a session with a peer that is being deleted: %+v", out.Config.Peers)
	}
}

// TestRevisionFollowsTheGeneration: an edit that changes nothing on the wire is still another version to speak of.
func TestRevisionFollowsTheGeneration(t *testing.T) {
	var h history
	before := h.compile(edited(1, func(*v1alpha1.BGPPeer) {}))
	after := h.compile(edited(2, func(p *v1alpha1.BGPPeer) { p.Spec.Description = new("left") }))
	if after.Config == before.Config {
		t.Fatal("the configuration is the one before, so no snapshot would ever speak of generation 2")
	}
	want := compile.RefOf(&metav1.ObjectMeta{Name: "tor-a", UID: "uid--tor-a", Generation: 2})
	if got, ok := compile.PeerOf(sessionPeer(t, after).Revision); !ok || got.Ref != want {
		t.Errorf("revision %v, want %v", got, want)
	}
	if _, ok := compile.PeerOf(nil); ok {
		t.Error("a snapshot without a revision speaks of a peer")
	}
}

// TestForgetOthers: what is not among all objects that there are leaves nothing behind.
func TestForgetOthers(t *testing.T) {
	for _, stays := range []bool{true, false} {
		var reader compile.Reader
		tor, web := peer("tor-a", "192.0.2.1", 0), announcement("platform", "web", 0, []string{"203.0.113.0/24"})
		all := compile.Inputs{}
		if first := reader.ReadAll([]v1alpha1.BGPPeer{tor}, []v1alpha1.Announcement{web}); stays {
			all = first
		}
		reader.ForgetOthers(&all)
		tor.Generation, tor.Spec.Address = 2, "nonsense"
		web.Generation, web.Spec.PathID = 2, new(int64(-1))
		if got := reader.Peer(&tor).InForce != nil; got != stays {
			t.Errorf("the BGPPeer stays: %v; a version before is in force: %v", stays, got)
		}
		if got := reader.Announcement(&web).InForce != nil; got != stays {
			t.Errorf("the Announcement stays: %v; a version before is in force: %v", stays, got)
		}
	}
}
