// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
)

// SessionID returns what the speaker knows a BGPSession of this node by.
func (e *Engine) SessionID(name string) (speaker.SessionID, bool) {
	state := e.State()
	if state == nil {
		return speaker.SessionID{}, false
	}
	found := state.Session(name)
	if found == nil {
		return speaker.SessionID{}, false
	}
	return found.ID(), true
}

// Routes yields the routes that a peer was sent, until yield returns false.
func (e *Engine) Routes(id speaker.SessionID, yield func(rib.Route) bool) error {
	return e.speaker.Routes(id, yield)
}

// Received yields the routes that are kept of a peer, until yield returns false.
func (e *Engine) Received(id speaker.SessionID, yield func(adjin.Route) bool) error {
	return e.speaker.Received(id, yield)
}

// Problem says, among the objects of the endpoint, what is wrong with the node as a whole: there is no configuration yet, or the
// speaker has refused the newest. It is nil when all is well.
func (e *Engine) Problem() *metav1.Status {
	state := e.State()
	switch {
	case state == nil:
		message := "the first configuration is being applied"
		if err := e.Ready(); err != nil {
			message = err.Error()
		}
		return e.problem(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, message)
	case state.Refusal != nil:
		return e.problem(http.StatusInternalServerError, metav1.StatusReasonInternalError,
			"a defect of Herald: the one before stays in force: "+state.Refusal.Err.Error())
	}
	return nil
}

func (e *Engine) problem(code int32, reason metav1.StatusReason, message string) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     code,
		Reason:   reason,
		Message:  message,
		Details:  &metav1.StatusDetails{Kind: "Node", Name: "Node " + e.options.NodeName},
	}
}
