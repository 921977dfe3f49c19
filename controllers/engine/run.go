// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// restShare and longestRest bound what a storm of changes costs: after work Run rests for restShare times as long as the work
	// took, longestRest at most. Changes that come meanwhile are worked on together. A change that comes alone does not wait.
	restShare   = 4
	longestRest = 5 * time.Millisecond
	// retryInterval is when objects that could not be read are read again.
	retryInterval = time.Second
	// checkInterval is how often all objects are read although nothing tells of a change.
	checkInterval = 10 * time.Minute
	// checkPatience is how long a check waits for the event of a change that it finds. Caches have a change before they tell of it.
	checkPatience = time.Minute
)

// Run is the one goroutine that makes configurations and hands them to the speaker, and that takes the speaker's news, until
// ctx ends. The speaker's Watch sees if it makes no progress.
func (e *Engine) Run(ctx context.Context) error {
	rested, check := time.NewTimer(0), time.NewTicker(checkInterval)
	defer rested.Stop()
	defer check.Stop()
	look := time.NewTimer(0) // when the compiler is to be told the time
	look.Stop()
	defer look.Stop()
	var settle <-chan time.Time // nil unless a check has found something
	poke := e.poke              // nil while Run rests
	stretch := e.speaker.Watched("the engine")
	defer stretch.Close()
	for {
		if pause := e.compiler.Catalog().Pause(time.Now()); pause > 0 {
			look.Reset(pause)
		}
		var do func()
		select {
		case <-ctx.Done():
			return nil
		case <-poke:
			do = func() {
				poke = nil
				rested.Reset(e.workAndRest(ctx))
			}
		case <-look.C:
			do = e.wake
		case <-rested.C:
			do = func() { poke = e.poke }
		case <-check.C:
			do = func() {
				if err := e.check(ctx); err != nil {
					e.obstruct(err)
				} else if len(e.doubts) > 0 {
					settle = time.After(checkPatience)
				}
			}
		case <-settle:
			do = func() {
				settle = nil
				if err := e.settle(ctx); err != nil {
					e.obstruct(err)
				}
			}
		case <-e.speaker.Changed():
			do = func() {
				e.tell(e.changed(e.speaker.TakeChanged()))
				// An End-of-RIB on a session that is lost before anybody asks still counts.
				_ = e.Ready()
			}
		}
		stretch.Begin()
		do()
		stretch.End()
	}
}

// workAndRest works, and returns how long to rest.
func (e *Engine) workAndRest(ctx context.Context) time.Duration {
	began := time.Now()
	if err := e.work(ctx); err != nil {
		e.obstruct(err)
		e.wake()
		return retryInterval
	}
	return min(restShare*time.Since(began), longestRest)
}

// work reads the objects that the inbox names, and applies the configuration that they give.
func (e *Engine) work(ctx context.Context) error {
	w := e.inbox.take()
	in := NewInput()
	if w.source != nil {
		if err := w.source.ReadAll(ctx, in); err != nil {
			e.inbox.putBack(w)
			return err
		}
		e.source, e.doubts = w.source, nil
		e.compiler.Complete(&in.Inputs)
	}
	if e.source == nil {
		return nil // the first Source will be read as a whole
	}
	secrets := false
	for key := range w.keys {
		if key.Kind == KindSecret {
			secrets = true
		} else if err := e.source.Read(ctx, key, in); err != nil {
			e.inbox.putBack(w)
			return err
		}
		delete(e.doubts, key.object())
	}
	if out := e.update(in, secrets); out != nil {
		e.apply(out, w.source != nil || len(w.keys) > 0)
	}
	return nil
}

// check reads all objects, and doubts those that are not as the engine knows them. It changes nothing: the events may still come.
func (e *Engine) check(ctx context.Context) error {
	if err := e.work(ctx); err != nil || e.source == nil {
		return err
	}
	in, err := e.readAll(ctx)
	if err != nil {
		return err
	}
	in.Inputs.Node = e.factsOf(in)
	e.doubts = e.compiler.Differences(&in.Inputs)
	return nil
}

// settle ends a check. Where no event has told of a change by now, it was overlooked: settle counts it as drift, and makes it right.
func (e *Engine) settle(ctx context.Context) error {
	if err := e.work(ctx); err != nil || len(e.doubts) == 0 {
		return err
	}
	in, err := e.readAll(ctx)
	if err != nil {
		return err
	}
	var names []string
	for object := range e.doubts {
		names = append(names, object.Kind+" "+object.Name)
	}
	slices.Sort(names)
	e.options.Logger.Error(errOverlooked, "the configuration is made right", "objects", len(names), "some", names[:min(len(names), maxNamed)])
	e.drift.Add(1)
	e.doubts = nil
	if out := e.update(in, false); out != nil {
		e.apply(out, true)
	}
	return nil
}

var errOverlooked = errors.New("a change of an object was overlooked")

// readAll reads all objects of the source, and says of every other object that the engine knows that it does not exist.
func (e *Engine) readAll(ctx context.Context) (*Input, error) {
	in := NewInput()
	if err := e.source.ReadAll(ctx, in); err != nil {
		return nil, err
	}
	e.compiler.Complete(&in.Inputs)
	return in, nil
}
