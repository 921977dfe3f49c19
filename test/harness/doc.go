// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package harness is what tests against the real world have in common, and the demo with them: network namespaces, BGP
// daemons of others (BIRD, FRR, GoBGP, ExaBGP, OpenBGPD) that are asked for their own tables, a capture of the BGP
// messages on a link, a TCP proxy that records them or holds bytes back, and waiting for a condition.
package harness
