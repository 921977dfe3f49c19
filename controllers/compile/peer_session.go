// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

func readTransport(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	peer.anyConnectMode = true
	transport := spec.Transport
	if transport == nil {
		return nil
	}
	if source := transport.Source; source != nil {
		if source.Address == "" {
			return noMember("spec.transport.source.address", "an address of the node")
		}
		ip, err := netip.ParseAddr(source.Address)
		if err != nil || ip.Zone() != "" || ip.Is4In6() || !wire.IsHostAddress(ip) || ip.Is6() && ip.IsLinkLocalUnicast() {
			return invalid("spec.transport.source.address",
				"%q: write a unicast IPv4 or IPv6 address of the node that is not link-local in IPv6", source.Address)
		}
		if ip.Is4() != peer.Address.Addr().Is4() {
			return invalid("spec.transport.source.address", "%s: write an address of the same family as spec.address", ip)
		}
		peer.session.LocalAddress = ip
	}
	if err := inRange("spec.transport.multihopTTL", transport.MultihopTTL, 1, 255); err != nil {
		return err
	}
	if err := inRange("spec.transport.ttlSecurityHops", transport.TTLSecurityHops, 1, 254); err != nil {
		return err
	}
	if transport.TTLSecurityHops != nil && transport.MultihopTTL != nil {
		return invalid("spec.transport.ttlSecurityHops", "delete multihopTTL beside it")
	}
	peer.session.MultihopTTL = uint8(valueOr(transport.MultihopTTL, 0))
	peer.session.TTLSecurityHops = uint8(valueOr(transport.TTLSecurityHops, 0))
	return readConnectMode(peer, transport.ConnectMode)
}

func readConnectMode(peer *Peer, mode *v1alpha1.ConnectMode) error {
	if mode == nil {
		return nil
	}
	peer.anyConnectMode = false
	switch *mode {
	case v1alpha1.ConnectBoth:
		peer.session.ConnectMode = speaker.ConnectBoth
	case v1alpha1.ConnectActive:
		peer.session.ConnectMode = speaker.ConnectActive
	case v1alpha1.ConnectPassive:
		peer.session.ConnectMode = speaker.ConnectPassive
	default:
		return unsupported("spec.transport.connectMode", *mode)
	}
	return nil
}

// connectMode is the peer's own, or what its omission means to this process.
func (p *Peer) connectMode(listening bool) speaker.ConnectMode {
	if p.anyConnectMode && !listening {
		return speaker.ConnectActive
	}
	return p.session.ConnectMode
}

func readTimers(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	const field = "spec.timers."
	timers := valueOr(spec.Timers, v1alpha1.Timers{})
	err := cmp.Or(
		inRange(field+"holdSeconds", timers.HoldSeconds, 0, 65535),
		inRange(field+"keepaliveSeconds", timers.KeepaliveSeconds, 1, 65535),
		inRange(field+"connectRetrySeconds", timers.ConnectRetrySeconds, 1, 3600),
		inRange(field+"sendHoldSeconds", timers.SendHoldSeconds, 1, 131070),
	)
	if err != nil {
		return err
	}
	hold := seconds(timers.HoldSeconds, defaultHold)
	keepalive := seconds(timers.KeepaliveSeconds, 0)
	sendHold := seconds(timers.SendHoldSeconds, 0)
	switch {
	case hold > 0 && hold < 3*time.Second: // RFC 4271 §4.2
		return invalid(field+"holdSeconds", "%d: write 3 or more, or 0 for no hold timer", *timers.HoldSeconds)
	case keepalive > hold:
		return invalid(field+"keepaliveSeconds", "%d: write at most holdSeconds", *timers.KeepaliveSeconds)
	case timers.SendHoldSeconds != nil && sendHold <= hold: // RFC 9687 §3
		return invalid(field+"sendHoldSeconds", "%d: write more than holdSeconds", *timers.SendHoldSeconds)
	}
	peer.session.Timers = speaker.Timers{
		Hold:         hold,
		NoHold:       hold == 0,
		Keepalive:    keepalive,
		ConnectRetry: seconds(timers.ConnectRetrySeconds, defaultConnectRetry),
		SendHold:     sendHold,
	}
	return nil
}

func readGracefulRestart(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	restart := valueOr(spec.GracefulRestart, v1alpha1.GracefulRestart{})
	const field = "spec.gracefulRestart"
	if err := cmp.Or(
		inRange(field+".restartSeconds", restart.RestartSeconds, 1, 4095),
		inRange(field+".longLivedStaleSeconds", restart.LongLivedStaleSeconds, 1, 1<<24-1), // RFC 9494 §3.1: 24 bits
	); err != nil {
		return err
	}
	switch mode := valueOr(restart.Mode, v1alpha1.GracefulRestartEnabled); mode {
	case v1alpha1.GracefulRestartEnabled:
		peer.session.GracefulRestart = &speaker.GracefulRestart{
			RestartTime:        seconds(restart.RestartSeconds, defaultRestart),
			Notifications:      valueOr(restart.Notifications, false),
			LongLivedStaleTime: seconds(restart.LongLivedStaleSeconds, 0),
		}
	case v1alpha1.GracefulRestartDisabled:
		if restart.LongLivedStaleSeconds != nil || valueOr(restart.Notifications, false) {
			return invalid(field, "delete longLivedStaleSeconds and notifications, or write mode Enabled")
		}
	default:
		return unsupported(field+".mode", mode)
	}
	return nil
}

func readReceive(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	const field = "spec.receive"
	receive := valueOr(spec.Receive, v1alpha1.Receive{})
	if err := inRange(field+".maxPrefixes", receive.MaxPrefixes, 1, limitMaxPrefixes); err != nil {
		return err
	}
	onLimit := speaker.ReceiveDiscard
	switch limit := valueOr(receive.OnLimit, v1alpha1.ReceiveDiscard); limit {
	case v1alpha1.ReceiveDiscard:
	case v1alpha1.ReceiveTeardown:
		onLimit = speaker.ReceiveTeardown
	default:
		return unsupported(field+".onLimit", limit)
	}
	switch mode := valueOr(receive.Mode, v1alpha1.ReceiveIgnore); mode {
	case v1alpha1.ReceiveReport:
		peer.session.Receive = speaker.Receive{
			Mode:        speaker.ReceiveReport,
			MaxPrefixes: int(valueOr(receive.MaxPrefixes, defaultMaxReceived)),
			OnLimit:     onLimit,
		}
	case v1alpha1.ReceiveIgnore:
		if receive.MaxPrefixes != nil || receive.OnLimit != nil {
			return invalid(field, "with maxPrefixes or onLimit write mode Report")
		}
	default:
		return unsupported(field+".mode", mode)
	}
	return nil
}

func seconds(field *int32, omitted time.Duration) time.Duration {
	if field == nil {
		return omitted
	}
	return time.Duration(*field) * time.Second
}
