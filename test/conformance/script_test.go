// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The play of commands. The cases do not say when a command is due, but which messages result from it: the test waits for
// these before the next command. If the messages of a command are expected only after those of another command, it waits for
// that command. A command without a message, such as the announcement of a route that is withdrawn before it is sent, waits
// as well: at the end the test plays it, if no other command has undone it and it reaches no neighbour, and no message may
// result. A command that would reach a neighbour, but without a message in the case, is one that the process of the case
// never wrote.

package conformance_test

import "slices"

// runScripts runs the commands of the case, again and again while further messages are expected and come: some scripts are loops.
func (p *player) runScripts() error {
	scripts := p.vector.Configurations[0].Scripts
	commands := 0
	for {
		before := p.missing()
		if err := p.runOnce(scripts); err != nil {
			return err
		}
		for _, s := range scripts {
			commands += len(s.Commands)
		}
		after := p.missing()
		if after == 0 || after == before || !slices.ContainsFunc(p.links, func(l *link) bool { return l.session != nil }) {
			break
		}
	}
	if commands == 0 && len(scripts) > 0 {
		return p.follow(p.links[0])
	}
	return nil
}

// missing counts the facts that are still to come on the links' connections.
func (p *player) missing() int {
	count := 0
	for _, l := range p.links {
		count += len(l.tracker().missing())
	}
	return count
}

// runOnce runs all scripts. Scripts of several processes are no sequence: the next command is the one whose messages are expected
// first.
func (p *player) runOnce(scripts []script) error {
	rest := slices.Clone(scripts)
	for {
		next := -1
		for i := range rest {
			if len(rest[i].Commands) > 0 && (next < 0 || p.due(rest[i]) < p.due(rest[next])) {
				next = i
			}
		}
		if next < 0 {
			return p.settleWants(nil, true)
		}
		line := rest[next].Commands[0]
		rest[next].Commands = rest[next].Commands[1:]
		p.process = rest[next].Process
		if err := p.run(line); err != nil {
			return err
		}
	}
}

// due is the number of the group with a message of a script's next command, -1 if there is none.
func (p *player) due(s script) int {
	first := -1
	for _, l := range p.links {
		c, err := parseCommand(s.Commands[0], l.neighbor)
		if err != nil {
			continue // run shows it
		}
		kind, ok := map[commandAction]factKind{doAnnounce: announced, doWithdraw: withdrawn}[c.action]
		for i, g := range l.tracker().groups {
			if ok && slices.ContainsFunc(g.missing(), func(i *item) bool {
				return i.kind == kind && slices.ContainsFunc(c.routes, func(r *route) bool { return r.is(i.fact) })
			}) && (first < 0 || i < first) {
				first = i
			}
		}
	}
	return first
}

// run runs one command.
func (p *player) run(line string) error {
	c, err := parseCommand(line, p.links[0].neighbor)
	links := p.chosen(c.selectors)
	if err != nil {
		return p.leaveOut(err, links, c.routes...)
	}
	switch c.action {
	case doAnnounce, doWithdraw:
		return p.change(c, links)
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
	case doDelete:
		return p.deleteLinks(links)
	}
	for _, l := range links {
		if err := p.runOn(l, c); err != nil {
			return err
		}
	}
	return nil
}

// runOn runs a command that is about a session.
func (p *player) runOn(l *link, c command) error {
	if c.action != doNothing {
		if err := p.manifests.flush(); err != nil {
			return err
		}
	}
	switch c.action {
	case doFlush:
		return l.refresh()
	case doRefresh:
		return l.ask()
	case doTeardown:
		return l.teardown(c.argument)
	case doDisable:
		return l.leave()
	case doEnable:
		if len(l.trackers) > 1 && l.tracker().missing() == nil {
			l.trackers = l.trackers[1:]
		}
		return l.again()
	case doCreate:
		if l.neighbor.PeerAddress != c.neighbor.PeerAddress {
			return nil
		}
		if err := p.configure(l); err != nil {
			return err
		}
		if err := p.manifests.flush(); err != nil {
			return err
		}
		return l.again()
	}
	return nil
}

func (p *player) deleteLinks(links []*link) error {
	var wants []want
	for _, l := range links {
		p.manifests.unset(l.name)
		wants = append(wants, l.wanted(fact{kind: notified})...)
	}
	return p.settleWants(wants, false)
}

