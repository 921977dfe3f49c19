// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

var (
	us     = netip.MustParseAddr("192.0.2.10")
	them   = netip.MustParseAddr("192.0.2.1")
	ourASN = uint32(64512)
)

// world is a speaker under test and its surroundings, in a synctest bubble.
type world struct {
	*testing.T
	network *faketest.Network
	host    *faketest.Host
	peer    *faketest.Host
	speaker *speaker.Speaker
	stop    func(cause error) // ends Run and waits for it
	log     struct {
		sync.Mutex
		lines []string
	}
}

// newWorld runs a speaker that listens at us:179. It must be called in a bubble.
func newWorld(t *testing.T) *world { return newWorldAt(t, netip.AddrPortFrom(us, 179)) }

func newWorldAt(t *testing.T, listen ...netip.AddrPort) *world {
	w := &world{T: t, network: faketest.New()}
	w.host, w.peer = w.network.Host(us), w.network.Host(them)
	w.speaker = speaker.New(speaker.Options{
		Listen:    listen,
		Transport: w.host,
		Uptime:    func() time.Duration { return time.Hour },
		Logger: funcr.New(func(_, line string) {
			w.log.Lock()
			defer w.log.Unlock()
			w.log.lines = append(w.log.lines, line)
		}, funcr.Options{}),
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.speaker.Run(ctx) }()
	w.stop = func(cause error) {
		cancel(cause)
		if done != nil {
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
			done = nil
		}
	}
	return w
}

// run calls f in a bubble with a speaker, stops it and checks that no connection is left open.
func run(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f(w)
		w.stop(context.Canceled)
		synctest.Wait()
	})
}

func (w *world) listen() transport.Listener {
	l, err := w.peer.Listen(w.Context(), netip.AddrPortFrom(them, 179))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return l
}

// authOf authenticates with an MD5 key, or not at all without one.
func authOf(key string) transport.Auth {
	if key == "" {
		return transport.Auth{}
	}
	return transport.MD5(key)
}

// dial connects the peer to the speaker.
func (w *world) dial(to netip.AddrPort, key string) *bgptest.Peer {
	w.Helper()
	conn, err := w.peer.Dial(w.Context(), netip.Addr{}, to, transport.SocketOptions{Auth: authOf(key)})
	if err != nil {
		w.Fatalf("dial: %v", err)
	}
	return bgptest.NewPeer(w, conn)
}

func (w *world) apply(cfg *speaker.Config) {
	w.Helper()
	if err := w.speaker.Apply(cfg); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
}

func (w *world) snapshot() speaker.PeerSnapshot {
	w.Helper()
	s, ok := peerNamed(w.speaker, "tor")
	if !ok {
		w.Fatal("no snapshot of the peer")
	}
	return s
}

// torID is the ID of the peer of peerConfig.
var torID = speaker.SessionID{Peer: "tor", Remote: them}

// peerNamed is the only peer of that name.
func peerNamed(s *speaker.Speaker, name string) (speaker.PeerSnapshot, bool) {
	for _, snapshot := range s.Snapshot() {
		if snapshot.ID.Peer == name {
			return snapshot, true
		}
	}
	return speaker.PeerSnapshot{}, false
}

func (w *world) expectState(want speaker.State) {
	w.Helper()
	synctest.Wait()
	if s := w.snapshot(); s.State != want {
		w.Fatalf("state %v, want %v; last error %+v", s.State, want, s.LastError)
	}
}

// given is a peer with what it is to be sent.
type given struct {
	speaker.Peer
	Export export
}

// export is what a peer is to be sent, with its announcements in any order.
type export struct {
	Announcements []*rib.Announcement
	Defaults      rib.Attributes
	RatePerSecond int
	Token         any
}

