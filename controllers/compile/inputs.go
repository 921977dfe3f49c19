// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"maps"
	"reflect"
	"time"
)

// Inputs say what objects contribute, each by its name and whatever other objects say. A zero value says that the object does not
// exist any more. An object that the Inputs do not name is as it was.
type Inputs struct {
	// Peers are BGPPeers.
	Peers map[string]Reading[Peer]
	// Announcements are Announcements, by "namespace/name".
	Announcements map[string]Reading[Announcement]
	// Namespaces are by name. Their labels decide which tenant entries cover them.
	Namespaces map[string]Namespace
	// Secrets are the Secrets of the namespace of session keys.
	Secrets map[string]Secret
	// Node are the facts of the node that is compiled for, nil where they are as they were.
	Node *NodeFacts
	// Now is the time by the clock on the wall. The zero Time says that it is what it was.
	Now time.Time
}

// Namespace is the part of a Namespace that the compilation uses.
type Namespace struct {
	Exists bool
	Labels map[string]string
}

// Secret is what is known of a Secret.
type Secret struct {
	Exists bool
	// Data are its entries.
	Data map[string][]byte
	// Unread: nobody knows yet whether it exists.
	Unread bool
	// Problem says why it cannot be read, or what keeps it from being read. It is empty where there is nothing to say.
	Problem string
}

// SameSlice reports whether two slices are one. Nobody changes a slice that was handed out, so whoever has seen one skips it.
func SameSlice[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

func merge[V any](into *map[string]V, from map[string]V) {
	if *into == nil {
		*into = make(map[string]V, len(from))
	}
	maps.Copy(*into, from)
}

// Differences returns the objects of which inputs say something else than the Compiler knows. It does not compare Secrets.
func (c *Compiler) Differences(in *Inputs) map[ObjectName]bool {
	found := map[ObjectName]bool{}
	doubt := func(kind, name string, differs bool) {
		if differs {
			found[ObjectName{kind, name}] = true
		}
	}
	for name, reading := range in.Peers {
		doubt(KindBGPPeer, name, reading.InForce != c.catalog.peers[name] ||
			!c.catalog.refusedBefore(ObjectName{KindBGPPeer, name}, refusedPeer(reading)))
	}
	for name, reading := range in.Announcements {
		inForce, renewed := c.catalog.lifetimes.read(name, c.catalog.announcements[name])
		doubt(KindAnnouncement, name, reading.InForce != inForce || inForce.expires() && reading.Renewed != renewed ||
			!c.catalog.refusedBefore(ObjectName{KindAnnouncement, name}, refusedAnnouncement(reading)))
	}
	for name, namespace := range in.Namespaces {
		labels, known := c.catalog.namespaces[name]
		doubt(KindNamespace, name, known != namespace.Exists || !maps.Equal(labels, namespace.Labels))
	}
	doubt(KindNode, c.node.Name, in.Node != nil && !reflect.DeepEqual(*in.Node, c.node))
	return found
}
