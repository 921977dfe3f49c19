// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"errors"
	"testing"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

// FuzzTable plays histories: steps of two octets of length and their octets, of which the first names the operation. After every
// history the table's counts are right, it is within its limits, and its routes can be read.
func FuzzTable(f *testing.F) {
	step := func(kind byte, message []byte) []byte {
		body := append([]byte{kind}, message[wire.HeaderLen:]...)
		return append([]byte{byte(len(body) >> 8), byte(len(body))}, body...)
	}
	four := step(0, reach(wire.IPv4Unicast, path(1, 2), "198.51.100.0/24", "203.0.113.0/24"))
	six := step(0, reach(wire.IPv6Unicast, path(1), "2001:db8:1::/48", "2001:db8:2::/48", "ff00::/8"))
	f.Add([]byte{})
	f.Add(four)
	f.Add(append(append(four, six...), step(0, unreach(wire.IPv4Unicast, "198.51.100.0/24"))...))
	f.Add(append(append(six, 0, 1, 3), append(four, 0, 1, 9)...))
	f.Add(append(append(four, 0, 1, 5), append(six, 0, 1, 6)...))
	f.Fuzz(func(t *testing.T, history []byte) {
		h := &happening{table: adjin.New(adjin.Policy{Keep: true, MaxPrefixes: 4, MaxOctets: 400})}
		h.table.Begin(h.session())
		for len(history) >= 2 {
			n := min(int(history[0])<<8|int(history[1]), len(history)-2)
			h.step(t, history[2:2+n])
			history = history[2+n:]
			h.check(t)
		}
	})
}

// happening is a table with the operations of a history.
type happening struct {
	table   *adjin.Table
	update  wire.Update
	addPath bool
	retired adjin.Generation
}

func (h *happening) session() adjin.Session {
	s := adjin.Session{Families: both, PeerASN: 64500, Role: new(wire.RolePeer)}
	if h.addPath {
		s.AddPath = both
	}
	return s
}

func (h *happening) step(t *testing.T, b []byte) {
	if len(b) == 0 {
		return
	}
	switch b[0] % 10 {
	case 0, 1:
		h.take(t, b[1:])
	case 2:
		h.addPath = !h.addPath
		h.table.Begin(h.session())
	case 3:
		h.retired = h.table.Retain(both[:1+int(b[0])/10%2], both[:int(b[0])/20%3])
		h.table.Begin(h.session())
	case 4:
		h.table.Expire(both[int(b[0])/10%2], h.retired)
	case 5:
		h.table.BeginRefresh(wire.IPv4Unicast)
	case 6:
		h.table.EndRefresh(wire.IPv4Unicast)
	case 7:
		h.table.Configure(adjin.Policy{
			Keep: b[0] > 10, MaxPrefixes: int(b[0]) / 10, Teardown: len(b)%2 == 0, MaxOctets: len(b) / 2 % 4 * 150,
		})
	case 8:
		h.table.LongLive(both[int(b[0])/10%2], h.retired)
	default:
		h.table.Purge(wire.IPv6Unicast)
	}
}

// take hands over an UPDATE as a session does.
func (h *happening) take(t *testing.T, body []byte) {
	err := wire.ParseUpdate(body, wire.UpdateOptions{AS4: len(body)%2 == 0, Families: both, AddPath: h.session().AddPath}, &h.update)
	if n := (*wire.Notification)(nil); errors.As(err, &n) {
		return
	}
	attribute := (*wire.AttributeError)(nil)
	_, err = h.table.Take(&h.update, errors.As(err, &attribute) && attribute.Action == wire.TreatAsWithdraw)
	if limit := (*adjin.LimitError)(nil); err != nil && !errors.As(err, &limit) {
		t.Fatal(err)
	}
}

func (h *happening) check(t *testing.T) {
	h.table.CheckReferences(t)
	read := 0
	h.table.Routes(func(r adjin.Route) bool {
		read++
		if !r.NLRI.Prefix.IsValid() || r.NLRI.Prefix != r.NLRI.Prefix.Masked() || r.Attributes == nil || !r.NextHop.IsValid() {
			t.Fatalf("route %+v", r)
		}
		return true
	})
	counted := 0
	if report := h.table.Report(); report != nil {
		for _, c := range report.Families {
			counted += c.Routes
			if c.Routes > report.Limit && h.table.Exceeded() == nil {
				t.Fatalf("%+v of %d", c, report.Limit)
			}
		}
	}
	if read != counted {
		t.Fatalf("%d routes, counted %d", read, counted)
	}
}