// chosen are the links that selectors choose, of those that the process is for.
func (p *player) chosen(selectors []map[string]string) []*link {
	var links []*link
	for _, l := range p.links {
		if l.neighbor.runs(p.process) && chosen(selectors, l.neighbor.labels()) {
			links = append(links, l)
		}
	}
	return links
}

// change states that routes are announced or withdrawn. With several neighbours, each has its own routes.
func (p *player) change(c command, links []*link) error {
	if !slices.ContainsFunc(p.links, func(l *link) bool { return l.neighbor.runs(p.process) }) {
		return nil // no neighbour knows the process
	}
	routes := c.routes
	if len(p.links) > 1 {
		routes = nil
		for _, l := range links {
			for _, r := range c.routes {
				routes = append(routes, r.forLink(l))
			}
		}
	}
	for _, r := range routes {
		if c.action == doAnnounce {
			p.manifests.add(r)
		} else {
			p.manifests.delete(r)
		}
	}
	return p.settle(map[commandAction]factKind{doAnnounce: announced, doWithdraw: withdrawn}[c.action], routes)
}

// linksOf are the links that a route goes to.
func (p *player) linksOf(r *route) []*link {
	var links []*link
	for _, l := range p.links {
		if (r.link == "" || r.link == l.name) && chosen(r.selectors, l.neighbor.selectable(l.name)) {
			links = append(links, l)
		}
	}
	return links
}

// reaches says whether a route goes to a neighbour that speaks its family.
func (p *player) reaches(r *route) bool {
	return slices.ContainsFunc(p.linksOf(r), func(l *link) bool {
		name := familyName(r.family)
		return r.prefix.IsValid() && (len(l.neighbor.Families) == 0 || slices.Contains(l.neighbor.Families, name))
	})
}

// settle brings a change of routes into force, if a message must result from it, and waits for that message.
func (p *player) settle(kind factKind, routes []*route) error {
	var wants []want
	for _, r := range routes {
		before := len(wants)
		for _, l := range p.linksOf(r) {
			for _, name := range r.names() {
				wants = append(wants, l.wanted(fact{kind: kind, family: r.family, route: name})...)
			}
		}
		if len(wants) == before {
			p.manifests.holdBack(r)
		}
	}
	return p.settleWants(wants, false)
}

// settleWants brings the stated manifests into force and waits for the resulting messages. If another message must come first, it
// waits for the command of that message, if there is one.
func (p *player) settleWants(wants []want, last bool) error {
	if len(wants) == 0 && !last {
		return nil
	}
	p.deferred = append(p.deferred, wants...)
	if len(p.deferred) == 0 || !last && !slices.ContainsFunc(wants, want.isNext) {
		return nil
	}
	wants, p.deferred = p.deferred, nil
	if err := p.manifests.flush(); err != nil {
		return err
	}
	return p.await(wants)
}

// isNext says whether the fact can come now, because neither another fact nor a connection must come first.
func (w want) isNext() bool {
	if w.link.session == nil {
		return false
	}
	group := w.link.tracker().current()
	return group == nil || slices.Contains(group.items, w.item)
}

// endProcesses withdraws routes as the end of their process would, if the case has no command for that.
func (p *player) endProcesses() error {
	for _, l := range p.links {
		for _, i := range l.tracker().missing() {
			for _, r := range p.manifests.known() {
				if i.kind == withdrawn && r.is(i.fact) {
					p.manifests.delete(r)
				}
			}
		}
	}
	return nil
}

// follow edits the manifests by the expected messages themselves, for a case whose script is a program that watches a service and
// announces the service while it runs.
func (p *player) follow(l *link) error {
	for _, i := range l.tracker().missing() {
		if i.done {
			continue
		}
		switch i.kind {
		case announced:
			r, err := routeOf(i.fact, l.neighbor)
			if err != nil {
				return err
			}
			p.manifests.add(r)
		case withdrawn:
			for _, r := range p.manifests.known() {
				if r.is(i.fact) {
					p.manifests.delete(r)
				}
			}
		default:
			continue
		}
		if err := p.settleWants([]want{{link: l, item: i}}, false); err != nil {
			return err
		}
	}
	return nil
}
