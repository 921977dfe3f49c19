// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The capability for 4-octet ASNs: RFC 6793 §3; AS 0: RFC 7607 §2.

package wire

import "encoding/binary"

const fourOctetASLen = 4

func (w *capabilityWriter) fourOctetAS(asn uint32) {
	if w.begin(CapabilityFourOctetAS, fourOctetASLen) {
		w.b = binary.BigEndian.AppendUint32(w.b, asn)
	}
}

// parseFourOctetAS lets the last of several instances win.
func (c *Capabilities) parseFourOctetAS(v []byte) *Notification {
	if len(v) != fourOctetASLen {
		return CapabilityFourOctetAS.lengthError(v, "4")
	}
	c.FourOctetAS = binary.BigEndian.Uint32(v)
	if c.FourOctetAS == 0 || c.FourOctetAS == uint32(ASTrans) {
		// RFC 7607 §2: AS 0 MUST be answered with Bad Peer AS. RFC 6793 §9:
		// AS_TRANS is reserved: it may stand in for an ASN, but no AS has it.
		return openError(OpenBadPeerAS, v, "AS number %d in the capability %v, expected another", c.FourOctetAS, CapabilityFourOctetAS)
	}
	return nil
}
