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
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
)

func TestApplyRefusesWhatItCannotRun(t *testing.T) {
	s := speaker.New(speaker.Options{})
	for name, cfg := range map[string]*speaker.Config{
		"no router ID": {},
		"two IDs":      config(peerConfig(), peerConfig(func(p *speaker.Peer) { p.LocalAddress = us })),
		"two keys":     config(peerConfig(), peerConfig(func(p *speaker.Peer) { p.Name = "other" })),
		"router ID 0":  {RouterID: netip.IPv4Unspecified()},
		"AS 0":         config(peerConfig(func(p *speaker.Peer) { p.PeerASN = 0 })),
		"our AS 0":     config(peerConfig(func(p *speaker.Peer) { p.LocalASN = 0 })),
		"no family":    config(peerConfig(func(p *speaker.Peer) { p.Families = nil })),
		"hold 1":       config(peerConfig(func(p *speaker.Peer) { p.Timers.Hold = time.Second })),
		"send hold": config(peerConfig(func(p *speaker.Peer) {
			p.Timers.Hold, p.Timers.SendHold = time.Minute, time.Minute
		})),
		"restart time":    config(peerConfig(func(p *speaker.Peer) { p.GracefulRestart.RestartTime = 4096 * time.Second })),
		"stale time":      config(peerConfig(func(p *speaker.Peer) { p.GracefulRestart.LongLivedStaleTime = 1 << 24 * time.Second })),
		"key":             config(peerConfig(func(p *speaker.Peer) { p.Auth = transport.MD5(strings.Repeat("k", 81)) })),
		"no key":          config(peerConfig(func(p *speaker.Peer) { p.Auth = transport.MD5("") })),
		"GTSM and TTL":    config(peerConfig(func(p *speaker.Peer) { p.MultihopTTL, p.TTLSecurityHops = 2, 1 })),
		"other addresses": config(peerConfig(func(p *speaker.Peer) { p.LocalAddress = netip.MustParseAddr("2001:db8::1") })),
	} {
		if err := s.Apply(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := s.Routes(speaker.SessionID{Peer: "nobody"}, nil); !errors.Is(err, speaker.ErrUnknownPeer) {
		t.Errorf("routes of nobody: %v", err)
	}
}

// TestTooManyAnnouncements: a configuration that the table cannot hold is refused as a whole, before anything changes.
func TestTooManyAnnouncements(t *testing.T) {
	cfg := config(peerConfig())
	cfg.Announcements = make([]*rib.Announcement, rib.MaxAnnouncements)
	if err := cfg.Validate(); err != nil {
		t.Errorf("%d announcements: %v", len(cfg.Announcements), err)
	}
	cfg.Announcements = append(cfg.Announcements, nil)
	if err := cfg.Validate(); !errors.Is(err, rib.ErrTooManyAnnouncements) {
		t.Errorf("%d announcements: %v", len(cfg.Announcements), err)
	}
}
