// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"net"
	"sync/atomic"
)

// incoming is a connection that the listener accepted. Whether it is fresh is judged when it is used: a key may have come
// while it waited.
type incoming struct {
	conn  net.Conn
	fresh func() bool
}

// inbox holds the newest connection of a peer that the peer's goroutine has not taken yet. The zero value is empty.
type inbox struct{ newest atomic.Pointer[incoming] }

// inboxClosed is the content of a closed inbox.
var inboxClosed = new(incoming)

// put takes a connection, or closes it when the inbox is closed. An older one that still waits is closed.
func (b *inbox) put(i *incoming) {
	for {
		old := b.newest.Load()
		if old == inboxClosed {
			i.conn.Close()
			return
		}
		if b.newest.CompareAndSwap(old, i) {
			old.discard()
			return
		}
	}
}

// take returns the waiting connection, nil for none.
func (b *inbox) take() *incoming {
	for {
		i := b.newest.Load()
		if i == nil || i == inboxClosed {
			return nil
		}
		if b.newest.CompareAndSwap(i, nil) {
			return i
		}
	}
}

// refuse closes the waiting connection.
func (b *inbox) refuse() { b.take().discard() }

// close closes the inbox: put accepts no further connection.
func (b *inbox) close() {
	if i := b.newest.Swap(inboxClosed); i != inboxClosed {
		i.discard()
	}
}

// discard closes a connection; nil is none.
func (i *incoming) discard() {
	if i != nil {
		i.conn.Close()
	}
}
