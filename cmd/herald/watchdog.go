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
	// defaultWatchdog is how long a peer, the table or the engine may make no progress.
	defaultWatchdog = time.Minute
	watchdogUsage   = "end the process when a peer, the table or the engine makes no progress for that long, so that it is started anew; 0 for never"
	// lastWords is how long the last log lines may take: the log itself may be what every goroutine waits for.
	lastWords = time.Second
	// maxStacks bounds the stacks that are logged.
	maxStacks = 1 << 20
)

// watchdog ends the process at once when its speaker makes no progress. The kubelet or systemd starts another process, and neighbours
// keep the routes meanwhile if graceful restart was negotiated.
func watchdog(ctx context.Context, log logr.Logger, s *speaker.Speaker, limit time.Duration) error {
	if limit <= 0 {
		return nil
	}
	err := s.Watch(ctx, limit)
	if err == nil {
		return nil
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		stacks := make([]byte, maxStacks)
		stacks = stacks[:runtime.Stack(stacks, true)]
		log.Error(err, "the speaker makes no progress, so the process ends")
		// The stacks are too long for one log line.
		_, _ = os.Stderr.Write(stacks)
	}()
	select {
	case <-logged:
	case <-time.After(lastWords):
	}
	os.Exit(exitStalled)
	return err
}
