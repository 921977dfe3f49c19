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

// lingering are connections of a peer that it is to read to their end.
type lingering struct {
	group sync.WaitGroup
	n     atomic.Int32
}

// linger closes a connection once the peer had the time to read what was written last: one that is closed with something
// unread is reset, and what is on its way to the peer is lost. It returns at once; the group is waited for.
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
