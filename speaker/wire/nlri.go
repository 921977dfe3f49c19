// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// NLRI of the unicast families: RFC 4271 §4.3, RFC 4760 §5; with path
// identifiers: RFC 7911 §3; errors: RFC 4271 §6.3, RFC 7606 §5.3.

package wire

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
)

// PathIDLen is the length in octets of a path identifier, which precedes the
// prefix where NLRI have one (RFC 7911 §3).
const PathIDLen = 4

// NLRI is the destination of a route of any family, to be shown and compared.
type NLRI struct {
	// Prefix is the prefix in it, the zero value where it has none.
	Prefix netip.Prefix
	// Text is how people write it where it is not a prefix alone.
	Text string
}

// String is how people write it.
func (n NLRI) String() string {
	if n.Text != "" {
		return n.Text
	}
	return n.Prefix.String()
}

// Compare orders by prefix, then by text.
func (n NLRI) Compare(o NLRI) int {
	return cmp.Or(n.Prefix.Compare(o.Prefix), cmp.Compare(n.Text, o.Text))
}

// Path is a prefix with its path identifier.
type Path struct {
	ID     uint32 // 0 where NLRI have none
	Prefix netip.Prefix
}

// PrefixLen returns the length in octets of the NLRI of p.
func PrefixLen(p netip.Prefix) int {
	return 1 + (p.Bits()+7)/8
}

// AppendPrefix appends the NLRI of p, which must be valid: its length in bits
// (1 octet) and as many octets of the address as that needs. Bits beyond the
// length are written as zero.
func AppendPrefix(b []byte, p netip.Prefix) []byte {
	n := PrefixLen(p) - 1
	b = append(b, byte(p.Bits()))
	a := p.Masked().Addr()
	if a.Is4() {
		octets := a.As4()
		return append(b, octets[:n]...)
	}
	octets := a.As16()
	return append(b, octets[:n]...)
}

// AppendPath appends the NLRI of p with a path identifier: [PathIDLen] octets
// more than [PrefixLen] says (RFC 7911 §3).
func AppendPath(b []byte, p Path) []byte {
	return AppendPrefix(binary.BigEndian.AppendUint32(b, p.ID), p.Prefix)
}

// Prefixes iterates over the prefixes in NLRI of a unicast family that have no
// path identifiers, without allocating. Malformed NLRI end the iteration with a [*Notification]; NLRI that
// [ParseUpdate] has accepted never do.
func Prefixes(f Family, nlri []byte) iter.Seq2[netip.Prefix, error] {
	return func(yield func(netip.Prefix, error) bool) {
		for rest := nlri; len(rest) > 0; {
			p, n := parsePrefix(f, rest)
			if n == 0 {
				yield(netip.Prefix{}, invalidNetwork("NLRI", rest))
				return
			}
			if !yield(p, nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Paths iterates as [Prefixes] does over NLRI that may have path identifiers,
// without allocating.
func Paths(f Family, pathIDs bool, nlri []byte) iter.Seq2[Path, error] {
	return func(yield func(Path, error) bool) {
		for rest := nlri; len(rest) > 0; {
			var path Path
			if pathIDs {
				if len(rest) <= PathIDLen {
					yield(Path{}, invalidNetwork("NLRI", rest))
					return
				}
				path.ID, rest = binary.BigEndian.Uint32(rest), rest[PathIDLen:]
			}
			var n int
			if path.Prefix, n = parsePrefix(f, rest); n == 0 {
				yield(Path{}, invalidNetwork("NLRI", rest))
				return
			}
			if !yield(path, nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// invalidNetwork returns the NOTIFICATION that answers malformed NLRI
// (RFC 4271 §6.3). b begins with them.
func invalidNetwork(field string, b []byte) *Notification {
	return &Notification{
		Code: CodeUpdate, Subcode: UpdateInvalidNetwork,
		Detail: fmt.Sprintf("%s that cannot be read: %s", field, excerpt(b)),
	}
}

// parsePrefix reads the first prefix and returns its length in octets, 0 if it
// is malformed.
func parsePrefix(f Family, b []byte) (netip.Prefix, int) {
	bits, n := int(b[0]), nlriLen(f, b)
	if n == 0 {
		return netip.Prefix{}, 0
	}
	var octets [16]byte
	copy(octets[:], b[1:n])
	addr := netip.AddrFrom16(octets)
	if f.AFI == AFIIPv4 {
		addr = netip.AddrFrom4([4]byte(octets[:4]))
	}
	// RFC 4271 §4.3: the value of trailing bits is irrelevant.
	return netip.PrefixFrom(addr, bits).Masked(), n
}

// nlriLen returns the length in octets of the first NLRI in b, which must not be
// empty. It returns 0 if the NLRI is malformed: RFC 7606 §5.3: the length in bits
// exceeds the length of an address, or the octets run out.
func nlriLen(f Family, b []byte) int {
	bits, n := int(b[0]), 1+(int(b[0])+7)/8
	if n > len(b) || bits > maxBits(f) {
		return 0
	}
	return n
}

// maxBits is the greatest prefix length of a unicast family, -1 of another.
func maxBits(f Family) int {
	switch f {
	case IPv4Unicast:
		return 32
	case IPv6Unicast:
		return 128
	default:
		return -1
	}
}

// invalidNLRI returns the octets from the first malformed NLRI on, nil if there is none.
func invalidNLRI(f Family, pathIDs bool, nlri []byte) []byte {
	for len(nlri) > 0 {
		prefix := nlri
		if pathIDs {
			if len(nlri) <= PathIDLen {
				return nlri
			}
			prefix = nlri[PathIDLen:]
		}
		n := nlriLen(f, prefix)
		if n == 0 {
			return nlri
		}
		nlri = prefix[n:]
	}
	return nil
}
