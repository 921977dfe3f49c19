// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
)

type runnableFunc func(ctx context.Context) error

func (f runnableFunc) Start(ctx context.Context) error { return f(ctx) }

func TestSuperviseBuildsAnewWithBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var starts []time.Duration
		began := time.Now()
		build := func() (runnable, error) {
			starts = append(starts, time.Since(began))
			if len(starts) == 3 {
				return nil, errors.New("no API server")
			}
			if len(starts) == 8 {
				cancel()
			}
			return runnableFunc(func(context.Context) error { return errors.New("lease lost") }), nil
		}
		if err := supervise(ctx, logr.Discard(), build); err != nil {
			t.Fatalf("supervise: %v, want nil once its context has ended", err)
		}
		if len(starts) != 8 {
			t.Fatalf("%d managers were built, want 8", len(starts))
		}
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			gap := starts[i+1] - starts[i]
			if low, high := want*time.Second*3/4, want*time.Second*5/4; gap < low || gap > high {
				t.Errorf("manager %d came %v after the one before it, want %v to %v", i+1, gap, low, high)
			}
		}
	})
}

func TestSuperviseForgetsBackOffAfterAHealthyRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		var ended time.Time
		build := func() (runnable, error) {
			runs++
			return runnableFunc(func(ctx context.Context) error {
				switch runs {
				case 6:
					<-time.After(healthyAfter)
					ended = time.Now()
				case 7:
					if gap := time.Since(ended); gap > 2*firstRestart {
						t.Errorf("the next manager came %v after a healthy one, want about %v", gap, firstRestart)
					}
					cancel()
				}
				return errors.New("lease lost")
			}), nil
		}
		if err := supervise(ctx, logr.Discard(), build); err != nil {
			t.Fatal(err)
		}
		if runs != 7 {
			t.Fatalf("%d runs, want 7", runs)
		}
	})
}

func TestSuperviseEndsAManagerWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inner context.Context
		ctx, cancel := context.WithCancel(t.Context())
		build := func() (runnable, error) {
			return runnableFunc(func(c context.Context) error {
				inner = c
				cancel()
				return nil
			}), nil
		}
		if err := supervise(ctx, logr.Discard(), build); err != nil {
			t.Fatal(err)
		}
		if inner.Err() == nil {
			t.Error("the context of a manager that returned has not ended")
		}
	})
}