// peerConfig is a peer at them with one announcement.
func peerConfig(change ...func(*given)) given {
	p := given{Peer: speaker.Peer{
		Name: "tor", Address: netip.AddrPortFrom(them, 179), LocalASN: ourASN, PeerASN: 64500,
		Families:        []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		GracefulRestart: &speaker.GracefulRestart{RestartTime: 2 * time.Minute},
	}, Export: export{Token: 1, Announcements: []*rib.Announcement{{ID: "a", Name: "a", Prefixes: prefixes("203.0.113.0/24")}}}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func active(p *given)  { p.ConnectMode = speaker.ConnectActive }
func passive(p *given) { p.ConnectMode = speaker.ConnectPassive }

func prefixes(s ...string) rib.Prefixes {
	var r []rib.PrefixRange
	for _, p := range s {
		prefix := netip.MustParsePrefix(p)
		r = append(r, rib.PrefixRange{Prefix: prefix, Length: prefix.Bits()})
	}
	return rib.NewPrefixes(r...)
}

func config(peers ...given) *speaker.Config { return configAs(us, peers...) }

func configAs(routerID netip.Addr, peers ...given) *speaker.Config {
	cfg := &speaker.Config{RouterID: routerID}
	var all []*rib.Announcement
	for _, p := range peers {
		cfg.Peers = append(cfg.Peers, &p.Peer)
		cfg.Exports = append(cfg.Exports, p.Export.from(nil))
		all = append(all, p.Export.Announcements...)
	}
	cfg.Announcements = rib.NewList(all...)
	return cfg
}

// from is the export as an edit of a former list.
func (e *export) from(former *rib.List) speaker.Export {
	return speaker.Export{Announcements: former.Replace(e.Announcements...), Defaults: e.Defaults, RatePerSecond: e.RatePerSecond, Token: e.Token}
}

// theirOpen is the peer's usual OPEN, with graceful restart when gr is set.
func theirOpen(gr bool) *wire.Open {
	o := bgptest.Open(64500, them.String(), 90, wire.IPv4Unicast)
	if gr {
		o.Capabilities.GracefulRestart = &wire.GracefulRestart{RestartTime: 120}
	}
	return o
}

// establish brings up a session that the speaker dials, as far as the End-of-RIB.
func (w *world) establish(l transport.Listener, open *wire.Open) *bgptest.Peer {
	w.Helper()
	p := bgptest.Accept(w, l)
	p.Handshake(open)
	w.expectRoutes(p, "203.0.113.0/24")
	return p
}

// expectRoutes takes UPDATEs until the End-of-RIB, which must announce those prefixes.
func (w *world) expectRoutes(p *bgptest.Peer, want ...string) {
	w.Helper()
	var got []string
	for {
		var u wire.Update
		body := p.Expect(wire.TypeUpdate)
		options := wire.UpdateOptions{AS4: p.Opened.HasCapabilities, EBGP: true, Families: []wire.Family{wire.IPv4Unicast}}
		if err := wire.ParseUpdate(body, options, &u); err != nil {
			w.Fatalf("their UPDATE: %v", err)
		}
		if _, ok := u.EndOfRIB(); ok {
			break
		}
		for prefix, err := range wire.Prefixes(wire.IPv4Unicast, u.NLRI) {
			if err != nil {
				w.Fatal(err)
			}
			got = append(got, prefix.String())
		}
	}
	if len(got) != len(want) {
		w.Fatalf("announced %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			w.Fatalf("announced %v, want %v", got, want)
		}
	}
}

func TestEstablishAndReport(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		p := w.establish(l, theirOpen(true))
		w.expectState(speaker.StateEstablished)
		s := w.snapshot()
		if s.PeerASN != 64500 || s.RemoteRouterID != them || s.Negotiated == nil || s.Negotiated.HoldTime != 90*time.Second ||
			!s.Negotiated.GracefulRestart || s.Routes.Token != 1 {
			t.Errorf("snapshot %+v, negotiated %+v", s, s.Negotiated)
		}
		if len(s.Routes.Announced) != 1 || s.Routes.Announced[0].Routes != 1 {
			t.Errorf("announced %+v", s.Routes.Announced)
		}
		gr := p.Opened.Capabilities.GracefulRestart
		if gr == nil || !gr.Restarting || gr.RestartTime != 120 || len(gr.Families) != 2 || !gr.Families[0].Forwarding {
			t.Errorf("graceful restart capability %+v", gr)
		}
	})
}

func TestRestartClosesSilently(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		p := w.establish(l, theirOpen(true))
		w.stop(context.Canceled)
		p.ExpectClose()
	})
}

func TestRestartWithoutGracefulRestart(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		p := w.establish(l, theirOpen(false))
		w.stop(context.Canceled)
		p.ExpectNotification(wire.CodeCease, wire.CeaseAdminReset)
	})
}

