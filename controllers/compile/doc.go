// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package compile turns the objects of the API into the configuration of a speaker.
//
// It is pure: it never fails, does no I/O and mutates nothing that it is given. Equal inputs in any order give equal
// output. An object that cannot be used becomes an Issue and is left out; every other object is compiled as if it were
// not there.
//
// The work has three steps. A Reader reads each version of an object once: what it contributes whatever the others say. A
// Catalog puts the contributions in order, and knows which announcements a peer grants. Compile adds one node's facts and
// makes the speaker.Config. So one changed object among ten thousand costs its own reading, and what was decided about the
// others is taken over; that nothing of what came before shows in the output is held true by a test of random histories. The
// cluster role reads the same Catalog, and so knows what each node decides without being told.
package compile
