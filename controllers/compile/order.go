// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"math"
	"time"
)

// Compare is the order of precedence of two Announcements: less than 0 where a is the older.
func (a *Announcement) Compare(b *Announcement) int { return a.compare(b) }

// compare is the order of precedence of two objects: by creationTimestamp, then by namespace and name. An object without a
// creationTimestamp is the oldest.
func (a *Announcement) compare(b *Announcement) int {
	return older(a.created, b.created, &a.Ref, &b.Ref)
}

func (p *Peer) compare(other *Peer) int { return older(p.created, other.created, &p.Ref, &other.Ref) }

func older(createdA, createdB int64, a, b *Ref) int {
	return cmp.Or(
		cmp.Compare(createdA, createdB),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}

// never is the time of an object without a creationTimestamp.
const never = math.MinInt64

// nanoseconds is a time as a number in the same order. Times before the year 1678 and after 2262, which only a person can have
// written, are the first and the last that there is a number for.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.IsZero():
		return never
	case t.Before(time.Unix(0, never+1)):
		return never + 1
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}
