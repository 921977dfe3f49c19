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
//     Its number is in its entries, and given to another source once none has it. There are
//     twice as many numbers as announcements that a table takes.
//   - A family is the routes of one AFI and SAFI. The table of each is generic over its
//     keys, and stands behind an interface: familyTable.
//   - An update is one call of [Table.Update]: another desired state. A revision is what it
//     makes of a source, whose announcement is another value then.
//   - A change is one write to an entry. The table numbers changes, across families.
//   - A tombstone is an entry whose route went, with the number of that change. A
//     grave is an element of the list of them.
//   - A profile is how announcements are encoded: the session's parameters that
//     matter, and the defaults of its export. It makes of each source an offer: an
//     attribute set, or a reason why nothing is sent.
//   - A view is the sessions with one profile and one set of sources, its members:
//     an update group. It has marks, a plan and a log.
//   - A turn makes a view another one for all of its sessions. A move takes one session to another view.
//   - A mark says that what a view sends for a prefix has changed, and what its
//     sessions held before. A plan is marks in the order in which they go out.
//   - A place is the position of a withdrawal among those that go out, the first being 0. A phase
//     is one pass of a scan that has too much for one collection.
//   - A record is a message of a view's log.
//   - A cursor is one session in one family. It reads the log of its view, or is
//     told from the table: by a walk over all routes, by scans for what changed since.
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
//   - All changes up to cursor.told were handed to the session, and a tombstone is
//     freed only when its change is not after told of any cursor of the family. So what
//     marks, plans and scans name is there as long as they are.
//   - A number is given away again only when the source is not wanted and has no
//     entry, tombstones included. A session that was not told of so many that no number
//     is left is condemned, and waited for no more.
//   - Whatever decides what is sent for a prefix (attributes, members, precedence)
//     changes only with a change of an entry of that prefix; where a profile changes,
//     marks or a new walk cover all entries. So a walk may skip entries that changed
//     after it began: a scan follows.
//   - Of marks for one path the first tells what the sessions hold.
//   - cursor.mayHold contains every source that a session off the log may hold a route
//     of; too many cost a withdrawal of what the peer does not have, and nothing else.
//     view.past does the same for those that have something to read in the log.
//   - A view without a session that reads its log has no marks and no plan, and one
//     without a session is gone.
//   - An address that is routed before and after a change is routed all the time: what covers a withdrawn prefix, or a part
//     of it, is sent before the withdrawal, as far as the guard's limit has room for both. All other withdrawals go first.
//   - Only what the session was not handed yet is thrown away or made anew, so nothing
//     older follows something newer. A withdrawal that goes ahead is told again.
//   - No session waits for another but for the mutex: what one call does under it is
//     bounded by a batch, a pass over the entries, or the marks of a view.
//
// With a limit on UPDATEs a session has a profile, and so a view, of its own.
package rib
