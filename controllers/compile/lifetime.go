// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"container/heap"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

const (
	// renewalAhead is how far a renewal may lie ahead of our clock and still count: the clock of whoever wrote it may be fast.
	renewalAhead = time.Minute
	// longestPause is how long to wait at most for the time of an expiry, since the clock on the wall may be set meanwhile.
	longestPause = 10 * time.Second
)

// readLifetime is how many seconds a spec lets an announcement live, 0 for ever.
func readLifetime(spec *v1alpha1.AnnouncementSpec) (int32, error) {
	if err := inRange("spec.expireAfterSeconds", spec.ExpireAfterSeconds, 1, math.MaxInt32); err != nil {
		return 0, err
	}
	return valueOr(spec.ExpireAfterSeconds, 0), nil
}

// expires reports whether the announcement, which may be nil, has a lifetime.
func (a *Announcement) expires() bool { return a != nil && a.lifetime != 0 }

// lifetime is how an announcement with a lifetime was resolved.
type lifetime struct {
	// inForce is what is in force before anything is resolved, and renewed is its annotation.
	inForce *Announcement
	renewed string
	// expired is what inForce is once it has expired, nil before.
	expired *Announcement
	// expires is when it expires or expired, and next when to look again; next is the zero Time where it stays as it is.
	expires, next time.Time
	// problem says why the annotation does not count, empty where it does or there is none.
	problem string
}

// resolve says when it expires, by the annotation and the time now.
func (l *lifetime) resolve(now time.Time) {
	seconds := time.Duration(l.inForce.lifetime) * time.Second
	l.expires, l.next, l.problem = time.Unix(0, l.inForce.created).Add(seconds), time.Time{}, ""
	if l.renewed != "" {
		const path = "metadata.annotations[" + v1alpha1.AnnotationRenewedAt + "]"
		renewed, err := time.Parse(time.RFC3339, l.renewed)
		switch counts := renewed.Add(-renewalAhead); {
		case err != nil:
			l.problem = fmt.Sprintf("%s: %q is no time such as 2026-01-02T15:04:05Z, and does not count", path, l.renewed)
		case counts.After(now):
			l.problem = fmt.Sprintf("%s: %s lies more than a minute ahead, and does not count until then", path, l.renewed)
			l.next = counts
		case renewed.Add(seconds).After(l.expires):
			l.expires = renewed.Add(seconds)
		}
	}
	if l.expires.After(now) && (l.next.IsZero() || l.expires.Before(l.next)) {
		l.next = l.expires
	}
}

// resolved is what is in force of the announcement at a time.
func (l *lifetime) resolved(now time.Time) *Announcement {
	if l.expires.After(now) {
		return l.inForce
	}
	if l.expired == nil {
		expired := *l.inForce
		expired.Expired, expired.term = true, termOf(expired.Ref, " expired")
		l.expired = &expired
	}
	return l.expired
}

// lifetimes are those of all announcements that have one, by name.
type lifetimes struct {
	// now is the time by the clock on the wall. back: it was set back since due was last called.
	now   time.Time
	back  bool
	known map[string]*lifetime
	queue deadlines
}

func newLifetimes() lifetimes { return lifetimes{known: map[string]*lifetime{}} }

// tell says what time it is, unless now is the zero Time.
func (l *lifetimes) tell(now time.Time) {
	if !now.IsZero() {
		now = now.Round(0) // the clock on the wall counts
		l.back = l.back || now.Before(l.now)
		l.now = now
	}
}

// read returns what was given to Catalog.resolve: resolved is what came of it.
func (l *lifetimes) read(name string, resolved *Announcement) (inForce *Announcement, renewed string) {
	if known := l.known[name]; known != nil {
		return known.inForce, known.renewed
	}
	return resolved, ""
}

// resolve puts into force what the newest version of an announcement comes to now; nil is none.
func (c *Catalog) resolve(name string, inForce *Announcement, renewed string, changes *Changes) {
	resolved := inForce
	if inForce.expires() {
		before := c.lifetimes.known[name]
		now := &lifetime{inForce: inForce, renewed: renewed}
		if before != nil && before.inForce == inForce {
			now.expired = before.expired
		}
		now.resolve(c.lifetimes.now)
		resolved = now.resolved(c.lifetimes.now)
		c.lifetimes.set(name, now)
		if before == nil || !before.expires.Equal(now.expires) || before.problem != now.problem {
			changes.Renewed = append(changes.Renewed, name)
		}
	} else {
		delete(c.lifetimes.known, name)
	}
	if change, changed := replace(c.announcements, name, resolved); changed {
		changes.Announcements = append(changes.Announcements, change)
	}
}

func (l *lifetimes) set(name string, now *lifetime) {
	l.known[name] = now
	if now.next.IsZero() {
		return
	}
	heap.Push(&l.queue, deadline{now.next.UnixNano(), name})
	if len(l.queue) > 2*len(l.known)+64 { // many renewals: most entries are of deadlines that were put off
		l.queue = l.queue[:0]
		for name, known := range l.known {
			if !known.next.IsZero() {
				l.queue = append(l.queue, deadline{known.next.UnixNano(), name})
			}
		}
		heap.Init(&l.queue)
	}
}

// due yields the announcements that are to be looked at again by now, and takes them out of the queue. Where the clock was set back,
// these are all that have a lifetime.
func (l *lifetimes) due() iter.Seq2[string, *lifetime] {
	return func(yield func(string, *lifetime) bool) {
		if l.back {
			l.back, l.queue = false, nil
			for name, known := range l.known {
				if !yield(name, known) {
					return
				}
			}
			return
		}
		for len(l.queue) > 0 {
			first := l.queue[0]
			known := l.of(first)
			if known != nil && first.at > l.now.UnixNano() {
				return
			}
			heap.Pop(&l.queue)
			if known != nil && !yield(first.name, known) {
				return
			}
		}
	}
}

// of is the lifetime that a deadline belongs to, nil where the deadline was put off since or is no more.
func (l *lifetimes) of(d deadline) *lifetime {
	known := l.known[d.name]
	if known == nil || known.next.IsZero() || known.next.UnixNano() != d.at {
		return nil
	}
	return known
}

// Pause is how long to wait before the Catalog is to be told the time again although nothing changes, 0 where it need not be.
func (c *Catalog) Pause(now time.Time) time.Duration {
	if len(c.lifetimes.queue) == 0 {
		return 0
	}
	next := time.Unix(0, c.lifetimes.queue[0].at)
	return max(time.Millisecond, min(next.Sub(now.Round(0)), longestPause))
}

// Expires is when the announcement of a name, written "namespace/name", expires or expired; it is the zero Time for never. problem
// says why the annotation that would renew it does not count, empty where it does or there is none.
func (c *Catalog) Expires(name string) (at time.Time, problem string) {
	if known := c.lifetimes.known[name]; known != nil {
		return known.expires, known.problem
	}
	return time.Time{}, ""
}

// deadline is when to look at an announcement again, in nanoseconds of Unix time.
type deadline struct {
	at   int64
	name string
}

// deadlines is a heap for container/heap, the first deadline at its head. It may hold deadlines that were put off since.
type deadlines []deadline

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].at < d[j].at }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push implements heap.Interface.
func (d *deadlines) Push(x any) {
	if next, ok := x.(deadline); ok {
		*d = append(*d, next)
	}
}

// Pop implements heap.Interface.
func (d *deadlines) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
