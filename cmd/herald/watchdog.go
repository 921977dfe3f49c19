// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker"
)

const (
	// exitStalled is the exit status of a process whose speaker made no progress.
	exitStalled = 3
	// defaultWatchdog is how long a peer or the table may make no progress.
	defaultWatchdog = time.Minute
	watchdogUsage   = "end the process when a peer or the table makes no progress for that long, so that it is started anew; 0 for never"
	// lastWords is how long the log may take for why the process ends: it may be what everybody waits for.
	lastWords = time.Second
	// maxStacks bounds the stacks that are logged.
	maxStacks = 1 << 20
)

// watchdog ends the process at once when its speaker makes no progress. Whoever started it starts another, and neighbours keep
// the routes meanwhile as graceful restart lets them.
func watchdog(ctx context.Context, log logr.Logger, s *speaker.Speaker, limit time.Duration) error {
	if limit <= 0 {
		return nil
	}
	err := s.Watch(ctx, limit)
	if err == nil {
		return nil
	}
	said := make(chan struct{})
	go func() {
		defer close(said)
		stacks := make([]byte, maxStacks)
		stacks = stacks[:runtime.Stack(stacks, true)]
		log.Error(err, "the process ends, since it does nothing any more")
		// What the log cannot take as one line.
		_, _ = os.Stderr.Write(stacks)
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
	os.Exit(exitStalled)
	return err
}
