// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestNews: the changes say which objects a survey must look at again, and changes that could not be surveyed are not lost.
func TestNews(t *testing.T) {
	peerAt := func(generation int64, summary string) *v1alpha1.BGPPeer {
		return &v1alpha1.BGPPeer{
			ObjectMeta: metav1.ObjectMeta{Name: "tor-a", Generation: generation},
			Status:     v1alpha1.BGPPeerStatus{Sessions: &v1alpha1.PeerSessions{Summary: summary}},
		}
	}
	web := &v1alpha1.Announcement{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	session := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1"}}
	keyOfPeer, keyOfWeb := requestFor(peer, peerAt(1, "")), requestFor(announcement, web)
	for name, test := range map[string]struct{ got, want *changes }{
		"a new BGPPeer":        {written(peer)(nil, peerAt(1, "")), &changes{peers: true, objects: true, written: map[request]bool{keyOfPeer: true}}},
		"another spec":         {written(peer)(peerAt(1, ""), peerAt(2, "")), &changes{peers: true, objects: true, written: map[request]bool{keyOfPeer: true}}},
		"another status":       {written(peer)(peerAt(1, ""), peerAt(1, "1/1")), &changes{written: map[request]bool{keyOfPeer: true}}},
		"an Announcement gone": {written(announcement)(web, nil), &changes{objects: true, gone: true, written: map[request]bool{keyOfWeb: true}}},
		"a BGPSession":         {sessionChanged(nil, session), &changes{sessions: map[string]*v1alpha1.BGPSession{session.Name: session}}},
		"a BGPSession gone":    {sessionChanged(session, nil), &changes{gone: true, sessions: map[string]*v1alpha1.BGPSession{session.Name: nil}}},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, test.got, test.want)
		}
	}
	var n news
	n.tell(sessionChanged(nil, session))
	taken := n.take()
	n.tell(sessionChanged(session, nil))
	n.putBack(taken)
	if again := n.take(); !again.gone || len(again.sessions) != 1 || again.sessions[session.Name] != nil {
		t.Errorf("%+v, want the BGPSession gone: that came later", again)
	}
	if rest := n.take(); rest.gone || len(rest.sessions) > 0 {
		t.Errorf("%+v was taken twice", rest)
	}
}
