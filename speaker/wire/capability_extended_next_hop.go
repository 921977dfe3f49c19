// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The capability for next hops of another family: RFC 8950 §4.

package wire

import (
	"encoding/binary"
	"math"
	"slices"
)

// extendedNextHopLen is NLRI AFI (2 octets), NLRI SAFI (2), next hop AFI (2).
const extendedNextHopLen = 6

// ExtendedNextHopFamily is a family whose routes may have a next hop of
// another address family.
type ExtendedNextHopFamily struct {
	Family     Family // of the NLRI
	NextHopAFI uint16 // [AFIIPv6] is all that RFC 8950 defines
}

func (w *capabilityWriter) extendedNextHop(families []ExtendedNextHopFamily) {
	if !w.begin(CapabilityExtendedNextHop, extendedNextHopLen*len(families)) {
		return
	}
	for _, f := range families {
		w.b = binary.BigEndian.AppendUint16(w.b, f.Family.AFI)
		w.b = binary.BigEndian.AppendUint16(w.b, uint16(f.Family.SAFI))
		w.b = binary.BigEndian.AppendUint16(w.b, f.NextHopAFI)
	}
}

// parseExtendedNextHop adds families to those of earlier instances and leaves out
// repeated ones (RFC 5492 §4). The SAFI has two octets here although one is enough
// for every SAFI: an entry with a greater value is ignored.
func (c *Capabilities) parseExtendedNextHop(v []byte) *Notification {
	if len(v)%extendedNextHopLen != 0 {
		return CapabilityExtendedNextHop.lengthError(v, "a multiple of 6")
	}
	for ; len(v) > 0; v = v[extendedNextHopLen:] {
		safi := binary.BigEndian.Uint16(v[2:])
		f := ExtendedNextHopFamily{
			Family:     Family{AFI: binary.BigEndian.Uint16(v), SAFI: uint8(safi)},
			NextHopAFI: binary.BigEndian.Uint16(v[4:]),
		}
		if safi <= math.MaxUint8 && !slices.Contains(c.ExtendedNextHop, f) {
			c.ExtendedNextHop = append(c.ExtendedNextHop, f)
		}
	}
	return nil
}
