// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxLingering bounds how many connections of one peer linger.
const maxLingering = 8

// lingering are closed connections of a peer that it may still read to their end.
type lingering struct {
	group sync.WaitGroup
	n     atomic.Int32
}

// linger closes a connection once the peer had the time to read the last octets: the kernel resets a connection that is closed with
// unread input, and octets on their way to the peer are lost. linger returns at once; the group waits for its goroutine.
func (l *lingering) linger(conn net.Conn, timeout time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error })
	if l.n.Add(1) > maxLingering || !ok || half.CloseWrite() != nil {
		l.n.Add(-1)
		conn.Close()
		return
	}
	l.group.Go(func() {
		defer l.n.Add(-1)
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(timeout))
		_, _ = io.Copy(io.Discard, conn) // until the peer closes too, or the deadline
	})
}
