// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

const (
	// quietPeriod is how long nothing happens before a change is looked at: editors and copies write a file in several
	// steps, and between them it is empty, half there or away.
	quietPeriod = 50 * time.Millisecond
	// maxBurst is the longest that a directory in which something always happens is not looked at.
	maxBurst = 2 * time.Second
)

// watcher tells when the manifests may have changed. It watches the directory itself, its parent, for the directory may
// be moved away and replaced, and the directories that its links lead to.
type watcher struct {
	notify *fsnotify.Watcher
	dir    string
	parent string
	// linked holds the further directories that are watched.
	linked map[string]bool
	// lost is set when the directory's own watch may be that of a former directory.
	lost bool
	log  logr.Logger
}

// newWatcher watches dir, an absolute path.
func newWatcher(dir string, log logr.Logger) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	w := &watcher{notify: notify, dir: dir, parent: filepath.Dir(dir), linked: map[string]bool{}, log: log}
	if err := notify.Add(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("watch %s: %w", dir, err), notify.Close())
	}
	if w.parent == dir { // the root of the file system
		w.parent = ""
		return w, nil
	}
	if err := notify.Add(w.parent); err != nil {
		log.Info("directory of manifests watched, but not its replacement by another one", "directory", dir, "reason", err.Error())
	}
	return w, nil
}

// run calls changed, one call at a time, after each burst of events, until ctx ends.
func (w *watcher) run(ctx context.Context, changed func()) error {
	quiet := time.NewTimer(0)
	quiet.Stop()
	defer quiet.Stop()
	var burst time.Time // when the burst began, zero outside one
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-w.notify.Events:
			if !ok {
				return fmt.Errorf("watch %s: %w", w.dir, fsnotify.ErrClosed)
			}
			if !w.concerns(event) {
				continue
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return fmt.Errorf("watch %s: %w", w.dir, fsnotify.ErrClosed)
			}
			// Events were lost (the queue overflowed), so anything may have changed.
			w.log.Error(err, "events of the directory of manifests were lost", "directory", w.dir)
		case <-quiet.C:
			burst = time.Time{}
			changed()
			continue
		}
		now := time.Now()
		if burst.IsZero() {
			burst = now
		}
		quiet.Reset(max(0, min(quietPeriod, burst.Add(maxBurst).Sub(now))))
	}
}

// concerns reports whether an event may have changed a manifest.
func (w *watcher) concerns(event fsnotify.Event) bool {
	if event.Name == w.dir {
		w.lost = true
		return true
	}
	parent := filepath.Dir(event.Name)
	return parent != w.parent || w.linked[parent]
}

// refresh watches the directory that is now at its path, and exactly the given ones beside it. It is to be called before
// the manifests are read, so that no change falls between.
func (w *watcher) refresh(linked []string) {
	if w.lost {
		// The path's former directory may still be watched under its name. A failure means that there is none.
		_ = w.notify.Remove(w.dir)
		w.lost = w.notify.Add(w.dir) != nil
	}
	wanted := make(map[string]bool, len(linked))
	for _, dir := range linked {
		if dir == w.dir {
			continue
		}
		if dir != w.parent {
			if err := w.notify.Add(dir); err != nil {
				w.log.Error(err, "target of a linked manifest cannot be watched", "directory", dir)
				continue
			}
		}
		wanted[dir] = true
	}
	for dir := range w.linked {
		if !wanted[dir] && dir != w.parent {
			// It has gone already when the link was swapped with what it led to.
			_ = w.notify.Remove(dir)
		}
	}
	w.linked = wanted
}

func (w *watcher) close() error { return w.notify.Close() }
