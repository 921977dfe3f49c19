// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

// watcher tells early when the manifests may have changed. It is a convenience: whoever has one looks from time to time all
// the same, since there are changes without an event, and systems that have no more watches to give.
type watcher struct {
	// notify is nil while there is none to be had.
	notify *fsnotify.Watcher
	// watched are the directories by path, and what they were when the watch was set.
	watched map[string]inode
	places  places
	// missing is what was said of what is not watched.
	missing string
	log     logr.Logger
}

// events and errors are nil, and so never ready, without a watch.
func (w *watcher) events() <-chan fsnotify.Event {
	if w.notify == nil {
		return nil
	}
	return w.notify.Events
}

func (w *watcher) errors() <-chan error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Errors
}

// refresh watches the directories that are now at these places, and no others. It returns whether it set a watch: what
// changed before it was there raised no event.
func (w *watcher) refresh(p places) (set bool) {
	w.places = p
	if w.notify == nil {
		notify, err := fsnotify.NewWatcher()
		if err != nil {
			w.miss("", err)
			return false
		}
		w.notify, w.watched = notify, map[string]inode{}
	}
	// A directory that is moved or removed takes its watch along.
	alive := map[string]bool{}
	for _, path := range w.notify.WatchList() {
		if _, alive[path] = p.directories[path]; !alive[path] {
			w.remove(path)
		}
	}
	missing := false
	for path, inode := range p.directories {
		if w.watched[path] == inode && alive[path] {
			continue
		}
		w.remove(path)
		if err := w.notify.Add(path); err != nil {
			w.miss(path, err)
			missing = true
			continue
		}
		w.watched[path], set = inode, true
	}
	if !missing {
		w.missing = ""
	}
	return set
}

// remove ends the watch of a path. It has ended already when the directory went.
func (w *watcher) remove(path string) {
	delete(w.watched, path)
	_ = w.notify.Remove(path)
}

// miss says once what is not watched.
func (w *watcher) miss(path string, err error) {
	if w.missing == err.Error() {
		return
	}
	w.missing = err.Error()
	w.log.Info("manifests are not watched in full: some changes are seen by the next look only", "directory", path,
		"reason", err.Error(), "interval", lookInterval.String())
}

// close ends the watch; a refresh begins another one.
func (w *watcher) close() error {
	if w.notify == nil {
		return nil
	}
	err := w.notify.Close()
	w.notify = nil
	return err
}
