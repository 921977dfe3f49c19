// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/kube"
)

const (
	firstRestart   = time.Second
	longestRestart = 30 * time.Second
	// A runnable that ran this long failed for another reason than the one before it.
	healthyAfter = 2 * time.Minute
)

// runnable is a manager of controller-runtime, as its supervisor sees it.
type runnable interface {
	Start(ctx context.Context) error
}

// supervise keeps a runnable running until ctx ends. A manager ends when it loses its Lease or cannot fill its caches, and cannot be
// started again. Its siblings, the speaker above all, go on, and supervise builds a new manager.
func supervise(ctx context.Context, log logr.Logger, build func() (runnable, error)) error {
	delay := firstRestart
	for {
		started := time.Now()
		err := buildAndRun(ctx, build)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(started) >= healthyAfter {
			delay = firstRestart
		}
		log.Error(err, "ended; a new one follows", "delay", delay)
		if !wait(ctx, kube.Jittered(delay)) {
			return nil
		}
		delay = min(2*delay, longestRestart)
	}
}

func buildAndRun(ctx context.Context, build func() (runnable, error)) error {
	// The goroutines that the runnable started end with it, even if it did not wait for them.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	built, err := build()
	if err != nil {
		return err
	}
	return built.Start(ctx)
}

// wait returns false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
