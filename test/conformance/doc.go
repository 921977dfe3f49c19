// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package conformance plays recorded cases against `herald standalone`, the whole program, and compares every message
// that the program sends with the bytes that the case expects.
//
// A case holds the configuration of its neighbours, routes and commands, and the messages that must result, in their order.
// The test translates configuration and routes into manifests of BGPPeers and Announcements, commands into edits of the
// manifests, and plays the neighbours: each mirrors the OPEN that it receives. translation_test.go translates neighbours and
// routes_test.go routes, script_test.go plays commands, tracker_test.go compares the received messages with the expected ones,
// and remarks_test.go lists the permitted differences with their reasons.
//
// testdata holds a few cases of our own. The recorded ones are not part of this project. VECTORS names the directory of them:
//
//	VECTORS=DIR go test -count=1 -v ./test/conformance
//
// Without it their tests are skipped. Every *.json in the directory is a case. A file updates.txt, with one UPDATE message a
// line, tests the decoder and encoder of package wire. HERALD_BINARY names a program that is built already,
// HERALD_CONFORMANCE_REPORT a file for the table of cases and results.
package conformance
