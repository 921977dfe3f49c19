// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package faketest

import "time"

// Shape is how bytes travel one way over a connection.
type Shape struct {
	// Window is how many bytes fit between a writer and a reader that does not read, 0 for the default.
	Window int
	// Segment is the most that one read returns, 0 for no limit.
	Segment int
	// Latency passes between the arrivals of two segments, 0 for none.
	Latency time.Duration
}

// faults are what goes wrong on a pipe, whose mutex guards them.
type faults struct {
	shape   Shape
	stalled bool // the reader does not read
	shut    bool // its receive buffer is full
	dark    bool // nothing gets through, not even that an end closed
	broken  bool // reset: both ends fail, what is on its way is lost

	cut     int64     // the offset at which the connection is reset, 0 for never
	arrived int64     // up to this offset the reader can read
	last    time.Time // when the newest segment arrives
}

// room is how many bytes may be added to those that are buffered, of which the last is before the offset written.
func (f *faults) room(written int64, buffered int) int {
	n := f.shape.Window - buffered
	if f.cut > 0 {
		n = min(n, int(f.cut-written))
	}
	return n
}

// depart sends the last n bytes of the buffer on their way, segment by segment. Called with mu held.
func (p *pipe) depart(n int) {
	f, end := &p.faults, p.written()
	if f.cut > 0 && end >= f.cut {
		f.broken = true
	}
	if f.shape.Latency == 0 && !f.last.After(time.Now()) {
		p.arrive(end)
		return
	}
	segment := f.shape.Segment
	if segment == 0 {
		segment = n
	}
	for at := end - int64(n); at < end; {
		at = min(at+int64(segment), end)
		if now := time.Now(); f.last.Before(now) {
			f.last = now
		}
		f.last = f.last.Add(f.shape.Latency)
		time.AfterFunc(time.Until(f.last), func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.arrive(at)
		})
	}
}

// arrive lets the reader read up to an offset. Called with mu held.
func (p *pipe) arrive(end int64) {
	p.faults.arrived = max(p.faults.arrived, end)
	p.cond.Broadcast()
}

// change makes a change to the faults of a pipe and lets both ends look again.
func (p *pipe) change(f func(*faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.faults)
	p.cond.Broadcast()
}

// ShapeIn says how what c reads travels from now on.
func (c *Conn) ShapeIn(s Shape) { c.in.reshape(s) }

// ShapeOut says how what c writes travels from now on.
func (c *Conn) ShapeOut(s Shape) { c.out.reshape(s) }

func (p *pipe) reshape(s Shape) {
	if s.Window == 0 {
		s.Window = window
	}
	p.change(func(f *faults) { f.shape = s })
}

// Stall makes c see nothing of what the other end does, as if nobody read, until it is called with false. What the other
// end writes fills the window.
func (c *Conn) Stall(on bool) { c.in.change(func(f *faults) { f.stalled = on }) }

// Shut makes c acknowledge nothing that it has not read, as if its receive buffer were full, until it is called with false.
func (c *Conn) Shut(on bool) { c.in.change(func(f *faults) { f.shut = on }) }

// Partition lets nothing through in either direction, until it is called with false: then all that was written arrives.
func (c *Conn) Partition(on bool) {
	for _, p := range []*pipe{c.in, c.out} {
		p.change(func(f *faults) { f.dark = on })
	}
}

// Reset breaks the connection: both ends fail, and what is on its way is lost.
func (c *Conn) Reset() {
	for _, p := range []*pipe{c.in, c.out} {
		p.change(func(f *faults) { f.broken = true })
	}
}

// ResetAfter breaks the connection once the other end has written n more bytes, 0 for never.
func (c *Conn) ResetAfter(n int) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.faults.cut = 0
	if n > 0 {
		c.in.faults.cut = c.in.written() + int64(n)
	}
}

// breakBoth breaks the other direction too when one has reached its cut.
func (c *Conn) breakBoth() {
	c.out.mu.Lock()
	broken := c.out.faults.broken
	c.out.mu.Unlock()
	if broken {
		c.Reset()
	}
}
