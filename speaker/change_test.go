// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// expectSilence checks that nothing but KEEPALIVEs comes for a while.
func (w *world) expectSilence(p *bgptest.Peer) {
	w.Helper()
	for end := time.Now().Add(80 * time.Second); time.Now().Before(end); {
		p.Send(wire.AppendKeepalive(nil))
		p.Expect(wire.TypeKeepalive)
	}
}

func TestChangesInPlace(t *testing.T) {
	med := uint32(50)
	for name, test := range map[string]struct {
		change  func(*given)
		updates int
	}{
		"nothing":       {func(*given) {}, 0},
		"token":         {func(p *given) { p.Export.Token = 2 }, 0},
		"connect retry": {func(p *given) { p.Timers.ConnectRetry = time.Minute }, 0},
		"send hold":     {func(p *given) { p.Timers.SendHold = time.Hour }, 0},
		"rate limit":    {func(p *given) { p.Export.RatePerSecond = 10 }, 0},
		"MED": {func(p *given) {
			a := *p.Export.Announcements[0]
			a.Attributes.MED = &med
			p.Export.Announcements = []*rib.Announcement{&a}
		}, 1},
		"another prefix": {func(p *given) {
			a := *p.Export.Announcements[0]
			a.Prefixes = prefixes("203.0.113.0/24", "198.51.100.0/24")
			p.Export.Announcements = []*rib.Announcement{&a}
		}, 1},
		"a peer's default": {func(p *given) { p.Export.Defaults.MED = &med }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig()))
				p := w.establish(l, theirOpen(true))
				w.apply(config(peerConfig(test.change)))
				for range test.updates {
					p.Expect(wire.TypeUpdate)
				}
				w.expectSilence(p)
				w.expectState(speaker.StateEstablished)
				if s := w.snapshot(); len(s.PendingReset) > 0 || s.Flaps > 0 {
					t.Errorf("pending %v, %d flaps", s.PendingReset, s.Flaps)
				}
			})
		})
	}
}

func TestDeferredChanges(t *testing.T) {
	for field, change := range map[speaker.Parameter]func(*given){
		speaker.ParameterHoldTime:        func(p *given) { p.Timers.Hold = 30 * time.Second },
		speaker.ParameterFamilies:        func(p *given) { p.Families = []wire.Family{wire.IPv4Unicast} },
		speaker.ParameterGracefulRestart: func(p *given) { p.GracefulRestart = nil },
		speaker.ParameterMultihopTTL:     func(p *given) { p.MultihopTTL = 3 },
		speaker.ParameterTTLSecurity:     func(p *given) { p.TTLSecurityHops = 1 },
		speaker.ParameterCapabilities:    func(p *given) { p.Capabilities.ExtendedMessage = true },
		speaker.ParameterAuthKey:         func(p *given) { p.Auth = transport.MD5("rotated") },
	} {
		before := func(p *given) {
			active(p)
			if field == speaker.ParameterAuthKey {
				p.Auth = transport.MD5("secret")
			}
		}
		t.Run(field.String(), func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				if field == speaker.ParameterAuthKey {
					if err := l.SetAuth(us, transport.MD5("secret")); err != nil {
						t.Fatal(err)
					}
				}
				w.apply(config(peerConfig(before)))
				p := w.establish(l, theirOpen(true))
				w.apply(config(peerConfig(before, change)))
				w.expectSilence(p)
				if s := w.snapshot(); !slices.Equal(s.PendingReset, []speaker.Parameter{field}) {
					t.Errorf("pending %v, want %v", s.PendingReset, field)
				}
				w.apply(config(peerConfig(before, change, func(p *given) { p.ApplyImmediate = true })))
				p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
			})
		})
	}
}

func TestChangesThatReset(t *testing.T) {
	for name, change := range map[string]func(*speaker.Config){
		"local ASN":    func(c *speaker.Config) { c.Peers[0].LocalASN = 64513 },
		"peer ASN":     func(c *speaker.Config) { c.Peers[0].PeerASN = 64501 },
		"MD5 key":      func(c *speaker.Config) { c.Peers[0].Auth = transport.MD5("new") },
		"router ID":    func(c *speaker.Config) { c.RouterID = them.Next() },
		"source":       func(c *speaker.Config) { c.Peers[0].LocalAddress = us },
		"connect mode": func(c *speaker.Config) { c.Peers[0].ConnectMode = speaker.ConnectPassive },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig()))
				p := w.establish(l, theirOpen(true))
				cfg := config(peerConfig())
				change(cfg)
				w.apply(cfg)
				p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
				synctest.Wait()
				// The peer answers no other OPEN: what is published is not the session that ended.
				if s := w.snapshot(); s.State == speaker.StateEstablished || s.Negotiated != nil || s.Routes.Token != nil || s.Routes.Announced != nil {
					t.Errorf("state %v, negotiated %+v, routes %+v", s.State, s.Negotiated, s.Routes)
				}
			})
		})
	}
}

// A key that is gone leaves the live session as it is, and no new one starts.
func TestBlockedLeavesLiveSession(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		if err := l.SetAuth(us, transport.MD5("secret")); err != nil {
			t.Fatal(err)
		}
		keyed := func(p *given) { active(p); p.Auth = transport.MD5("secret") }
		w.apply(config(peerConfig(keyed)))
		p := w.establish(l, theirOpen(true))
		w.apply(config(peerConfig(active, func(p *given) { p.Blocked = keyMissing })))
		w.expectSilence(p)
		w.expectState(speaker.StateEstablished)
		if s := w.snapshot(); s.Blocked != keyMissing || len(s.PendingReset) > 0 {
			t.Errorf("blocked %v, pending %v", s.Blocked, s.PendingReset)
		}
		p.Conn.Close()
		w.expectState(speaker.StateIdle)
		w.apply(config(peerConfig(keyed)))
		w.establish(l, theirOpen(true))
	})
}

// A session without authentication goes on until the key that it is to have is known, or is known to be missing.
func TestUnreadKeyLeavesLiveSession(t *testing.T) {
	unread := speaker.Blocked{Reason: speaker.BlockedKeyUnread}
	for name, then := range map[string]func(*given){
		"the key is missing": func(p *given) { p.Blocked = keyMissing },
		"the key is known":   func(p *given) { p.Auth = transport.MD5("secret") },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := w.establish(l, theirOpen(true))
				w.apply(config(peerConfig(active, func(p *given) { p.Blocked = unread })))
				w.expectSilence(p)
				w.expectState(speaker.StateEstablished)
				if s := w.snapshot(); s.Blocked != unread {
					t.Errorf("blocked %v", s.Blocked)
				}
				w.apply(config(peerConfig(active, then)))
				p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
			})
		})
	}
}

func TestListenerUnavailable(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.network.FailListen(syscall.EADDRINUSE)
		w.apply(config(peerConfig()))
		w.establish(l, theirOpen(true)) // dialling goes on
		if s := w.snapshot(); s.ListenerError == "" {
			t.Error("no listener error")
		}
		w.network.FailListen(nil)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if s := w.snapshot(); s.ListenerError != "" {
			t.Errorf("listener error %q", s.ListenerError)
		}
	})
}
