// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"maps"

	"github.com/herald-bgp/herald/speaker/wire"
)

// tally is how many prefixes there are by family. It is a value.
type tally struct {
	unicast [families]int
	others  map[wire.Family]int // is not modified
}

// of is how many there are of a family.
func (t *tally) of(f wire.Family) int {
	if f.SAFI == wire.SAFIUnicast {
		return t.unicast[indexOf(f)]
	}
	return t.others[f]
}

// replace takes the prefixes that a source came to out, and puts those in that it comes to.
func (t *tally) replace(s *source, before, after [families]int) {
	if s.safi == wire.SAFIUnicast {
		for i := range t.unicast {
			t.unicast[i] += after[i] - before[i]
		}
		return
	}
	others := maps.Clone(t.others)
	if others == nil {
		others = map[wire.Family]int{}
	}
	for i, afi := range [families]uint16{wire.AFIIPv4, wire.AFIIPv6} {
		f := wire.Family{AFI: afi, SAFI: s.safi}
		if others[f] += after[i] - before[i]; others[f] == 0 {
			delete(others, f)
		}
	}
	if t.others = others; len(others) == 0 {
		t.others = nil
	}
}