// expectWithdrawal takes UPDATEs until one withdraws something.
func (w *world) expectWithdrawal(p *bgptest.Peer) {
	w.Helper()
	var u wire.Update
	body := p.Expect(wire.TypeUpdate)
	if err := wire.ParseUpdate(body, wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv4Unicast}}, &u); err != nil {
		w.Fatal(err)
	}
	if len(u.Withdrawn) == 0 {
		w.Fatalf("UPDATE without withdrawals: %x", body)
	}
}

func TestDecommissionWithdrawsThenCeases(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"process": func(w *world) { w.stop(speaker.ErrDecommission) },
		"removed": func(w *world) { w.apply(config()) },
		"admin down": func(w *world) {
			w.apply(config(peerConfig(func(p *given) { p.AdminDown, p.DownText = true, "maintenance" })))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig()))
				p := w.establish(l, theirOpen(true))
				end(w)
				w.expectWithdrawal(p)
				n := p.ExpectNotification(wire.CodeCease, wire.CeaseAdminShutdown)
				if n.CeaseText() == "" {
					t.Error("no shutdown communication")
				}
			})
		})
	}
}

func TestHoldTimerExpires(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		p := w.establish(l, theirOpen(true))
		began := time.Now()
		p.ExpectNotification(wire.CodeHoldTimer, 0)
		if took := time.Since(began); took < 90*time.Second || took > 92*time.Second {
			t.Errorf("expired after %v", took)
		}
		synctest.Wait()
		s := w.snapshot()
		if s.LastError == nil || s.LastError.Code != wire.CodeHoldTimer || s.LastError.Direction != speaker.DirectionSent || s.Flaps != 1 {
			t.Errorf("snapshot %+v, error %+v", s, s.LastError)
		}
	})
}

func TestWrongPeerASN(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(func(p *given) { p.PeerASN = 64501 })))
		p := bgptest.Accept(w, l)
		p.ExpectOpen()
		p.Send(theirOpen(true).Append(nil))
		p.ExpectNotification(wire.CodeOpen, wire.OpenBadPeerAS)
		synctest.Wait()
		e := w.snapshot().LastError
		if e == nil || e.Text != "peer is in AS 64500, expected AS 64501: sent OPEN Message Error / Bad Peer AS (2/2)" {
			t.Errorf("error %+v", e)
		}
	})
}

func TestKeepaliveInSingleBytes(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		open := theirOpen(true)
		open.HoldTime = 3
		p := w.establish(l, open)
		for range 20 {
			for _, b := range wire.AppendKeepalive(nil) {
				p.Send([]byte{b})
				time.Sleep(100 * time.Millisecond) // the bubble's clock
			}
		}
		w.expectState(speaker.StateEstablished)
	})
}

func TestBlackholedConnectEndsWithTimerAndContext(t *testing.T) {
	run(t, func(w *world) {
		w.network.Blackhole(them, true)
		w.apply(config(peerConfig(active)))
		w.expectState(speaker.StateConnect)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if e := w.snapshot().LastError; e == nil || e.Direction != speaker.DirectionNone {
			t.Errorf("error %+v", e)
		}
		began := time.Now()
		w.stop(context.Canceled)
		if took := time.Since(began); took != 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}

func TestNoListenerForActivePeers(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(active)))
		_, err := w.peer.Dial(t.Context(), netip.Addr{}, netip.AddrPortFrom(us, 179), transport.SocketOptions{})
		if err == nil {
			t.Error("a connection was accepted")
		}
	})
}

func TestUnsignedBeforeKeyIsNeverRead(t *testing.T) {
	run(t, func(w *world) {
		blocked := peerConfig(passive, func(p *given) { p.Blocked = keyMissing })
		w.apply(config(blocked))
		unsigned := w.dial(netip.AddrPortFrom(us, 179), "")
		_, _ = unsigned.Conn.Write(theirOpen(true).Append(nil)) // may be closed already
		w.apply(config(peerConfig(passive, func(p *given) { p.Auth = transport.MD5("secret") })))
		if m, err := unsigned.Next(); err == nil {
			t.Errorf("got %v", m)
		}
		signed := w.dial(netip.AddrPortFrom(us, 179), "secret")
		signed.Handshake(theirOpen(true))
		w.expectRoutes(signed, "203.0.113.0/24")
		w.expectState(speaker.StateEstablished)
	})
}
