// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package status tells people what happened: it makes the status of the objects from what speakers report.
//
// It is pure: no I/O, no clock of its own, nothing that it is given is changed. Session makes a BGPSession's status from
// one speaker's snapshot, on the node. A Rollup makes the statuses of BGPPeers and Announcements from all BGPSessions, on
// the elected replica of the cluster role. Both read the same compile.Catalog and the same Digest, and so the roll-up knows
// that a node has caught up without a list of what it announces.
//
// A status holds the conditions of its own writer alone: an echoed condition of another would make the next apply fail.
package status
