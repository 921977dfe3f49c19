// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire is the BGP-4 wire codec: it turns messages, path attributes,
// NLRI and capabilities into octets and back, and knows nothing of sessions.
//
// Encoders append to a slice, cannot fail and do not allocate beyond it. They
// have the shape Append(b []byte) []byte, not encoding.BinaryAppender's, since no
// caller could act on its error. The caller keeps a message within its length
// with [ReachRoom] and [UnreachRoom].
//
// Decoders are total: no input makes them panic or read outside of it. They
// borrow the octets given to them: a caller that keeps a result longer copies it.
// An error is a [*Notification], which resets the session, or an [*AttributeError],
// which carries its RFC 7606 action.
package wire
