// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The negotiation of two OPENs. RFC 5492 §3: a capability can be used if both sides offered it.

package speaker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// negotiate compares the OPENs. The error is a *localError.
func negotiate(cfg *Peer, ours, theirs *wire.Open) (Negotiated, error) {
	if err := acceptable(cfg, ours, theirs); err != nil {
		return Negotiated{}, err
	}
	our, their := &ours.Capabilities, &theirs.Capabilities
	n := Negotiated{
		HoldTime:            time.Duration(min(ours.HoldTime, theirs.HoldTime)) * time.Second, // RFC 4271 §4.2: 0 on either side means none
		AS4:                 our.FourOctetAS != 0 && their.FourOctetAS != 0,
		RouteRefresh:        our.RouteRefresh && their.RouteRefresh,
		EnhancedRefresh:     our.EnhancedRefresh && their.EnhancedRefresh,
		ExtendedMessage:     our.ExtendedMessage && their.ExtendedMessage,
		LinkLocalNextHop:    our.LinkLocalNextHop && their.LinkLocalNextHop,
		Role:                cfg.role(),
		PeerRole:            their.Role,
		PeerFQDN:            their.FQDN,
		PeerSoftwareVersion: their.SoftwareVersion,
	}
	n.Keepalive = cfg.keepalive(n.HoldTime)
	var err error
	if n.Families, err = commonFamilies(cfg, ours, theirs); err != nil {
		return Negotiated{}, err
	}
	n.addFamilyCapabilities(our, their)
	n.addRestart(our, their)
	return n, nil
}

// addFamilyCapabilities adds capabilities for single families, which must be negotiated themselves.
func (n *Negotiated) addFamilyCapabilities(our, their *wire.Capabilities) {
	for _, f := range n.Families {
		ours, theirs := our.AddPathMode(f), their.AddPathMode(f)
		// RFC 7911 §4: NLRI have path identifiers in a direction if one side can send them and the other can receive them.
		if ours.Sends() && theirs.Receives() {
			n.AddPathSend = append(n.AddPathSend, f)
		}
		if ours.Receives() && theirs.Sends() {
			n.AddPathReceive = append(n.AddPathReceive, f)
		}
		next := wire.ExtendedNextHopFamily{Family: f, NextHopAFI: wire.AFIIPv6}
		if slices.Contains(our.ExtendedNextHop, next) && slices.Contains(their.ExtendedNextHop, next) {
			n.ExtendedNextHop = append(n.ExtendedNextHop, f) // RFC 8950 §4
		}
	}
}

// addRestart adds graceful restart: RFC 4724, 8538, 9494.
func (n *Negotiated) addRestart(our, their *wire.Capabilities) {
	gr := their.GracefulRestart
	if gr == nil || our.GracefulRestart == nil {
		return
	}
	n.GracefulRestart = true
	n.PeerRestartTime = time.Duration(gr.RestartTime) * time.Second
	n.Notifications = our.GracefulRestart.Notifications && gr.Notifications // RFC 8538 §4
	for _, f := range gr.Families {
		if slices.Contains(n.Families, f.Family) {
			n.PeerPreserves = append(n.PeerPreserves, f)
		}
	}
	for _, l := range their.LongLived {
		if len(our.LongLived) > 0 && slices.Contains(n.Families, l.Family) {
			n.LongLived = append(n.LongLived, l)
		}
	}
}

// commonFamilies are the families that the session can be used for. RFC 5492 §3: a peer that lacks a needed capability MAY be
// refused: a session without a family would look useful and carry nothing.
func commonFamilies(cfg *Peer, ours, theirs *wire.Open) ([]wire.Family, error) {
	ourFamilies, theirFamilies := offered(ours), offered(theirs)
	var common []wire.Family
	for _, f := range cfg.Families {
		if slices.Contains(ourFamilies, f) && slices.Contains(theirFamilies, f) {
			common = append(common, f)
		}
	}
	if len(common) > 0 {
		return common, nil
	}
	what := familyNames(theirFamilies)
	if len(theirs.Capabilities.Families) == 0 {
		what += " alone, for it offers no others"
	}
	return nil, &localError{
		notification: *wire.NewUnsupportedCapability(&wire.Capabilities{Families: cfg.Families}),
		text:         fmt.Sprintf("no address family in common: we have %s, the neighbour has %s", familyNames(ourFamilies), what),
	}
}

// maxFamilyNames bounds how many of a peer's families are listed: it may offer thousands.
const maxFamilyNames = 8

func familyNames(families []wire.Family) string {
	names := make([]string, 0, maxFamilyNames)
	for _, f := range families[:min(len(families), maxFamilyNames)] {
		names = append(names, f.String())
	}
	list := strings.Join(names, " and ")
	if more := len(families) - maxFamilyNames; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// offered are the families that an OPEN offers. RFC 4760 §8: without the capability, IPv4 unicast alone.
func offered(o *wire.Open) []wire.Family {
	if len(o.Capabilities.Families) == 0 {
		return []wire.Family{wire.IPv4Unicast}
	}
	return o.Capabilities.Families
}
