// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"maps"
	"slices"
)

// manifests are those that shall be in force, and those that are.
type manifests struct {
	herald  *herald
	routes  map[string]*route // all that the case knows, by key
	wanted  map[string]string // content by name
	written map[string]string
	names   map[string]string // of routes, by key
	held    map[string]func() // changes that wait, by name
}

func newManifests(h *herald) *manifests {
	return &manifests{
		herald: h, routes: map[string]*route{}, wanted: map[string]string{}, written: map[string]string{},
		names: map[string]string{}, held: map[string]func(){},
	}
}

// set states a manifest.
func (m *manifests) set(name, content string) {
	delete(m.held, name)
	m.wanted[name] = content
}

// unset states that there is no such manifest.
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

// delete states that a route is no more.
func (m *manifests) delete(r *route) {
	delete(m.routes, r.key())
	m.unset(m.name(r))
}

// holdBack takes back what was stated of a route last, and lets it wait for the end of the case: nothing is expected of
// it, so it may be changed again before that.
func (m *manifests) holdBack(r *route) {
	name := m.name(r)
	content, wanted := m.wanted[name]
	if before, ok := m.written[name]; ok {
		m.set(name, before)
	} else {
		m.unset(name)
	}
	m.held[name] = func() {
		m.unset(name)
		if wanted {
			m.set(name, content)
		}
	}
}

// release states all that waits.
func (m *manifests) release() {
	for _, change := range m.held {
		change()
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

// switchOn states the routes of a watchdog, or states that they are no more, and returns them.
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

// flush writes what is wanted and not written, and removes what is not wanted.
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
