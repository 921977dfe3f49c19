// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
)

func TestApplyRefusesWhatItCannotRun(t *testing.T) {
	s := speaker.New(speaker.Options{})
	for name, cfg := range map[string]*speaker.Config{
		"no router ID": {},
		"two IDs":      config(peerConfig(), peerConfig(func(p *given) { p.LocalAddress = us })),
		"two keys":     config(peerConfig(), peerConfig(func(p *given) { p.Name = "other" })),
		"router ID 0":  {RouterID: netip.IPv4Unspecified()},
		"AS 0":         config(peerConfig(func(p *given) { p.PeerASN = 0 })),
		"our AS 0":     config(peerConfig(func(p *given) { p.LocalASN = 0 })),
		"no family":    config(peerConfig(func(p *given) { p.Families = nil })),
		"hold 1":       config(peerConfig(func(p *given) { p.Timers.Hold = time.Second })),
		"send hold": config(peerConfig(func(p *given) {
			p.Timers.Hold, p.Timers.SendHold = time.Minute, time.Minute
		})),
		"restart time":    config(peerConfig(func(p *given) { p.GracefulRestart.RestartTime = 4096 * time.Second })),
		"stale time":      config(peerConfig(func(p *given) { p.GracefulRestart.LongLivedStaleTime = 1 << 24 * time.Second })),
		"key":             config(peerConfig(func(p *given) { p.Auth = transport.MD5(strings.Repeat("k", 81)) })),
		"no key":          config(peerConfig(func(p *given) { p.Auth = transport.MD5("") })),
		"GTSM and TTL":    config(peerConfig(func(p *given) { p.MultihopTTL, p.TTLSecurityHops = 2, 1 })),
		"other addresses": config(peerConfig(func(p *given) { p.LocalAddress = netip.MustParseAddr("2001:db8::1") })),
	} {
		if err := s.Apply(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := s.Routes(speaker.SessionID{Peer: "nobody"}, nil); !errors.Is(err, speaker.ErrUnknownPeer) {
		t.Errorf("routes of nobody: %v", err)
	}
}
