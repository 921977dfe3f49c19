// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Annotations that people put on a Node.
const (
	// AnnotationASN overrides spec.localASN of every BGPPeer on that node. Its
	// value is a decimal ASN.
	AnnotationASN = "herald.network/asn"

	// AnnotationRouterID overrides the BGP identifier of that node, which is
	// otherwise its first IPv4 InternalIP when the speaker is started. Its value
	// is a dotted quad; any other value changes nothing. Change class: reset, of
	// every session on the node.
	AnnotationRouterID = "herald.network/router-id"
)

// AnnotationRenewedAt is an annotation that people and programs put on an Announcement
// with spec.expireAfterSeconds, whose time then runs from there. Its value is a time such
// as 2026-01-02T15:04:05Z (RFC 3339). A value that is no time, or a time that lies more
// than a minute ahead, renews nothing: the renewal before it counts, and the message of
// Accepted says so.
const AnnotationRenewedAt = "herald.network/renewed-at"

const (
	// DefaultPort is the TCP port of BGP (RFC 4271 §3), the schema's default of
	// spec.port.
	DefaultPort = 179

	// DefaultSecretKey is the entry of a Secret that holds the key of a session
	// when secretRef.key is omitted.
	DefaultSecretKey = "password"
)
