// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"fmt"
	"time"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// limits bound what a table keeps for its sessions, whatever they do. None of them bounds what is announced.
type limits struct {
	// Lag is how many octets of messages are kept for a session that reads slowly. Beyond that it is told what it missed
	// from the table.
	Lag int64
	// Record is about how many octets of messages are packed at once.
	Record int
	// Ring is how many of the latest changes are remembered one by one.
	Ring uint64
	// Scan is how many prefixes a scan collects at once, Walk how many octets of NLRI a walk does.
	Scan, Walk int
	// Step is about how many UPDATEs of what covers withdrawals go out before those withdrawals that nothing more covers do, where
	// the rate is limited: few, as withdrawals should not wait for what has nothing to do with them; more than one, as each step
	// may cost an UPDATE.
	Step int
	// Marks is how many changes wait in all views of a family, each with an equal part, before the sessions of a view are
	// told from the table instead.
	Marks int
	// Graves is how many tombstones may be kept, or twice the routes if they are more, before the slowest session is
	// condemned, if it read nothing for Patience.
	Graves   int
	Patience time.Duration
	// Sources is how many sources there may be: as many as numbers, or fewer. Half of them may be wanted, so that an update
	// can replace all.
	Sources int
}

// MaxAnnouncements is how many announcements a table takes at most.
const MaxAnnouncements = 1 << (store.NumberBits - 1)

// ErrTooManyAnnouncements refuses an update with more than that.
var ErrTooManyAnnouncements = fmt.Errorf("more than %d announcements", MaxAnnouncements)

var defaultLimits = limits{
	Sources: 2 * MaxAnnouncements, Lag: 4 << 20, Record: 64 << 10, Ring: 1 << 15, Scan: 32 << 10, Walk: 2 << 20, Step: 8, Marks: 1 << 20, Graves: 1 << 20,
	Patience: time.Minute,
}

// recordOverhead is what a record of the log costs beside its octets.
const recordOverhead = 128
