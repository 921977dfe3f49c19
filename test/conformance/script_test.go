// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// How commands are played. The cases do not say when a command comes, but what comes of it: the test waits for that before
// the next command. A command of which nothing comes, such as the announcement of a route that is withdrawn before it is
// sent, waits: at the end it is played if no other has undone it, and nothing may come of it.

package conformance_test

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// runScript runs the commands of the case, again and again while more is expected and comes: some scripts are loops.
func (p *player) runScript() error {
	lines := p.vector.commands()
	for {
		before := len(p.tracker().missing())
		for _, line := range lines {
			if err := p.run(line); err != nil {
				return err
			}
		}
		after := len(p.tracker().missing())
		if after == 0 || after == before || p.session == nil {
			break
		}
	}
	if len(lines) == 0 && len(p.vector.Configurations[0].Scripts) > 0 {
		return p.follow()
	}
	return nil
}

// run runs one command.
func (p *player) run(line string) error {
	c, err := parseCommand(line, p.neighbor)
	if err != nil {
		return p.leaveOut(err, c.routes...)
	}
	switch c.action {
	case doAnnounce:
		for _, r := range c.routes {
			p.manifests.add(r)
		}
		return p.settle(announced, c.routes)
	case doWithdraw:
		for _, r := range c.routes {
			p.manifests.delete(r)
		}
		return p.settle(withdrawn, c.routes)
	case doWatchdog:
		return p.settle(announced, p.manifests.switchOn(c.argument, true))
	case undoWatch:
		return p.settle(withdrawn, p.manifests.switchOn(c.argument, false))
	case doClear:
		routes := p.manifests.known()
		for _, r := range routes {
			p.manifests.delete(r)
		}
		return p.settle(withdrawn, routes)
	case doFlush:
		return p.refresh()
	case doTeardown:
		return p.teardown(c.argument)
	case doCreate:
		if err := p.configure(c.neighbor); err != nil {
			return err
		}
		if err := p.manifests.flush(); err != nil {
			return err
		}
		return p.connect()
	case doDelete:
		p.manifests.unset(peerName)
		return p.settleFacts(p.wanted(fact{kind: notified}))
	}
	return nil
}

// settle brings a change of routes into force, if anything is to come of it, and waits for that.
func (p *player) settle(kind factKind, routes []*route) error {
	var items []*item
	for _, r := range routes {
		before := len(items)
		for _, name := range r.names() {
			items = append(items, p.wanted(fact{kind: kind, family: r.family, route: name})...)
		}
		if len(items) == before {
			p.manifests.holdBack(r)
		}
	}
	return p.settleFacts(items)
}

func (p *player) settleFacts(items []*item) error {
	if len(items) == 0 {
		return nil
	}
	if err := p.manifests.flush(); err != nil {
		return err
	}
	return p.await(items)
}

// wanted returns the first fact of a kind, and of a route if there is one, that is still to come.
func (p *player) wanted(like fact) []*item {
	i := p.tracker().first(func(f fact) bool {
		return f.kind == like.kind && (like.route == "" || f.family == like.family && f.route == like.route)
	})
	if i == nil {
		return nil
	}
	return []*item{i}
}

// refresh has all routes sent again: the neighbour asks for them (RFC 2918). Herald takes no such command.
func (p *player) refresh() error {
	if err := p.manifests.flush(); err != nil {
		return err
	}
	var items []*item
	for _, r := range p.manifests.known() {
		for _, name := range r.names() {
			items = append(items, p.wanted(fact{kind: announced, family: r.family, route: name})...)
		}
	}
	items = append(items, p.wanted(fact{kind: refreshEnds})...)
	families, err := p.negotiated()
	if err != nil {
		return err
	}
	for _, f := range families {
		if err := p.session.send(wire.RouteRefresh{Family: f}.Append(nil)); err != nil {
			return err
		}
	}
	return p.await(items)
}

