// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package interop tests `herald standalone`, the whole program, against BIRD, FRR, GoBGP, ExaBGP and OpenBGPD, each in
// a network namespace of its own, and on the wire against a peer that follows a script. The tests check the daemon's own
// table and the daemon's own view of the session.
//
// As root on a machine that has the daemons, `go test -count=1 ./test/interop` runs all of it; without -count=1 the cache of
// go test would hide changes of the program that the tests build and run. The tests of a missing daemon are skipped, and
// fail with CI=true. HERALD_BINARY names a program that is built already; HERALD_INTEROP_REPORT names a file for the table of
// daemons and cases.
package interop
