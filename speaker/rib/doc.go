// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package rib decides what each peer is sent and turns it into UPDATE messages:
// the Adj-RIBs-Out of RFC 4271 §3.2 for a speaker that originates all its
// routes and transits none.
//
// A [Table] holds, for each peer, everything that it may be sent: an [Export],
// always complete. An [Out] holds what one established session was sent. The
// difference is computed when the session can write, never before, so that
// nothing queues up and nothing older is sent after something newer.
//
// Two calls may be slow, as they work through all the routes of a session:
// [Out.Next], on the session's own writer, and [Out.Routes]. All others return
// at once or after one of these.
package rib