// teardown ends the session, which then comes up again: with Cease/4 as a restart without graceful restart does, with
// Cease/2 as adminState Down does.
func (p *player) teardown(subcode string) error {
	if err := p.manifests.flush(); err != nil {
		return err
	}
	end := p.bringDown
	if subcode == fmt.Sprint(wire.CeaseAdminReset) {
		end = p.herald.restart
	}
	up, err := end()
	if err != nil {
		return err
	}
	if err := p.await(p.wanted(fact{kind: notified})); err != nil {
		return err
	}
	if err := p.wantEnd(); err != nil {
		return err
	}
	if len(p.trackers) == 1 {
		return nil
	}
	if err := up(); err != nil {
		return err
	}
	p.trackers = p.trackers[1:]
	return p.connect()
}

// bringDown states adminState Down; up states the neighbour as it was.
func (p *player) bringDown() (up func() error, err error) {
	p.tracker().leaving = true
	p.notes.remark(remarkWithdrawals)
	manifest := p.manifests.wanted[peerName]
	p.manifests.set(peerName, downManifest(manifest))
	return func() error {
		p.manifests.set(peerName, manifest)
		return p.manifests.flush()
	}, p.manifests.flush()
}

// follow edits the manifests as the messages themselves say, for a case whose script is a program that watches a
// service and announces it while it is there.
func (p *player) follow() error {
	for _, i := range p.tracker().missing() {
		if i.done {
			continue
		}
		switch i.kind {
		case announced:
			r, err := routeOf(i.fact, p.neighbor)
			if err != nil {
				return err
			}
			p.manifests.add(r)
		case withdrawn:
			for _, r := range p.manifests.known() {
				if slices.Contains(r.names(), i.route) {
					p.manifests.delete(r)
				}
			}
		default:
			continue
		}
		if err := p.settleFacts([]*item{i}); err != nil {
			return err
		}
	}
	return nil
}

// finish waits for all that is still expected, and sees that nothing else comes: what is there is sent before a
// route that the test adds last, and takes away again.
func (p *player) finish() error {
	if p.session == nil {
		if missing := p.tracker().missing(); len(missing) > 0 || len(p.trackers) > 1 {
			return fmt.Errorf("the connection ended; still expected: %s", listed(missing))
		}
		return nil
	}
	p.manifests.release()
	if err := p.manifests.flush(); err != nil {
		return err
	}
	if err := p.await(p.tracker().missing()); err != nil {
		return err
	}
	if p.vector.option(optionUnknownMessage) {
		return p.wantEnd()
	}
	if len(p.trackers) > 1 {
		return fmt.Errorf("%d more connections are expected", len(p.trackers)-1)
	}
	return p.wantSilence()
}

// wantSilence sees that nothing comes but a route that is added and withdrawn.
func (p *player) wantSilence() error {
	families, err := p.negotiated()
	if err != nil {
		return err
	}
	last := &route{family: families[0], prefix: netip.MustParsePrefix("203.0.113.254/32")}
	last.attributes = object{"nextHop": object{"ipv4": "203.0.113.1"}}
	if last.family == wire.IPv6Unicast {
		last.prefix = netip.MustParsePrefix("2001:db8:ffff::1/128")
		last.attributes = object{"nextHop": object{"ipv6": "2001:db8:ffff::2"}}
	}
	p.manifests.add(last)
	if err := p.manifests.flush(); err != nil {
		return err
	}
	if err := p.wantOnly(announced, last); err != nil {
		return err
	}
	p.manifests.delete(last)
	if err := p.manifests.flush(); err != nil {
		return err
	}
	return p.wantOnly(withdrawn, last)
}

// wantOnly waits for one route, and lets nothing else come before it.
func (p *player) wantOnly(kind factKind, r *route) error {
	message, err := p.session.next()
	if err != nil {
		return fmt.Errorf("%s of the test's own last route: %w", kind, err)
	}
	facts, err := factsOf(message, p.addPath)
	if err != nil {
		return err
	}
	if len(facts) != 1 || facts[0].kind != kind || facts[0].family != r.family || facts[0].route != r.key() {
		return fmt.Errorf("after all that is expected came\n  %v", facts)
	}
	return nil
}
