// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// player plays one case.
type player struct {
	t         *testing.T
	vector    *vector
	notes     *notes
	herald    *herald
	manifests *manifests
	links     []*link
	config    int    // index of the configuration in force
	process   string // whose commands are run
	deferred  []want // what comes of changes that wait for others
}

// newPlayer makes a player of the neighbours, each of which listens, and decides which facts each expects.
func newPlayer(t *testing.T, v *vector, neighbors []*neighbor, notes *notes) (*player, error) {
	t.Helper()
	p := &player{t: t, vector: v, notes: notes, herald: newHerald(t, neighbors[0].routerID())}
	p.manifests = newManifests(p.herald)
	for i, n := range neighbors {
		_, address := n.ends(i)
		l := &link{player: p, index: i, name: fmt.Sprintf("neighbor-%d", i+1), neighbor: n, peer: newMirrorPeer(t, address)}
		l.peer.unknownCapability = v.option(optionUnknownCapability)
		if asn, ok := v.Options[optionASN]; ok {
			if _, err := fmt.Sscan(fmt.Sprint(asn), &l.peer.asn); err != nil {
				return nil, fmt.Errorf("option %s: %w", optionASN, err)
			}
		}
		p.links = append(p.links, l)
	}
	return p, p.expect()
}

// expect gives each connection of the case to a neighbour: to the next one without a connection, and of several to the one whose
// routes are expected there. To a neighbour without a connection Herald may send anything.
func (p *player) expect() error {
	for _, c := range p.vector.Expected {
		var chosen *link
		var best int
		for _, l := range p.links {
			e, err := readConnection(c, l.neighbor.pathIDs())
			if err != nil {
				return err
			}
			const fresh = 1 << 20 // more routes than any case has
			score := e.announces(l.neighbor)
			if len(l.trackers) == 0 {
				score += fresh
			}
			if chosen == nil || score > best {
				chosen, best = l, score
			}
		}
		e, err := readConnection(c, chosen.neighbor.pathIDs())
		if err != nil {
			return err
		}
		e.leaveOut(p.vector, chosen.neighbor, p.notes)
		chosen.trackers = append(chosen.trackers, newTracker(e))
	}
	for _, l := range p.links {
		if len(l.trackers) == 0 {
			l.trackers = []*tracker{newTracker(expectation{})}
			l.tracker().anything = true
		}
	}
	return nil
}

// nothingExpected says whether the case expects nothing further but End-of-RIB and actions.
func (p *player) nothingExpected() bool {
	for _, l := range p.links {
		for _, t := range l.trackers {
			if slices.ContainsFunc(t.missing(), func(i *item) bool { return i.kind != endOfRIB }) {
				return false
			}
		}
	}
	return true
}

// play runs the whole case.
func (p *player) play() error {
	configured := p.links[:len(p.vector.Configurations[0].Neighbors)] // commands create the others
	for _, l := range configured {
		if err := p.configure(l); err != nil {
			return err
		}
	}
	if err := p.manifests.flush(); err != nil {
		return err
	}
	if err := p.herald.start(); err != nil {
		return err
	}
	for _, l := range configured {
		if l.up != nil { // it begins disabled
			continue
		}
		if err := l.connect(); err != nil {
			return err
		}
	}
	if err := p.runScripts(); err != nil {
		return err
	}
	return p.finish()
}

// configure states a neighbour and its routes.
func (p *player) configure(l *link) error {
	n := l.neighbor
	flushes := slices.ContainsFunc(p.vector.commands(), func(line string) bool { return strings.Contains(line, "flush") })
	manifest, err := n.manifest(l, p.vector.option(optionInspectOpen), flushes)
	if err != nil {
		return err
	}
	p.manifests.set(l.name, manifest)
	if n.setting("shutdown") == "true" {
		if err := l.disable(); err != nil {
			return err
		}
	}
	if local, _ := n.ends(l.index); local != n.localAddress() {
		p.manifests.set(nodeName, n.nodeManifest())
	}
	for _, configured := range n.Routes {
		r, err := newRoute(configured.Family, configured.NLRI.Prefix, configured.Attributes, n)
		if err != nil {
			if err := p.leaveOut(err, []*link{l}, r); err != nil {
				return err
			}
			continue
		}
		if len(p.links) > 1 {
			r = r.forLink(l)
		}
		p.manifests.add(r)
	}
	return nil
}

// leaveOut notes the reason why a part is not reproduced, and expects none of its routes. It returns any other error.
func (p *player) leaveOut(err error, links []*link, routes ...*route) error {
	e := leftOut(err)
	if e == nil {
		return err
	}
	p.notes.note(e)
	for _, r := range routes {
		for _, l := range links {
			for _, t := range l.trackers {
				t.forgo(func(f fact) bool { return r != nil && r.is(f) })
			}
		}
	}
	return nil
}

// await receives until each of the facts has come.
func (p *player) await(wants []want) error {
	for _, l := range p.links {
		err := l.receive(func() bool {
			return !slices.ContainsFunc(wants, func(w want) bool { return w.link == l && !w.item.done })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func listed(items []*item) string {
	var all []string
	for _, i := range items {
		all = append(all, "\n  "+i.String())
	}
	return cmp.Or(strings.Join(all, ""), "nothing")
}

// reload replaces the configuration in force by the next one.
func (p *player) reload() error {
	p.config++
	if p.config == len(p.vector.Configurations) || len(p.vector.Configurations[p.config].Neighbors) != len(p.links) {
		return fmt.Errorf("there is no configuration %d of the same neighbours to read", p.config+1)
	}
	for i, l := range p.links {
		for _, configured := range l.neighbor.Routes {
			r, err := newRoute(configured.Family, configured.NLRI.Prefix, configured.Attributes, l.neighbor)
			if err != nil {
				continue // it is not there
			}
			if len(p.links) > 1 {
				r = r.forLink(l)
			}
			p.manifests.delete(r)
		}
		l.neighbor = &p.vector.Configurations[p.config].Neighbors[i]
		if err := p.configure(l); err != nil {
			return err
		}
	}
	return p.manifests.flush()
}

// finish waits for all expected facts, and checks that nothing else comes: everything else would be sent before a route that the
// test adds last, and removes again.
func (p *player) finish() error {
	if err := p.endProcesses(); err != nil {
		return err
	}
	p.manifests.release(p.reaches)
	if err := p.manifests.flush(); err != nil {
		return err
	}
	for _, l := range p.links {
		if err := p.finishLink(l); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) finishLink(l *link) error {
	if l.session == nil {
		if missing := l.tracker().missing(); len(missing) > 0 || len(l.trackers) > 1 {
			return fmt.Errorf("the connection ended; still expected: %s", listed(missing))
		}
		return nil
	}
	if err := l.receive(func() bool { return l.tracker().missing() == nil }); err != nil {
		return err
	}
	if p.vector.option(optionUnknownMessage) {
		return l.wantEnd()
	}
	if len(l.trackers) > 1 {
		return fmt.Errorf("%d more connections are expected", len(l.trackers)-1)
	}
	if l.tracker().anything {
		return nil
	}
	return l.wantSilence()
}
