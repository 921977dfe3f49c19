// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package interop tests `herald standalone`, the whole program, against BIRD, FRR, GoBGP, ExaBGP and OpenBGPD, each in
// a network namespace of its own, and on the wire against a peer that follows a script. What is asserted is what the
// daemon has in its own table and says of the session itself.
//
// As root on a machine that has the daemons, `go test -count=1 ./test/interop` runs all of it: the cache of go test
// does not know the program that the tests build and run. A daemon that is missing skips its tests, and fails them
// with CI=true. HERALD_BINARY names a program that is built already; HERALD_INTEROP_REPORT names a file that the table
// of daemons and cases is written to.
package interop
