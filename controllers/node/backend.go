// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
)

var _ nodeapi.Backend = (*Agent)(nil)

// Status returns the BGPSessions of this node as they are now, whether or not the API server can be told. What all nodes
// make of a BGPPeer or an Announcement only the cluster role knows.
func (a *Agent) Status(context.Context) ([]runtime.Object, error) {
	out := a.output.Load()
	if out == nil {
		return []runtime.Object{a.unconfigured()}, nil
	}
	var objects []runtime.Object
	for i := range out.Sessions {
		if session := a.live(&out.Sessions[i]); session != nil {
			objects = append(objects, session)
			if problem := a.foreign.problem(session.Name); problem != nil {
				objects = append(objects, problem)
			}
		}
	}
	return objects, nil
}

// unconfigured says why there is nothing to show yet.
func (a *Agent) unconfigured() *metav1.Status {
	message := "the first configuration is being applied"
	if err := a.Ready(); err != nil {
		message = err.Error()
	}
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     http.StatusServiceUnavailable,
		Reason:   metav1.StatusReasonServiceUnavailable,
		Message:  message,
		Details:  &metav1.StatusDetails{Kind: "Node", Name: "Node " + a.options.NodeName},
	}
}

// live is the BGPSession of a session without its stored metadata, nil while the speaker has not taken it up.
func (a *Agent) live(session *compile.Session) *v1alpha1.BGPSession {
	now, known := a.statusOf(session, nil)
	if !known {
		return nil
	}
	return &v1alpha1.BGPSession{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "BGPSession"},
		ObjectMeta: metav1.ObjectMeta{Name: compile.SessionName(session.Peer.Ref.Name, a.options.NodeName)},
		Spec:       a.specOf(session),
		Status:     now,
	}
}

// Peer returns the name of the peer of a BGPSession of this node.
func (a *Agent) Peer(session string) (string, bool) {
	out := a.output.Load()
	if out == nil {
		return "", false
	}
	found := a.session(out, session)
	if found == nil {
		return "", false
	}
	return found.Peer.Ref.Name, true
}

// Routes yields the routes that a peer was sent.
func (a *Agent) Routes(peer string, yield func(rib.Route) bool) error {
	return a.speaker.Routes(peer, yield)
}

// Received yields the routes that are kept of a peer.
func (a *Agent) Received(peer string, yield func(adjin.Route) bool) error {
	return a.speaker.Received(peer, yield)
}
