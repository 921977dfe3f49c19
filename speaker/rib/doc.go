// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package rib decides what each peer is sent and turns it into UPDATE messages:
// the Adj-RIBs-Out of RFC 4271 §3.2 for a speaker that originates all its
// routes and transits none.
//
// A [Table] holds, for each peer, everything that it may be sent: an [Export],
// always complete. An [Out] holds what one established session was sent. The
// difference is computed when the session can write, never before, so that
// nothing queues up and nothing older is sent after something newer.
//
// Two calls may be slow, as they work through all the routes of a session:
// [Out.Next], on the session's own writer, and [Out.Routes]. All others return
// at once or after one of these.
//
// # Words
//
//   - An entry is one prefix of one announcement. Entries with one prefix are a chain.
//   - A source is an announcement (by ID, path identifier and SAFI) across configurations.
//     Its entries have its number, which another source gets once no entry has it. There are
//     twice as many numbers as announcements that a table takes.
//   - A family is the routes of one AFI and SAFI. The table of each is generic over its
//     keys, and stands behind an interface: familyTable.
//   - An update is one call of [Table.Update]: another desired state. A revision is what an
//     update makes of a source whose announcement is another value.
//   - A change is one write to an entry. The table numbers changes, across families.
//   - A tombstone is an entry whose route is gone. It has the number of that change. A
//     grave is an element of the list of tombstones.
//   - A profile is how announcements are encoded: the session's parameters that
//     matter, and the defaults of its export. It makes of each source an offer: an
//     attribute set, or a reason why nothing is sent.
//   - A view is the sessions with one profile and one set of sources, its members:
//     an update group. It has marks, a plan and a log.
//   - A turn gives a view, with all of its sessions, another profile or other members. A move
//     takes one session to another view.
//   - A regrant gives a profile another guard that differs in what it grants some owners. Only
//     the sources of these are judged anew.
//   - A mark says that what a view sends for a prefix has changed, and what its
//     sessions held before. A plan is marks in the order in which they go out.
//   - A place is the position of a withdrawal in the order in which withdrawals go out, from 0. A
//     phase is one pass of a scan, where one collection cannot hold all that changed.
//   - A record is a message of a view's log.
//   - A session was told of a change once it was handed every message that the change needs,
//     which may be none.
//   - A cursor is one session in one family. It is told from the log of its view, or from the
//     table: by a walk over all routes, then by scans for what changed since.
//
// # How a change reaches a session
//
// [Table.Update] finds which entries change and where sessions go (prepare), while
// everything is as it was: a mark holds what sessions were sent. Then it changes
// sources, views and entries (apply). A session that is up to date packs the marks of
// its view into the log, and all sessions of the view read that. One that is not
// (it is new, wants a refresh, reads too slowly, or moved while it had something to
// read) walks or scans, and goes to the end of the log once nothing changed
// meanwhile.
//
// # Invariants
//
//   - A session was told of all changes up to cursor.told. A tombstone is freed only once every
//     session in the family was told of its change. So an entry that a mark, a plan or a scan
//     names is there as long as the mark, the plan or the scan.
//   - A number is given away again only when the source is not wanted and has no
//     entry, tombstones included. Where no number is left because a session was not told of
//     so many changes, the session is condemned: the table does not wait for it any more.
//   - Whatever decides what is sent for a prefix (attributes, members, precedence)
//     changes only with a change of an entry of that prefix; where a profile changes,
//     marks or a new walk cover all entries. So a walk may skip entries that changed
//     after it began: a scan follows.
//   - Of several marks for one path the first says what the sessions hold.
//   - cursor.mayHold contains every source that a session off the log may hold a route
//     of. A source too many costs a withdrawal of a route that the peer does not have, and
//     nothing else. view.past does the same for sessions that have something to read in the log.
//   - A view whose log no session reads has no marks and no plan. A view without sessions
//     is removed.
//   - An address that is routed before and after a change is routed all the time: what covers a withdrawn prefix, or a part
//     of it, is sent before the withdrawal, as far as the guard's limit has room for both. All other withdrawals go first.
//   - Only messages that the session was not handed yet are dropped or made anew, so nothing
//     older follows something newer. A withdrawal that goes ahead of a walk is sent again
//     after it.
//   - Sessions wait for each other at the mutex alone. What one call does under it is
//     bounded by a batch, a pass over the entries, or the marks of a view.
//
// With a limit on UPDATEs a session has a profile, and so a view, of its own.
package rib
