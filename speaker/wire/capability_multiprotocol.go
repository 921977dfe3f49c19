// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The multiprotocol capability: RFC 4760 §8.

package wire

import (
	"encoding/binary"
	"slices"
)

// multiprotocolLen is AFI (2 octets), reserved (1), SAFI (1).
const multiprotocolLen = 4

func (w *capabilityWriter) multiprotocol(f Family) {
	if w.begin(CapabilityMultiprotocol, multiprotocolLen) {
		w.b = append(binary.BigEndian.AppendUint16(w.b, f.AFI), 0, f.SAFI)
	}
}

func (c *Capabilities) parseMultiprotocol(v []byte) *Notification {
	if len(v) != multiprotocolLen {
		return CapabilityMultiprotocol.lengthError(v, "4")
	}
	f := Family{AFI: binary.BigEndian.Uint16(v), SAFI: v[3]}
	if !slices.Contains(c.Families, f) {
		c.Families = append(c.Families, f)
	}
	return nil
}
