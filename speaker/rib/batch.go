// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "time"

// batch is what a session is handed at once.
type batch struct {
	bytes []byte
	end   int // about how long bytes may become
	left  int // UPDATEs that may still be added
}

// full reports whether no UPDATE with routes may be added.
func (b *batch) full() bool { return b.long() || b.left <= 0 }

// long reports whether nothing may be added.
func (b *batch) long() bool { return len(b.bytes) >= b.end }

// add takes the bytes with one UPDATE more.
func (b *batch) add(bytes []byte) {
	b.bytes = bytes
	b.left--
}

// pace is what a rate limit still allows a session: as many UPDATEs at once as in a second, and no more in the long run. In
// any window T there are at most r x T + r.
type pace struct {
	rate   int
	tokens float64
	since  time.Time
	timer  *time.Timer
}

// allow is how many UPDATEs may be sent now.
func (p *pace) allow(rate int) int {
	now := time.Now()
	if rate != p.rate {
		if p.rate == 0 {
			p.tokens = float64(rate)
		}
		p.rate = rate
	} else {
		p.tokens += now.Sub(p.since).Seconds() * float64(rate)
	}
	p.since = now
	p.tokens = min(p.tokens, float64(rate))
	return int(p.tokens)
}

// spend notes that UPDATEs were sent.
func (p *pace) spend(n int) { p.tokens -= float64(n) }

// wait calls ready when the next UPDATE may be sent.
func (p *pace) wait(ready func()) {
	p.stop()
	missing := max(1-p.tokens, 0)
	p.timer = time.AfterFunc(time.Duration(missing/float64(p.rate)*float64(time.Second))+time.Microsecond, ready)
}

func (p *pace) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}
