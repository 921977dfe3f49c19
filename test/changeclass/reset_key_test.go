// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// TestResetKey: two versions of a BGPPeer have the same key if their difference ends no session, so that a report on one holds for
// the other. They have different keys if the difference ends every session.
func TestResetKey(t *testing.T) {
	// Whether these edits end a session depends on more than the two versions: on how the session was opened, and on pending changes.
	depends := map[string]bool{"BGPPeer spec.transport.connectMode": true, "BGPPeer spec.applyMode": true}
	judged := map[bool]int{}
	for _, r := range rows() {
		if !strings.HasPrefix(r.field, "BGPPeer spec.") || r.field == "BGPPeer spec.nodeSelector" {
			continue
		}
		ends := r.class == reset || r.class == end
		if depends[r.field] && !ends {
			continue
		}
		judged[ends]++
		t.Run(r.name(), func(t *testing.T) {
			o := objects{peer: peerOf(editedPeer, 0, netip.MustParseAddrPort("127.0.0.2:1790"), peerASN), otherPort: 1791, otherAddressPort: 1792}
			if r.given != nil {
				r.given(&o)
			}
			key := func() string {
				t.Helper()
				read, issue := compile.ReadPeer(o.peer.DeepCopy(), compile.Versions[compile.Peer]{})
				if issue != nil {
					t.Fatal(issue.Message)
				}
				return read.InForce.Version().ResetKey
			}
			before := key()
			o.touch(r.edit)
			if after := key(); (before != after) != ends {
				t.Errorf("the keys are %s and %s, and the change is of class %s", before, after, r.class)
			}
			o.peer.Spec.ApplyMode = new(v1alpha1.ApplyImmediate)
			immediate := key()
			o.peer.Spec.Timers.HoldSeconds = new(int32(33))
			if key() == immediate {
				t.Error("with applyMode Immediate a change of the hold time leaves the key as it is")
			}
		})
	}
	if judged[true] < 8 || judged[false] < 20 {
		t.Errorf("%d and %d fields were judged: are the rows named in another way?", judged[true], judged[false])
	}
}
