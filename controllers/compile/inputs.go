// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import "maps"

// Inputs are objects by name, each with what it comes to whatever the others say. An object that does not exist any more is in them with
// its zero value; an object that is not in them is as it was.
type Inputs struct {
	// Peers are BGPPeers.
	Peers map[string]Reading[Peer]
	// Announcements are Announcements, by "namespace/name".
	Announcements map[string]Reading[Announcement]
	// Namespaces are those whose labels may matter to a tenant's entry.
	Namespaces map[string]Namespace
	// Secrets are the Secrets of the namespace of session keys.
	Secrets map[string]Secret
	// Node is the node's own, nil where nothing is said of it.
	Node *NodeFacts
}

// Namespace is what matters of a Namespace.
type Namespace struct {
	Exists bool
	Labels map[string]string
}

// Secret is what is known of a Secret.
type Secret struct {
	Exists bool
	// Data are its entries.
	Data map[string][]byte
	// Problem says why it cannot be read, empty where it can.
	Problem string
}

func merge[V any](into *map[string]V, from map[string]V) {
	if *into == nil {
		*into = make(map[string]V, len(from))
	}
	maps.Copy(*into, from)
}
