// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/herald-bgp/herald/speaker"
)

var errRestart = errors.New("the process was told to end, and comes back")

// exitInterrupted is the exit status of a process that a second signal ended.
const exitInterrupted = 130

// withSignals returns a context that ends with the first SIGTERM or SIGINT. SIGTERM means restart: peers keep our routes
// as graceful restart lets them. SIGINT means decommission: routes are withdrawn. The second signal ends the process at
// once. The caller calls stop, which waits for the goroutine that this needs.
func withSignals(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	stopped, joined := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(joined)
		select {
		case s := <-signals:
			cancel(causeOf(s))
		case <-stopped:
			return
		}
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-stopped:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(stopped)
		<-joined
		cancel(nil)
	}
}

func causeOf(s os.Signal) error {
	if s == syscall.SIGINT {
		return speaker.ErrDecommission
	}
	return errRestart
}
