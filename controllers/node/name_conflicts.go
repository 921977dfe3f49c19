// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nameConflicts holds the names of our BGPSessions that a BGPSession of another node has, with the name of that node: peer "a" on
// node "b.c" and peer "a.b" on node "c" want the same name. Our session goes on, but its status cannot be written.
type nameConflicts struct {
	mu    sync.Mutex
	nodes map[string]string
}

// note takes down a conflict, and reports whether it is new.
func (c *nameConflicts) note(session, node string) (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nodes == nil {
		c.nodes = map[string]string{}
	}
	news = c.nodes[session] != node
	c.nodes[session] = node
	return news
}

func (c *nameConflicts) forget(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.nodes, session)
}

// problem shows people the conflict over the name of a BGPSession, nil if there is none.
func (c *nameConflicts) problem(session string) *metav1.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	node, ok := c.nodes[session]
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
