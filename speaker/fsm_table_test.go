// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// fsmRow is a row of testdata/fsm.txt.
type fsmRow struct{ state, event, answer, next string }

// fsmTable returns the rows. It must hold each state with each event, once.
func fsmTable(t *testing.T) []fsmRow {
	t.Helper()
	text, err := os.ReadFile("testdata/fsm.txt")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for state := range fsmStates {
		for event := range fsmEvents {
			missing[state+" "+event] = true
		}
	}
	var rows []fsmRow
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 4 || !missing[fields[0]+" "+fields[1]] {
			t.Fatalf("row %q: not four columns, twice there, or of an unknown state or event", line)
		}
		delete(missing, fields[0]+" "+fields[1])
		rows = append(rows, fsmRow{fields[0], fields[1], fields[2], fields[3]})
	}
	if len(rows) == 0 || len(missing) > 0 {
		t.Fatalf("%d rows, without %v", len(rows), slices.Sorted(maps.Keys(missing)))
	}
	return rows
}

// bench is where one row is tried: a speaker in its state, the listener of the peer, and the peer's end of the connection.
type bench struct {
	*world
	l transport.Listener
	p *bgptest.Peer // nil where the state has no connection
}

// fsmStates lead a speaker into each state.
var fsmStates = map[string]func(b *bench){
	"Idle": func(b *bench) { b.apply(config(peerConfig(func(p *given) { p.AdminDown = true }))) },
	"Connect": func(b *bench) {
		b.network.Blackhole(them, true)
		b.apply(config(peerConfig()))
	},
	"Active": func(b *bench) {
		b.l.Close()
		b.apply(config(peerConfig()))
	},
	"OpenSent": func(b *bench) {
		b.apply(config(peerConfig()))
		b.p = bgptest.Accept(b, b.l)
		b.p.ExpectOpen()
		b.l.Close()
	},
	"OpenConfirm": func(b *bench) {
		b.apply(config(peerConfig()))
		b.p = bgptest.Accept(b, b.l)
		b.p.ExpectOpen()
		b.p.Send(theirOpen(true).Append(nil))
		b.p.Expect(wire.TypeKeepalive)
		b.l.Close()
	},
	"Established": func(b *bench) {
		b.apply(config(peerConfig()))
		open := theirOpen(true)
		open.Capabilities.EnhancedRefresh = true // RFC 7313 §5: what is wrong with a ROUTE-REFRESH depends on it
		b.p = b.establish(b.l, open)
		b.l.Close()
	},
}

// fsmEvents make each event happen.
var fsmEvents = map[string]func(b *bench){
	"ManualStart": func(b *bench) {
		if b.p == nil && b.snapshot().State == speaker.StateIdle {
			b.l.Close()
		}
		b.apply(config(peerConfig()))
	},
	"ManualStop":                func(b *bench) { b.apply(config(peerConfig(func(p *given) { p.AdminDown = true }))) },
	"ConnectRetryTimer_Expires": func(b *bench) { b.network.Blackhole(them, true); time.Sleep(6 * time.Second) },
	"HoldTimer_Expires":         func(*bench) {}, // the answer is waited for
	"KeepaliveTimer_Expires":    func(*bench) {},
	"SendHoldTimer_Expires":     sendHold,
	"IdleHoldTimer_Expires":     idleHold,
	"Tcp_CR_Acked": func(b *bench) {
		b.network.Blackhole(them, false)
		b.p = bgptest.Accept(b, b.l) // the next attempt
	},
	"TcpConnectionConfirmed": func(b *bench) {
		conn, err := b.peer.Dial(b.Context(), netip.Addr{}, netip.AddrPortFrom(us, 179), transport.SocketOptions{})
		if err == nil {
			b.p = bgptest.NewPeer(b, conn)
		}
	},
	"TcpConnectionFails": func(b *bench) {
		b.network.Blackhole(them, false)
		b.l.Close()
		if b.p != nil {
			b.p.Conn.Close()
		} else {
			time.Sleep(6 * time.Second) // the bubble's clock: the next attempt is refused
		}
	},
	"BGPOpen":                func(b *bench) { b.p.Send(theirOpen(true).Append(nil)) },
	"BGPHeaderErr_Marker":    func(b *bench) { b.p.Send(make([]byte, wire.HeaderLen)) },
	"BGPHeaderErr_Length":    func(b *bench) { b.p.Send(header(18, wire.TypeKeepalive)) },
	"BGPHeaderErr_Type":      func(b *bench) { b.p.Send(header(19, 99)) },
	"BGPHeaderErr_Keepalive": func(b *bench) { b.p.Send(append(header(20, wire.TypeKeepalive), 0)) },
	"BGPOpenMsgErr": func(b *bench) {
		o := theirOpen(true)
		o.Version = 5
		b.p.Send(o.Append(nil))
	},
	"OpenCollisionDump": loseCollision,
	"NotifMsgVerErr": func(b *bench) {
		b.p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenUnsupportedVersion, Data: []byte{0, 4}}).Append(nil))
	},
	"NotifMsg":           func(b *bench) { b.p.Send(wire.NewCease(wire.CeaseAdminReset, "bye").Append(nil)) },
	"KeepAliveMsg":       func(b *bench) { b.p.Send(wire.AppendKeepalive(nil)) },
	"UpdateMsg":          func(b *bench) { b.p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast)) },
	"UpdateMsgErr":       func(b *bench) { b.p.Send(append(header(23, wire.TypeUpdate), 0, 0, 0, 9)) },
	"RouteRefreshMsg":    func(b *bench) { b.p.Send(routeRefresh) },
	"RouteRefreshMsgErr": func(b *bench) { b.p.Send(append(header(24, wire.TypeRouteRefresh), 0, 1, 1, 1, 0xff)) },
}

