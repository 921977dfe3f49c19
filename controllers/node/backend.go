// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
)

// Status returns the BGPSessions of this node as they are now, whether or not the API server can be told, and what is wrong with
// the node. What all nodes make of a BGPPeer or an Announcement only the cluster role knows.
func (a *Agent) Status(context.Context) ([]runtime.Object, error) {
	var objects []runtime.Object
	if problem := a.engine.Problem(); problem != nil {
		objects = append(objects, problem)
	}
	state := a.engine.State()
	if state == nil {
		return objects, nil
	}
	for i := range state.Sessions {
		session := a.engine.BGPSession(&state.Sessions[i], nil)
		if session == nil {
			continue
		}
		objects = append(objects, session)
		if problem := a.conflicts.problem(session.Name); problem != nil {
			objects = append(objects, problem)
		}
	}
	return objects, nil
}
