// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker/rib"
)

// randomInput is a cluster of valid objects, with conflicts, grants and limits among them.
func randomInput(r *rand.Rand) compile.Input {
	in := input(func(in *compile.Input) {
		in.Peers = nil
		in.Node.Labels = map[string]string{"rack": "a"}
		in.Secrets = map[string]map[string][]byte{"present": {"password": []byte("k")}}
	})
	pick := func(chance float64) bool { return r.Float64() < chance }
	for i := range 2 + r.IntN(6) {
		in.Peers = append(in.Peers, peer(fmt.Sprint("peer-", i), fmt.Sprintf("192.0.2.%d", 1+r.IntN(6)), r.IntN(4), func(p *v1alpha1.BGPPeer) {
			p.Labels = map[string]string{"side": []string{"left", "right"}[r.IntN(2)]}
			p.Spec.AllowedAnnouncements = allow(webTenant())
			if pick(.3) {
				p.Spec.Families = []v1alpha1.Family{family4()}
			}
			if pick(.3) {
				p.Spec.AllowedAnnouncements.MaxPrefixes = new(int32(r.IntN(8)))
			}
			if pick(.3) {
				p.Spec.NodeSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"rack": []string{"a", "b"}[r.IntN(2)]}}
			}
			if pick(.3) {
				p.Spec.Authentication = &v1alpha1.Authentication{Type: v1alpha1.AuthenticationTCPMD5, TCPMD5: &v1alpha1.TCPMD5{
					SecretRef: v1alpha1.SecretKeyReference{Name: []string{"present", "missing"}[r.IntN(2)]},
				}}
			}
		}))
	}
	pool := []string{"203.0.113.0/24", "203.0.113.0/28", "203.0.113.16/28", "198.51.100.0/24", "0.0.0.0/0", "2001:db8::/48", "::/0"}
	for i := range 1 + r.IntN(8) {
		var prefixes []string
		for range 1 + r.IntN(4) {
			prefixes = append(prefixes, pool[r.IntN(len(pool))])
		}
		namespace := []string{"platform", "shop", "ghost"}[r.IntN(3)]
		in.Announcements = append(in.Announcements, announcement(namespace, fmt.Sprint("ann-", i), r.IntN(4), prefixes, func(a *v1alpha1.Announcement) {
			if pick(.3) {
				a.Spec.PeerSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"side": "left"}}
			}
			if pick(.3) {
				a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(r.IntN(3))), Communities: []string{"BLACKHOLE", "64512:1"}}
			}
		}))
	}
	return in
}

// clone is a deep copy of the objects, so that what Compile does to its input shows.
func clone(in compile.Input) compile.Input {
	out := in
	out.Peers, out.Announcements = nil, nil
	for i := range in.Peers {
		out.Peers = append(out.Peers, *in.Peers[i].DeepCopy())
	}
	for i := range in.Announcements {
		out.Announcements = append(out.Announcements, *in.Announcements[i].DeepCopy())
	}
	return out
}

func shuffle(r *rand.Rand, in *compile.Input) {
	r.Shuffle(len(in.Peers), func(i, j int) { in.Peers[i], in.Peers[j] = in.Peers[j], in.Peers[i] })
	r.Shuffle(len(in.Announcements), func(i, j int) {
		in.Announcements[i], in.Announcements[j] = in.Announcements[j], in.Announcements[i]
	})
	for i := range in.Announcements {
		prefixes := in.Announcements[i].Spec.Prefixes
		r.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	}
}

func TestCompileProperties(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		in := randomInput(r)
		before := clone(in)
		out := compile.Compile(in, nil)
		if !reflect.DeepEqual(in, before) {
			t.Fatalf("seed %d: the input changed", seed)
		}

		shuffled := clone(in)
		shuffle(r, &shuffled)
		if again := compile.Compile(shuffled, nil); !reflect.DeepEqual(again.Config, out.Config) || !reflect.DeepEqual(again.Issues, out.Issues) {
			t.Fatalf("seed %d: another order gives another output", seed)
		}
		if again := compile.Compile(shuffled, out); again.Config != out.Config {
			t.Fatalf("seed %d: nothing changed, but the configuration is not the one before", seed)
		}
		spoil(t, seed, r, in, out)
	}
}

// spoil adds objects that are not valid, and asserts that nobody else notices.
func spoil(t *testing.T, seed uint64, r *rand.Rand, in compile.Input, out *compile.Output) {
	t.Helper()
	bad := clone(in)
	bad.Peers = append(bad.Peers, peer("bad-peer", "192.0.2.1", -1, func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(0)) }))
	bad.Announcements = append(bad.Announcements, announcement("platform", "bad-announcement", -1, []string{"203.0.113.1/24"}))
	shuffle(r, &bad)
	spoiled := compile.Compile(bad, out)
	if spoiled.Config != out.Config {
		t.Fatalf("seed %d: objects that are not valid changed the others' configuration", seed)
	}
	if len(spoiled.Issues) != len(out.Issues)+2 {
		t.Fatalf("seed %d: issues %v, and with two bad objects %v", seed, out.Issues, spoiled.Issues)
	}
}

func TestOneChangeSharesTheRest(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := randomInput(r)
		out := compile.Compile(in, nil)

		next := clone(in)
		changed := &next.Announcements[r.IntN(len(next.Announcements))]
		changed.Generation++
		changed.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(77))}
		name := changed.Namespace + "/" + changed.Name

		incremental, scratch := compile.Compile(next, out), compile.Compile(next, nil)
		if !reflect.DeepEqual(incremental.Config, scratch.Config) || !reflect.DeepEqual(incremental.Issues, scratch.Issues) {
			t.Fatalf("seed %d: what came before shows in the output", seed)
		}
		old := map[string]*rib.Announcement{}
		for _, p := range out.Config.Peers {
			for _, a := range p.Export.Announcements {
				old[a.ID] = a
			}
		}
		for _, p := range incremental.Config.Peers {
			for _, a := range p.Export.Announcements {
				if was := old[a.ID]; was != nil && was != a && a.Name != name {
					t.Fatalf("seed %d: %s changed, and %s is a new value", seed, name, a.ID)
				}
			}
		}
	}
}
