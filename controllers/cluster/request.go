// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kind is the kind of object that a request concerns.
type kind string

const (
	// everything: look at all objects, and find those whose status is not as it should be.
	everything kind = "everything"

	peer         kind = "BGPPeer"
	announcement kind = "Announcement"
	session      kind = "BGPSession"
)

// request is a key of the work queue: the survey of everything, or one object that the survey found. So an object that
// cannot be written is tried again alone, and no other object waits for it.
type request struct {
	kind kind
	types.NamespacedName
}

func requestFor(k kind, object client.Object) request {
	return request{kind: k, NamespacedName: client.ObjectKeyFromObject(object)}
}
