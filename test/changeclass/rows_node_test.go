// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"net/netip"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// ofNode is a change of the Node's addresses.
func ofNode(texts ...string) func(*objects) {
	return func(o *objects) { o.node.Addresses = addresses(texts...) }
}

// routerID is a change of the Node's annotation.
func routerID(text string) func(*objects) {
	return func(o *objects) { o.node.Annotations[v1alpha1.AnnotationRouterID] = text }
}

// nodeRows edit the Node. Both sessions are over IPv4, so the node's IPv6 address is the next hop of IPv6 routes.
func nodeRows() []row {
	const of, annotation = "Node status.addresses", "Node metadata.annotations[" + v1alpha1.AnnotationRouterID + "]"
	named := func(o *objects) {
		o.net.Spec.Attributes.NextHop = &v1alpha1.NextHop{IPv6: new(netip.MustParseAddr("2001:db8::77").String())}
	}
	return []row{
		{
			field: of, class: inPlace, note: "IPv6", edit: ofNode("192.0.2.10", "192.0.2.11", "2001:db8::20"),
			announced: []string{net6}, atWitness: true,
		},
		{field: of, class: inPlace, note: "more", edit: ofNode("192.0.2.10", "192.0.2.11", "192.0.2.12", "2001:db8::10", "2001:db8::20")},
		{field: of, class: inPlace, note: "named next hop", given: named, edit: ofNode("192.0.2.10", "192.0.2.11", "2001:db8::20")},
		{field: of, class: deferred, started: true, pending: "192.0.2.11", note: "order", edit: ofNode("192.0.2.11", "192.0.2.10", "2001:db8::10")},
		{field: of, class: deferred, started: true, pending: "192.0.2.11", note: "lost", edit: ofNode("192.0.2.11", "2001:db8::10")},
		{field: annotation, class: reset, everywhere: true, edit: routerID("10.0.0.9")},
		{
			field: annotation, class: reset, everywhere: true, note: "removed", given: routerID("10.0.0.9"),
			edit: func(o *objects) { delete(o.node.Annotations, v1alpha1.AnnotationRouterID) },
		},
	}
}
