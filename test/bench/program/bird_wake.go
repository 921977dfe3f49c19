// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// wakeInterval is how often BIRD is woken.
const wakeInterval = 5 * time.Millisecond

// waker asks for BIRD's status again and again. BIRD 2.0.12 leaves what it has still to send until something wakes its
// main loop (its poll waits up to 3 s, seen with strace): where it has one neighbour that says nothing, the last routes
// would come seconds late, which says nothing of how fast it is.
type waker struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func startWaker(ctx context.Context, socket string) (*waker, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("BIRD's control socket: %w", err)
	}
	w := &waker{}
	ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.running.Go(func() {
		_, _ = io.Copy(io.Discard, conn) // until BIRD or the waker ends
	})
	w.running.Go(func() {
		defer func() { _ = conn.Close() }()
		ticker := time.NewTicker(wakeInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if _, err := io.WriteString(conn, "show status\n"); err != nil {
				return // BIRD has ended
			}
		}
	})
	return w, nil
}

func (w *waker) stop() {
	w.cancel()
	w.running.Wait()
}
