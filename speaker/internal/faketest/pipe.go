// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package faketest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes fit between a writer and a reader that does not read, unless the test says otherwise.
const window = 64 << 10

// pipe carries bytes one way. Waiting is on a sync.Cond, which testing/synctest knows to be durably blocked.
type pipe struct {
	mu       sync.Mutex
	cond     sync.Cond
	buf      []byte // written and not read
	consumed int64  // how many bytes were read
	finished bool   // the writer closed: EOF once buf is empty
	reset    bool   // the reader closed: writes fail
	faults   faults

	readDeadline, writeDeadline deadline
}

func newPipe() *pipe {
	p := &pipe{}
	p.faults.shape.Window = window
	p.cond.L = &p.mu
	return p
}

// deadline is one side's; its timer wakes whoever waits.
type deadline struct {
	timer   *time.Timer
	expired bool
}

func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.stop()
	d.expired = false
	if !t.IsZero() {
		wait := time.Until(t)
		if wait <= 0 {
			d.expired = true
		} else {
			var timer *time.Timer
			timer = time.AfterFunc(wait, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				if d.timer == timer {
					d.expired = true
					p.cond.Broadcast()
				}
			})
			d.timer = timer
		}
	}
	p.cond.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		ready := min(int(p.faults.arrived-p.consumed), len(b))
		if segment := p.faults.shape.Segment; segment > 0 {
			ready = min(ready, segment)
		}
		switch {
		case p.reset:
			return 0, net.ErrClosed
		case p.readDeadline.expired: // as the kernel's: hides what is there
			return 0, os.ErrDeadlineExceeded
		case p.faults.stalled || p.faults.dark: // nothing is seen
		case p.faults.broken:
			return 0, syscall.ECONNRESET
		case ready > 0:
			n := copy(b, p.buf[:ready])
			p.buf = p.buf[n:]
			p.consumed += int64(n)
			p.cond.Broadcast()
			return n, nil
		case p.finished && len(p.buf) == 0:
			return 0, io.EOF
		}
		p.cond.Wait()
	}
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	for len(b) > 0 {
		room := p.faults.room(p.written(), len(p.buf))
		switch {
		case p.finished:
			return total, net.ErrClosed
		case p.faults.broken, p.reset && !p.faults.dark:
			return total, syscall.ECONNRESET
		case p.writeDeadline.expired:
			return total, os.ErrDeadlineExceeded
		case room > 0:
			n := min(len(b), room)
			p.buf = append(p.buf, b[:n]...)
			b, total = b[n:], total+n
			p.depart(n)
			continue
		}
		p.cond.Wait()
	}
	return total, nil
}

// unacknowledged is how many bytes were written and not acknowledged: half of the window is the reader's receive buffer, and
// what is in it is acknowledged although nobody has read it.
func (p *pipe) unacknowledged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.faults.shut {
		return len(p.buf)
	}
	return max(0, len(p.buf)-p.faults.shape.Window/2)
}

// written is the offset of what is written next.
func (p *pipe) written() int64 { return p.consumed + int64(len(p.buf)) }

func (p *pipe) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.writeDeadline.stop()
	p.cond.Broadcast()
}

func (p *pipe) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset = true
	p.readDeadline.stop()
	p.cond.Broadcast()
}
