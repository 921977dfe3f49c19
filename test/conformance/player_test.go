// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// player plays one case.
type player struct {
	t        *testing.T
	vector   *vector
	notes    *notes
	neighbor *neighbor
	addPath  []wire.Family // in which routes have path identifiers

	herald    *herald
	manifests *manifests
	peer      *mirrorPeer

	trackers []*tracker // the current connection's and those that follow
	session  *mirrorSession
	config   int // index of the configuration in force
}

func newPlayer(t *testing.T, v *vector, n *neighbor, expected []expectation, notes *notes) *player {
	t.Helper()
	p := &player{t: t, vector: v, neighbor: n, notes: notes}
	for _, e := range expected {
		p.trackers = append(p.trackers, newTracker(e))
	}
	p.herald = newHerald(t, n.routerID())
	p.manifests = newManifests(p.herald)
	_, address := n.ends()
	p.peer = newMirrorPeer(t, address)
	p.peer.unknownCapability = v.option(optionUnknownCapability)
	if asn, ok := v.Options[optionASN]; ok {
		if _, err := fmt.Sscan(fmt.Sprint(asn), &p.peer.asn); err != nil {
			t.Fatalf("option %s: %v", optionASN, err)
		}
	}
	return p
}

func (p *player) tracker() *tracker { return p.trackers[0] }

// play runs the whole case.
func (p *player) play() error {
	for i := range p.vector.Configurations[0].Neighbors {
		if err := p.configure(&p.vector.Configurations[0].Neighbors[i]); err != nil {
			return err
		}
	}
	if err := p.manifests.flush(); err != nil {
		return err
	}
	if err := p.herald.start(); err != nil {
		return err
	}
	if len(p.vector.Configurations[0].Neighbors) > 0 {
		if err := p.connect(); err != nil {
			return err
		}
	}
	if err := p.runScript(); err != nil {
		return err
	}
	return p.finish()
}

// configure states the neighbour and its routes.
func (p *player) configure(n *neighbor) error {
	p.neighbor = n
	flushes := slices.ContainsFunc(p.vector.commands(), func(line string) bool { return strings.Contains(line, "flush") })
	manifest, err := n.manifest(p.peer.port(), p.vector.option(optionInspectOpen), flushes)
	if err != nil {
		return err
	}
	p.manifests.set(peerName, manifest)
	if local, _ := n.ends(); local != n.localAddress() {
		p.manifests.set(nodeName, n.nodeManifest())
	}
	for _, configured := range n.Routes {
		r, err := newRoute(configured.Family, configured.NLRI.Prefix, configured.Attributes, n)
		if err != nil {
			if err := p.leaveOut(err, r); err != nil {
				return err
			}
			continue
		}
		p.manifests.add(r)
	}
	return nil
}

// leaveOut notes why something is not reproduced, and expects nothing of its routes. Any other error it returns.
func (p *player) leaveOut(err error, routes ...*route) error {
	reason, ok := outsideReason(err)
	if !ok {
		return err
	}
	p.notes.leaveOut(reason)
	for _, r := range routes {
		if r == nil {
			continue
		}
		for _, t := range p.trackers {
			t.forgo(func(f fact) bool { return f.family == r.family && slices.Contains(r.names(), f.route) })
		}
	}
	return nil
}

// connect takes the next connection up to the End-of-RIB of each family, or as far as the case lets it come.
func (p *player) connect() (err error) {
	if p.session, err = p.peer.accept(p.t); err != nil {
		return err
	}
	if p.vector.option(optionInspectOpen) {
		if err := p.take(p.session.open); err != nil {
			return err
		}
	}
	if done, err := p.act(); done || err != nil {
		return err
	}
	if err := p.session.send(wire.AppendKeepalive(nil)); err != nil {
		return err
	}
	if p.vector.option(optionUnknownMessage) {
		const unknownType = 255
		return p.session.send(wire.FinishMessage(wire.AppendHeader(nil, unknownType), 0))
	}
	families, err := p.negotiated()
	if err != nil {
		return err
	}
	if p.vector.option(optionDefaultRoute) {
		if err := p.session.send(defaultRoute()); err != nil {
			return err
		}
	}
	return p.receive(func() bool {
		return !slices.ContainsFunc(families, func(f wire.Family) bool { return !p.tracker().ended[f] })
	})
}

