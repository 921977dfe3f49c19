// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"math/rand/v2"
	"testing"

	"github.com/herald-bgp/herald/controllers/compile"
)

// TestJudgementIsWhatNodesDecide: the leader judges as each node does, and where no limit binds, all nodes of a peer alike.
func TestJudgementIsWhatNodesDecide(t *testing.T) {
	kept, bound := 0, 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		in := randomInput(r)
		out := compileGiven(in, nil)
		catalog := out.Catalog()
		for i, session := range out.Sessions {
			decisions := compile.DecisionsOf(out.Config.Exports[i].Token)
			judged := catalog.Judge(session.Peer, func(a *compile.Announcement) bool { return a.SelectsNode(in.Node.Labels) }, nil)
			for _, d := range decisions.Announcements {
				got := judged.Of(d.Of)
				if got.Reason != d.Reason || d.Reason != "" && got.Prefixes != int(d.Prefixes) {
					t.Fatalf("seed %d: %s to %s is judged %+v, and the node decided %+v", seed, d.Of.Ref, session.Peer.Ref, got, d)
				}
				if got.Reason != "" {
					kept++
				}
			}
			if judged.Binds() {
				bound++
				continue
			}
			some := func(a *compile.Announcement) bool { return a.Term().Bucket()%2 == 0 }
			part := catalog.Judge(session.Peer, some, judged)
			for _, d := range decisions.Announcements {
				if some(d.Of) && part.Of(d.Of) != judged.Of(d.Of) {
					t.Fatalf("seed %d: no limit binds, but of some announcements %s is judged %+v, of all %+v",
						seed, d.Of.Ref, part.Of(d.Of), judged.Of(d.Of))
				}
			}
		}
	}
	if kept == 0 || bound == 0 {
		t.Errorf("%d announcements were kept back, %d sessions bound by a limit: too few to tell", kept, bound)
	}
}
