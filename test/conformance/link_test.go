// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// link is one neighbour of a case, with its expected connections.
type link struct {
	player   *player
	index    int
	name     string // of the BGPPeer
	neighbor *neighbor
	peer     *mirrorPeer
	addPath  []wire.Family // in which routes have path identifiers

	trackers []*tracker     // the current connection's and those that follow
	session  *mirrorSession // nil while there is none
	up       func() error   // states the neighbour as it was before its sessions had to end
	asked    bool           // for received routes
}

func (l *link) tracker() *tracker { return l.trackers[0] }

// want is a fact that must come on a link.
type want struct {
	link *link
	item *item
}

// wanted returns the first fact of a kind, and of a route if there is one, that is still to come.
func (l *link) wanted(like fact) []want {
	i := l.tracker().first(func(f fact) bool {
		return f.kind == like.kind && (like.route == "" || f.family == like.family && f.route == like.route)
	})
	if i == nil {
		return nil
	}
	return []want{{link: l, item: i}}
}

// connect takes the next connection up to the End-of-RIB of each family, or as far as the case goes.
func (l *link) connect() (err error) {
	v := l.player.vector
	if l.session, err = l.peer.accept(l.player.t); err != nil {
		return err
	}
	if v.option(optionInspectOpen) {
		if err := l.take(l.session.open); err != nil {
			return err
		}
	}
	if done, err := l.act(); done || err != nil {
		return err
	}
	if err := l.session.Send(wire.AppendKeepalive(nil)); err != nil {
		return err
	}
	if v.option(optionUnknownMessage) {
		const unknownType = 255
		return l.session.Send(wire.FinishMessage(wire.AppendHeader(nil, unknownType), 0))
	}
	families, err := l.negotiated()
	if err != nil {
		return err
	}
	if err := l.sendRoutes(families); err != nil {
		return err
	}
	return l.receive(func() bool {
		return !slices.ContainsFunc(families, func(f wire.Family) bool { return !l.tracker().ended[f] })
	})
}

