// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package compile turns the objects of the API into the configuration of a speaker.
//
// It is pure: it never fails, does no I/O and mutates nothing that it is given. Equal inputs in any order give equal
// output. An object that cannot be used becomes an Issue and is left out; every other object is compiled as if it were
// not there.
//
// The work has two halves. A Catalog holds what the objects say whatever the node: each valid BGPPeer and Announcement as
// a contribution of its own, and which announcements a peer grants. Compile adds one node's facts and makes the
// speaker.Config from both. The cluster role reads the same Catalog, and so knows what each node decides without being
// told.
package compile
