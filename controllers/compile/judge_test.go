// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/controllers/compile"
)

// judgeOf judges some of the announcements for a peer, as the leader does.
func judgeOf(catalog *compile.Catalog, peer *compile.Peer, selects func(*compile.Announcement) bool) *compile.Judge {
	some := slices.DeleteFunc(slices.Clone(catalog.Announcements), func(a *compile.Announcement) bool { return !selects(a) })
	judge := compile.NewJudge(catalog, peer, func(_, _ *compile.Verdict) {})
	for _, a := range some {
		judge.Change(nil, a)
	}
	judge.Settle(slices.Values(some))
	return judge
}

// TestLeaderJudgesAsNodesDo: the leader judges as each node does, and where no limit binds, all nodes of a peer alike.
func TestLeaderJudgesAsNodesDo(t *testing.T) {
	kept, bound := 0, 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		in := randomInput(r)
		out := compileGiven(in)
		catalog := out.compiler.Catalog()
		for _, session := range out.Sessions {
			decided := slices.Collect(out.compiler.Verdicts(session.ID()))
			judge := judgeOf(catalog, session.Peer, func(a *compile.Announcement) bool { return a.SelectsNode(in.Node.Labels) })
			for _, d := range decided {
				got := judge.Of(d.Of())
				if got.Reason() != d.Reason() || got.Prefixes() != d.Prefixes() {
					t.Fatalf("seed %d: %s to %s is judged %+v, and the node decided %+v", seed, d.Of().Ref, session.Peer.Ref, got, d)
				}
				if got.Reason() != "" {
					kept++
				}
			}
			if judge.Binds() {
				bound++
				continue
			}
			some := func(a *compile.Announcement) bool { return a.Term().Bucket()%2 == 0 }
			part := judgeOf(catalog, session.Peer, some)
			for _, d := range decided {
				if a := d.Of(); some(a) && (part.Of(a).Reason() != d.Reason() || part.Of(a).Prefixes() != d.Prefixes()) {
					t.Fatalf("seed %d: no limit binds, but of some announcements %s is judged %+v, of all %+v", seed, a.Ref, part.Of(a), d)
				}
			}
		}
	}
	if kept == 0 || bound == 0 {
		t.Errorf("%d announcements were kept back, %d sessions bound by a limit: too few to tell", kept, bound)
	}
}
