// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package compile turns the objects of the API into the configuration of a speaker.
//
// It is pure: it never fails, does no I/O and mutates nothing that it is given. Equal inputs in any order give equal
// output. An object that cannot be used becomes an Issue and is left out; every other object is compiled as if it were
// not there.
//
// The work has four steps, and each costs what changes:
//
//   - A Reader reads each version of an object once, which gives a Reading: what the object contributes, whatever other objects say.
//   - A Catalog takes Readings as Inputs, holds what is in force in order of precedence, and tells what an update changed.
//   - A Judge decides what the sessions with one peer may be sent of each announcement. It is told what changed.
//   - A Compiler does all of that for one node, and makes the speaker.Config.
//
// The cluster role has a Catalog and Judges of its own, and so knows what each node decides without being told.
//
// A test compares random histories with an oracle that remembers nothing: apart from the last valid versions of objects, the output
// does not show what came before.
package compile
