// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package conformance plays recorded cases against `herald standalone`, the whole program, and compares every message
// that it sends with the bytes that the case expects.
//
// A case says what its neighbours are configured with, which routes and commands there are, and which messages must come of
// them, in which order. The test translates the first two into manifests of BGPPeers and Announcements and into edits of
// them, and plays the neighbours: each mirrors the OPEN that it is sent. See translation_test.go and routes_test.go for what
// becomes of what, script_test.go for how commands are played, tracker_test.go for when what comes is what must, and
// remarks_test.go for what may differ, and why.
//
// testdata holds a few cases of our own. The recorded ones are not part of this project. VECTORS names the directory of them:
//
//	VECTORS=DIR go test -count=1 -v ./test/conformance
//
// Without it their tests are skipped. Every *.json in it is a case, and each is run, whatever its name. With
// updates.txt, UPDATE messages one a line, the decoder and encoder of package wire are tried. HERALD_BINARY names a
// program that is built already, HERALD_CONFORMANCE_REPORT a file that the table of cases and results is written to.
package conformance
