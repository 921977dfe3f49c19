// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"maps"
	"slices"
)

// manifests holds the manifests that shall be in force, and those that are.
type manifests struct {
	herald  *herald
	routes  map[string]*route // all that the case knows, by key
	wanted  map[string]string // content by name
	written map[string]string
	names   map[string]string     // of routes, by key
	held    map[string]heldChange // by name
}

// heldChange is a waiting change of a route.
type heldChange struct {
	route   *route
	content string // "": there is none
}

func newManifests(h *herald) *manifests {
	return &manifests{
		herald: h, routes: map[string]*route{}, wanted: map[string]string{}, written: map[string]string{},
		names: map[string]string{}, held: map[string]heldChange{},
	}
}

// set states a manifest.
func (m *manifests) set(name, content string) {
	delete(m.held, name)
	m.wanted[name] = content
}

// unset states that a manifest shall not exist.
func (m *manifests) unset(name string) {
	delete(m.held, name)
	delete(m.wanted, name)
}

// add states a route, or replaces it.
func (m *manifests) add(r *route) {
	m.routes[r.key()] = r
	if !r.off {
		m.set(m.name(r), r.manifest(m.name(r)))
	}
}

// delete states that a route shall not exist.
func (m *manifests) delete(r *route) {
	delete(m.routes, r.key())
	m.unset(m.name(r))
}

// holdBack takes back the last change of a route, and lets it wait for the end of the case: no message is expected of it, so the
// route may change again before.
func (m *manifests) holdBack(r *route) {
	name := m.name(r)
	content := m.wanted[name]
	if before, ok := m.written[name]; ok {
		m.set(name, before)
	} else {
		m.unset(name)
	}
	m.held[name] = heldChange{route: r, content: content}
}

// release states all waiting changes, except those that would reach a neighbour: in the case no message resulted from them.
func (m *manifests) release(reaches func(*route) bool) {
	for name, change := range m.held {
		if m.written[name] == change.content || reaches(change.route) {
			continue
		}
		m.unset(name)
		if change.content != "" {
			m.set(name, change.content)
		}
	}
}

// name is the same for all versions of a route.
func (m *manifests) name(r *route) string {
	if m.names[r.key()] == "" {
		m.names[r.key()] = fmt.Sprintf("route-%03d", len(m.names))
	}
	return m.names[r.key()]
}

// known returns the routes in the order in which they came to be.
func (m *manifests) known() []*route {
	return slices.SortedFunc(maps.Values(m.routes), func(a, b *route) int {
		if m.name(a) < m.name(b) {
			return -1
		}
		return 1
	})
}

// switchOn states or removes the routes of a watchdog, and returns them.
func (m *manifests) switchOn(watchdog string, on bool) []*route {
	var all []*route
	for _, r := range m.known() {
		if r.watchdog != watchdog {
			continue
		}
		all = append(all, r)
		m.unset(m.name(r))
		if on {
			m.set(m.name(r), r.manifest(m.name(r)))
		}
	}
	return all
}

// flush writes the wanted manifests that are not written, and removes those that are not wanted.
func (m *manifests) flush() error {
	for name := range m.written {
		if _, ok := m.wanted[name]; !ok {
			if err := m.herald.remove(name + ".yaml"); err != nil {
				return err
			}
		}
	}
	for name, content := range m.wanted {
		if m.written[name] != content {
			if err := m.herald.write(name+".yaml", content); err != nil {
				return err
			}
		}
	}
	m.written = maps.Clone(m.wanted)
	return nil
}
