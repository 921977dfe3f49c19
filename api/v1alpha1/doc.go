// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the objects of the API group herald.network/v1alpha1:
// what people write to announce prefixes over BGP, and what they read to learn
// what happened on the wire.
//
//   - BGPPeer: a neighbour, and who may announce what through it.
//   - Announcement: prefixes with their attributes, to whom and from where.
//   - BGPSession: the state of one session on one node, written by the node's speaker.
//
// # Conventions
//
// In a spec, optional scalars are pointers, so that "omitted" is never confused
// with a zero. The schema defaults port and families alone; every other omitted
// field is decided when the configuration is compiled, and its comment says how.
// In a status an empty string or a zero ASN means "not known yet"; counters are
// always present.
//
// # Change classes
//
// The comment of each spec field ends with its change class, which says what a
// change does to a live session:
//
//   - in place: only the difference is sent; the session stays.
//   - deferred: the change takes effect when the session is next established;
//     until then UpToDate is False with the reason PendingReset. With applyMode
//     Immediate the change is a reset.
//   - reset: that session alone ends with Cease/6 (Other Configuration Change,
//     RFC 4486) and starts again.
//   - end: the routes are withdrawn and the session ends with Cease/2
//     (Administrative Shutdown, RFC 4486).
//
// A change of a Node's addresses is in place: the speaker replaces the routes whose
// next hop is such an address. A change of the router ID that was derived from them is
// deferred until the speaker is started again, with PendingReset on every session of
// the node. A change of the annotation herald.network/router-id is a reset.
//
// +kubebuilder:object:generate=true
// +groupName=herald.network
package v1alpha1
