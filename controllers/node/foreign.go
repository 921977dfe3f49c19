// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// foreign holds the BGPSessions that have the name of one of ours and belong to another node, with the name of that node: peer "a"
// on node "b.c" and peer "a.b" on node "c" want the same name. The session goes on, and nothing can be written of it.
type foreign struct {
	mu    sync.Mutex
	nodes map[string]string
}

// note reports whether it is news.
func (f *foreign) note(session, node string) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nodes == nil {
		f.nodes = map[string]string{}
	}
	news = f.nodes[session] != node
	f.nodes[session] = node
	return news
}

func (f *foreign) forget(session string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.nodes, session)
}

// problem is what is wrong with a BGPSession for people to see, nil for nothing.
func (f *foreign) problem(session string) *metav1.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	node, ok := f.nodes[session]
	if !ok {
		return nil
	}
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     http.StatusConflict,
		Reason:   metav1.StatusReasonConflict,
		Message:  fmt.Sprintf("the BGPSession of this name is that of node %s: nothing is reported of this session; rename the BGPPeer", node),
		Details:  &metav1.StatusDetails{Kind: "BGPSession", Name: "BGPSession " + session},
	}
}
