// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package harness is what tests against the real world have in common, and the demo with them: network namespaces,
// processes that end with the test, BGP daemons of others (BIRD, FRR, GoBGP, ExaBGP) that are asked for their own
// tables, a TCP proxy that records BGP messages or holds bytes back, and waiting for a condition.
package harness