// sendRoutes sends what the neighbour of the case sends.
func (l *link) sendRoutes(families []wire.Family) error {
	if l.player.vector.option(optionDefaultRoute) {
		if err := l.session.Send(defaultRoute()); err != nil {
			return err
		}
	}
	if l.player.vector.option(optionSendEndOfRIB) {
		for _, f := range families {
			if err := l.session.Send(wire.AppendEndOfRIB(nil, f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaultRoute is an UPDATE of the neighbour.
func defaultRoute() []byte {
	block := wire.NewAttributeBlock(&wire.Attributes{LocalPref: 100, HasLocalPref: true}, wire.EncodeOptions{AS4: true})
	nlri := wire.AppendPrefix(nil, netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	return wire.AppendReach(nil, wire.IPv4Unicast, block, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nlri)
}

// negotiated are the families of the OPEN, which its mirror has too; NLRI have path identifiers in the families in which the OPEN
// offers to send them.
func (l *link) negotiated() (families []wire.Family, err error) {
	l.addPath = nil
	err = eachCapability(l.session.open.Body(), func(code wire.CapabilityCode, value []byte) {
		const multiprotocol, addPath, sends = 1, 69, 2
		switch code {
		case multiprotocol:
			families = append(families, wire.Family{AFI: binary.BigEndian.Uint16(value), SAFI: value[3]})
		case addPath:
			for ; len(value) >= 4; value = value[4:] {
				if value[3]&sends != 0 {
					l.addPath = append(l.addPath, familyOf(value))
				}
			}
		}
	})
	if len(families) == 0 {
		families = []wire.Family{wire.IPv4Unicast} // RFC 4760 §8
	}
	return families, err
}

// take compares a message with the expected facts.
func (l *link) take(message []byte) error {
	facts, err := factsOf(message, l.addPath)
	if err != nil {
		return fmt.Errorf("message %x: %w", message, err)
	}
	for _, f := range facts {
		if err := l.tracker().take(f); err != nil {
			return err
		}
	}
	return nil
}

// receive takes messages until done returns true, and performs the actions of the groups that it reaches.
func (l *link) receive(done func() bool) error {
	for !done() {
		if l.session == nil {
			return fmt.Errorf("there is no connection; still expected: %s", listed(l.tracker().missing()))
		}
		message, err := l.session.NextButKeepalive()
		if err != nil {
			return fmt.Errorf("%w; still expected: %s", err, listed(l.tracker().missing()))
		}
		if err := l.take(message); err != nil {
			return err
		}
		if ended, err := l.act(); ended || err != nil {
			return err
		}
	}
	return nil
}

// act performs the actions of the current group. It says whether one of them ended the connection.
func (l *link) act() (ended bool, err error) {
	for group := l.tracker().current(); group != nil && len(group.actions) > 0; group = l.tracker().current() {
		action := group.actions[0]
		group.actions = group.actions[1:]
		switch {
		case action["signal"] != nil: // to read the next configuration
			err = l.player.reload()
		case action["notification"] != nil:
			cease := wire.NewCease(wire.CeaseAdminShutdown, fmt.Sprint(action["notification"]))
			if err := l.session.Send(cease.Append(nil)); err != nil {
				return true, err
			}
			return true, l.wantEnd()
		default:
			err = fmt.Errorf("no translation of the action %v", action)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// wantEnd waits for the connection to end without another message.
func (l *link) wantEnd() error {
	message, err := l.session.NextButKeepalive()
	l.session = nil
	if bgptest.Ended(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the connection did not end: %w", err)
	}
	return fmt.Errorf("before the end of the connection came %v", message)
}

// refresh has all routes sent again: the neighbour asks for them (RFC 2918). Herald takes no such command.
func (l *link) refresh() error {
	var wants []want
	for _, r := range l.player.manifests.known() {
		for _, name := range r.names() {
			wants = append(wants, l.wanted(fact{kind: announced, family: r.family, route: name})...)
		}
	}
	wants = append(wants, l.wanted(fact{kind: refreshEnds})...)
	families, err := l.negotiated()
	if err != nil {
		return err
	}
	for _, f := range families {
		if err := l.session.Send(wire.RouteRefresh{Family: f}.Append(nil)); err != nil {
			return err
		}
	}
	return l.player.await(wants)
}

// ask has the routes of the neighbour asked for (RFC 2918): they are wanted from now on.
func (l *link) ask() error {
	wants := l.wanted(fact{kind: refreshAsked})
	if len(wants) == 0 {
		return nil
	}
	l.player.notes.remark(remarkRefreshAsked)
	if l.asked {
		wants[0].item.done = true
		return nil
	}
	l.asked, l.tracker().asking = true, true
	m := l.player.manifests
	m.set(l.name, withField(m.wanted[l.name], "receive: {mode: Report}"))
	if err := m.flush(); err != nil {
		return err
	}
	return l.player.await(wants)
}

// disable states adminState Down; l.up states the neighbour as it was.
func (l *link) disable() error {
	m := l.player.manifests
	manifest := m.wanted[l.name]
	m.set(l.name, withField(manifest, "adminState: Down"))
	l.up = func() error {
		m.set(l.name, manifest)
		return m.flush()
	}
	return m.flush()
}

// leave disables a neighbour that has a session, and checks that the session ends.
func (l *link) leave() error {
	l.tracker().leaving = true
	l.player.notes.remark(remarkWithdrawals)
	if err := l.disable(); err != nil {
		return err
	}
	return l.ended()
}

// ended checks that the session ends with the NOTIFICATION of the case.
func (l *link) ended() error {
	if err := l.player.await(l.wanted(fact{kind: notified})); err != nil {
		return err
	}
	return l.wantEnd()
}

// again brings up the next connection once the last one has ended.
func (l *link) again() error {
	if up := l.up; up != nil {
		l.up = nil
		if err := up(); err != nil {
			return err
		}
	}
	return l.connect()
}

// teardown ends the session, which then comes up again if the case has more of them: with Cease/4 as a restart without
// graceful restart does, with Cease/2 as adminState Down does.
func (l *link) teardown(subcode string) error {
	var err error
	if subcode == fmt.Sprint(wire.CeaseAdminReset) {
		if l.up, err = l.player.herald.restart(); err == nil {
			err = l.ended()
		}
	} else {
		err = l.leave()
	}
	if err != nil || len(l.trackers) == 1 {
		return err
	}
	l.trackers = l.trackers[1:]
	return l.again()
}

// wantSilence checks that nothing comes but a route that the test adds and withdraws.
func (l *link) wantSilence() error {
	families, err := l.negotiated()
	if err != nil {
		return err
	}
	last := &route{family: families[0], prefix: netip.MustParsePrefix("203.0.113.254/32")}
	last.selectors = []map[string]string{{linkLabel: l.name}}
	last.attributes = object{"nextHop": object{"ipv4": "203.0.113.1"}}
	if last.family == wire.IPv6Unicast {
		last.prefix = netip.MustParsePrefix("2001:db8:ffff::1/128")
		last.attributes = object{"nextHop": object{"ipv6": "2001:db8:ffff::2"}}
	}
	m := l.player.manifests
	m.add(last)
	if err := m.flush(); err != nil {
		return err
	}
	if err := l.wantOnly(announced, last); err != nil {
		return err
	}
	m.delete(last)
	if err := m.flush(); err != nil {
		return err
	}
	return l.wantOnly(withdrawn, last)
}

// wantOnly waits for one route, and fails if anything else comes before it.
func (l *link) wantOnly(kind factKind, r *route) error {
	message, err := l.session.NextButKeepalive()
	if err != nil {
		return fmt.Errorf("%s of the test's own last route: %w", kind, err)
	}
	facts, err := factsOf(message, l.addPath)
	if err != nil {
		return err
	}
	if len(facts) != 1 || facts[0].kind != kind || facts[0].family != r.family || facts[0].route != r.key() {
		return fmt.Errorf("after all that is expected came\n  %v", facts)
	}
	return nil
}
