// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// RFC 4486 §4, subcode 8: a peer that reads nothing does not make us remember for ever what it was to withdraw.
func TestOutOfResources(t *testing.T) {
	run(t, func(w *world) {
		export := func(prefixes ...rib.PrefixRange) func(*given) {
			return func(p *given) {
				active(p)
				p.Export.Announcements = []*rib.Announcement{{ID: "many", Name: "many", Prefixes: rib.NewPrefixes(prefixes...)}}
			}
		}
		l := w.listen()
		w.apply(config(peerConfig(export(rib.PrefixRange{Prefix: netip.MustParsePrefix("10.0.0.0/11"), Length: 32}))))
		p := bgptest.Accept(w, l)
		p.Handshake(theirOpen(true))
		synctest.Wait()
		for length := range 4 { // each change is seen; the first takes all routes away
			time.Sleep(40 * time.Second) // the bubble's clock
			if _, err := p.Conn.Write(wire.AppendKeepalive(nil)); err != nil {
				break // closed
			}
			w.apply(config(peerConfig(export(rib.PrefixRange{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Length: 24 + length}))))
			synctest.Wait()
		}
		time.Sleep(2 * time.Second) // the bubble's clock: what is stuck in the writer is given up
		synctest.Wait()
		s := w.snapshot()
		if s.Flaps != 1 || s.LastError == nil || s.LastError.Code != wire.CodeCease || s.LastError.Subcode != wire.CeaseOutOfResources {
			t.Errorf("%d flaps, error %+v; want one by %d/%d", s.Flaps, s.LastError, wire.CodeCease, wire.CeaseOutOfResources)
		}
	})
}