var routeRefresh = (&wire.RouteRefresh{Family: wire.IPv4Unicast}).Append(nil)

// header is one that may be wrong.
func header(length uint16, t wire.MessageType) []byte {
	b := wire.AppendHeader(nil, t)
	b[16], b[17] = byte(length>>8), byte(length)
	return b
}

// idleHold brings the peer into the IdleHoldTimer, by a session that it ends for an error of its own, and out of it.
func idleHold(b *bench) {
	b.apply(config(peerConfig()))
	p := b.establish(b.l, theirOpen(true))
	b.l.Close()
	p.Send(make([]byte, wire.HeaderLen))
	p.ExpectNotification(wire.CodeHeader, wire.HeaderNotSynchronized)
	b.expectState(speaker.StateIdle)
	time.Sleep(6 * time.Second) // the bubble's clock
}

// sendHold has the peer read nothing while it is sent more than its buffers take (RFC 9687).
func sendHold(b *bench) {
	b.apply(config(peerConfig(sendHoldOf(100*time.Second), manyRoutes)))
	for range 20 {
		if _, err := b.p.Conn.Write(wire.AppendKeepalive(nil)); err != nil {
			return
		}
		time.Sleep(10 * time.Second) // the bubble's clock
	}
}

// loseCollision opens a connection that wins against the one there is (RFC 4271 §6.8): the peer's identifier is the higher.
func loseCollision(b *bench) {
	open := bgptest.Open(64500, "192.0.2.200", 90, wire.IPv4Unicast)
	second := b.dial(netip.AddrPortFrom(us, 179), "")
	second.ExpectOpen()
	second.Send(open.Append(nil))
	switch b.snapshot().State {
	case speaker.StateOpenSent: // the loser shows itself when it could be chosen
		synctest.Wait()
		b.p.Send(open.Append(nil))
	case speaker.StateEstablished:
		b.p = second // with graceful restart it may go on: RFC 4724 §4.2
	}
}

func TestFSM(t *testing.T) {
	for _, row := range fsmTable(t) {
		if row.answer == "-" {
			continue
		}
		t.Run(row.state+"/"+row.event, func(t *testing.T) {
			run(t, func(w *world) {
				b := &bench{world: w, l: w.listen()}
				fsmStates[row.state](b)
				if got := b.state(); got != row.state {
					t.Fatalf("led into %s", got)
				}
				fsmEvents[row.event](b)
				b.expectAnswer(row.answer)
				if got := b.state(); got != row.next {
					t.Errorf("next state %s, want %s; last error %+v", got, row.next, b.snapshot().LastError)
				}
			})
		})
	}
}

func (b *bench) state() string {
	synctest.Wait()
	return b.snapshot().State.String()
}

// expectAnswer checks what the peer gets.
func (b *bench) expectAnswer(answer string) {
	b.Helper()
	synctest.Wait()
	switch answer {
	case "none":
		b.expectQuiet()
		return
	case "close":
		b.p.ExpectClose()
		return
	}
	for _, t := range []wire.MessageType{wire.TypeOpen, wire.TypeUpdate, wire.TypeKeepalive, wire.TypeRouteRefresh} {
		if answer == t.String() {
			b.p.Expect(t)
			return
		}
	}
	codes, data, _ := strings.Cut(answer, ":")
	var code, subcode uint8
	if _, err := fmt.Sscanf(codes, "%d/%d", &code, &subcode); err != nil {
		b.Fatalf("answer %q: %v", answer, err)
	}
	if n := b.p.ExpectNotification(code, subcode); hex.EncodeToString(n.Data) != data {
		b.Errorf("data %x, want %s", n.Data, data)
	}
}

// expectQuiet checks that the connection, if there is one, is open and nothing came.
func (b *bench) expectQuiet() {
	b.Helper()
	if b.p == nil {
		return
	}
	if err := b.p.Conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		b.Fatal(err)
	}
	if n, err := b.p.Conn.Read(make([]byte, 1)); n > 0 || !os.IsTimeout(err) {
		b.Errorf("read %d octets, error %v", n, err)
	}
}
