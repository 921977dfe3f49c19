// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package status tells people what happened: it makes the status of the objects from what speakers report.
//
// The package is pure: it does no I/O, has no clock of its own, and changes no argument. On the node, Session makes a
// BGPSession's status from one speaker's snapshot. On the elected replica of the cluster role, a Rollup makes the statuses of
// BGPPeers and Announcements from all BGPSessions. Both read the same compile.Catalog and the same Digest, so the roll-up knows
// that a node has caught up without a list of the node's announcements.
//
// A status holds the conditions of its own writer alone: if it repeated another writer's condition, the next apply would fail.
package status