// defaultRoute is an UPDATE of the neighbour.
func defaultRoute() []byte {
	block := wire.NewAttributeBlock(&wire.Attributes{LocalPref: 100, HasLocalPref: true}, wire.EncodeOptions{AS4: true})
	nlri := wire.AppendPrefix(nil, netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	return wire.AppendReach(nil, wire.IPv4Unicast, block, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nlri)
}

// negotiated are the families of the OPEN, and with it of its mirror; path identifiers go where it offers to send them.
func (p *player) negotiated() (families []wire.Family, err error) {
	p.addPath = nil
	err = eachCapability(p.session.open[wire.HeaderLen:], func(code wire.CapabilityCode, value []byte) {
		const multiprotocol, addPath, sends = 1, 69, 2
		switch code {
		case multiprotocol:
			families = append(families, wire.Family{AFI: binary.BigEndian.Uint16(value), SAFI: value[3]})
		case addPath:
			for ; len(value) >= 4; value = value[4:] {
				if value[3]&sends != 0 {
					p.addPath = append(p.addPath, familyOf(value))
				}
			}
		}
	})
	if len(families) == 0 {
		families = []wire.Family{wire.IPv4Unicast} // RFC 4760 §8
	}
	return families, err
}

// take compares a message with what is expected.
func (p *player) take(message []byte) error {
	facts, err := factsOf(message, p.addPath)
	if err != nil {
		return fmt.Errorf("message %x: %w", message, err)
	}
	for _, f := range facts {
		if err := p.tracker().take(f); err != nil {
			return err
		}
	}
	return nil
}

// receive takes messages until done says so, and the actions of the groups that are reached.
func (p *player) receive(done func() bool) error {
	for !done() {
		message, err := p.session.next()
		if err != nil {
			return fmt.Errorf("%w; still expected: %s", err, listed(p.tracker().missing()))
		}
		if err := p.take(message); err != nil {
			return err
		}
		if ended, err := p.act(); ended || err != nil {
			return err
		}
	}
	return nil
}

// await receives until each of the items has come.
func (p *player) await(items []*item) error {
	return p.receive(func() bool { return !slices.ContainsFunc(items, func(i *item) bool { return !i.done }) })
}

func listed(items []*item) string {
	var all []string
	for _, i := range items {
		all = append(all, "\n  "+i.String())
	}
	return cmp.Or(strings.Join(all, ""), "nothing")
}

// act takes the actions of the current group. It says whether the connection ended with one.
func (p *player) act() (ended bool, err error) {
	for group := p.tracker().current(); group != nil && len(group.actions) > 0; group = p.tracker().current() {
		action := group.actions[0]
		group.actions = group.actions[1:]
		switch {
		case action["signal"] != nil: // to read the next configuration
			err = p.reload()
		case action["notification"] != nil:
			cease := wire.NewCease(wire.CeaseAdminShutdown, fmt.Sprint(action["notification"]))
			if err := p.session.send(cease.Append(nil)); err != nil {
				return true, err
			}
			return true, p.wantEnd()
		default:
			err = fmt.Errorf("no translation of the action %v", action)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// reload puts the next configuration in the place of the one in force.
func (p *player) reload() error {
	p.config++
	if p.config == len(p.vector.Configurations) || len(p.vector.Configurations[p.config].Neighbors) != 1 {
		return fmt.Errorf("there is no configuration %d to read", p.config+1)
	}
	for _, configured := range p.neighbor.Routes {
		if r, err := newRoute(configured.Family, configured.NLRI.Prefix, configured.Attributes, p.neighbor); err == nil {
			p.manifests.delete(r)
		}
	}
	if err := p.configure(&p.vector.Configurations[p.config].Neighbors[0]); err != nil {
		return err
	}
	return p.manifests.flush()
}

// wantEnd waits for the connection to end without another message.
func (p *player) wantEnd() error {
	message, err := p.session.next()
	p.session = nil
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the connection did not end: %w", err)
	}
	return fmt.Errorf("before the end of the connection came %x", message)
}
