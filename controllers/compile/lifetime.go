// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"container/heap"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

const (
	// clockTolerance is how much two clocks may differ: a renewal may lie so far ahead of ours and still count, and for so long
	// before and after an expiry somebody else may see it differently.
	clockTolerance = time.Minute
	// longestPause is how long to wait at most before the time is looked at again, since the clock on the wall may be set meanwhile.
	longestPause = 10 * time.Second
	// maxQuoted is how much of an annotation a message quotes.
	maxQuoted = 64
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
	renewed Renewal
	// counts is the last renewal that counted, the zero Time for none. It stays while a newer annotation does not count.
	counts time.Time
	// expired is what inForce is once it has expired, nil before.
	expired *Announcement
	// next is when to look again, the zero Time where everything stays as it is.
	next time.Time
	Expiry
}

// Renewal is what the annotation herald.network/renewed-at of an Announcement says, if it is there.
type Renewal struct {
	There bool
	Text  string
}

// RenewalOf reads the annotation of an Announcement.
func RenewalOf(meta *metav1.ObjectMeta) Renewal {
	text, there := meta.Annotations[v1alpha1.AnnotationRenewedAt]
	return Renewal{there, text}
}

// Expiry is when an announcement expires; the zero Expiry is that of one that never does.
type Expiry struct {
	// At is the time, and After is how long the announcement lives without a renewal.
	At    time.Time
	After time.Duration
	// Near: a node whose clock differs a little may see another side of At than we do.
	Near bool
	// Problem says why the annotation that would renew it does not count, empty where it does or there is none.
	Problem string
}

// resolve says when it expires, by the annotation and the time now. before is how it was resolved last, nil for not yet.
func (l *lifetime) resolve(before *lifetime, now time.Time) {
	if before != nil && before.inForce.Ref.Identity() == l.inForce.Ref.Identity() {
		l.counts = before.counts
		if before.inForce == l.inForce {
			l.expired = before.expired
		}
	}
	l.renew(now)
	l.After = time.Duration(l.inForce.lifetime) * time.Second
	l.At = time.Unix(0, l.inForce.created).Add(l.After)
	// Where the clock was set back, a renewal that counted may lie ahead now.
	if renewed := l.counts.Add(l.After); !l.counts.IsZero() && !ahead(l.counts, now) && renewed.After(l.At) {
		l.At = renewed
	}
	begins, ends := l.At.Add(-clockTolerance), l.At.Add(clockTolerance)
	l.Near = !begins.After(now) && ends.After(now)
	for _, at := range []time.Time{begins, l.At, ends, l.counts.Add(-clockTolerance)} {
		if at.After(now) && (l.next.IsZero() || at.Before(l.next)) {
			l.next = at
		}
	}
}

// ahead reports whether a time lies so far ahead that whoever wrote it must have a wrong clock, or we.
func ahead(at, now time.Time) bool { return at.After(now.Add(clockTolerance)) }

// renew finds out whether the annotation counts.
func (l *lifetime) renew(now time.Time) {
	const path = "metadata.annotations[" + v1alpha1.AnnotationRenewedAt + "]"
	if !l.renewed.There {
		l.counts = time.Time{}
		return
	}
	renewed, err := time.Parse(time.RFC3339, l.renewed.Text)
	switch {
	case err != nil:
		l.Problem = fmt.Sprintf("%s: %q is no time such as 2026-01-02T15:04:05Z, and renews nothing", path, l.renewed.Text[:min(len(l.renewed.Text), maxQuoted)])
	case ahead(renewed, now):
		l.Problem = fmt.Sprintf("%s: %s lies more than a minute ahead, and renews nothing yet", path, l.renewed.Text)
		l.next = renewed.Add(-clockTolerance)
	default:
		l.counts = renewed
	}
}

// resolved is what is in force of the announcement at a time.
func (l *lifetime) resolved(now time.Time) *Announcement {
	if l.At.After(now) {
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
func (l *lifetimes) read(name string, resolved *Announcement) (inForce *Announcement, renewed Renewal) {
	if known := l.known[name]; known != nil {
		return known.inForce, known.renewed
	}
	return resolved, Renewal{}
}

// resolve puts into force what the newest version of an announcement comes to now; nil is none.
func (c *Catalog) resolve(name string, inForce *Announcement, renewed Renewal, changes *Changes) {
	resolved := inForce
	if inForce.expires() {
		before := c.lifetimes.known[name]
		now := &lifetime{inForce: inForce, renewed: renewed}
		now.resolve(before, c.lifetimes.now)
		resolved = now.resolved(c.lifetimes.now)
		c.lifetimes.set(name, now)
		if before == nil || !before.At.Equal(now.At) || before.Near != now.Near || before.Problem != now.Problem {
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
	heap.Push(&l.queue, deadline{now.next, name})
	if len(l.queue) > 2*len(l.known)+64 { // many renewals: most entries are of deadlines that were put off
		l.queue = l.queue[:0]
		for name, known := range l.known {
			if !known.next.IsZero() {
				l.queue = append(l.queue, deadline{known.next, name})
			}
		}
		heap.Init(&l.queue)
	}
}

// due returns the names of the announcements that are to be looked at again by now, and takes them out of the queue. Where the clock
// was set back, these are all that have a lifetime.
func (l *lifetimes) due() []string {
	if l.back {
		l.back, l.queue = false, nil
		return slices.Collect(maps.Keys(l.known))
	}
	var names []string
	for len(l.queue) > 0 {
		first := l.queue[0]
		counts := l.counts(first)
		if counts && first.at.After(l.now) {
			break
		}
		heap.Pop(&l.queue)
		if counts {
			names = append(names, first.name)
		}
	}
	return names
}

// counts reports whether a deadline was not put off since, and is still one.
func (l *lifetimes) counts(d deadline) bool {
	known := l.known[d.name]
	return known != nil && known.next.Equal(d.at)
}

// Pause is how long to wait before the Catalog is to be told the time again although nothing changes, 0 where it need not be.
func (c *Catalog) Pause(now time.Time) time.Duration {
	switch {
	case len(c.lifetimes.known) == 0:
		return 0
	case len(c.lifetimes.queue) == 0:
		return longestPause
	}
	return max(time.Millisecond, min(c.lifetimes.queue[0].at.Sub(now.Round(0)), longestPause))
}

// Expiry is when the announcement of a name, written "namespace/name", expires.
func (c *Catalog) Expiry(name string) Expiry {
	if known := c.lifetimes.known[name]; known != nil {
		return known.Expiry
	}
	return Expiry{}
}

// deadline is when to look at an announcement again.
type deadline struct {
	at   time.Time
	name string
}

// deadlines is a heap for container/heap, the first deadline at its head. It may hold deadlines that were put off since.
type deadlines []deadline

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
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
