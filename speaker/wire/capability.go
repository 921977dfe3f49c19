// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Capabilities: RFC 5492.

package wire

import (
	"fmt"
	"slices"
	"strconv"
)

// CapabilityCode is the code of a capability.
type CapabilityCode uint8

// The codes of the capabilities that are understood.
const (
	CapabilityMultiprotocol    CapabilityCode = 1  // RFC 4760 §8
	CapabilityRouteRefresh     CapabilityCode = 2  // RFC 2918 §2
	CapabilityExtendedNextHop  CapabilityCode = 5  // RFC 8950 §4
	CapabilityExtendedMessage  CapabilityCode = 6  // RFC 8654 §3
	CapabilityRole             CapabilityCode = 9  // RFC 9234 §4.1
	CapabilityGracefulRestart  CapabilityCode = 64 // RFC 4724 §3
	CapabilityFourOctetAS      CapabilityCode = 65 // RFC 6793 §3
	CapabilityAddPath          CapabilityCode = 69 // RFC 7911 §4
	CapabilityEnhancedRefresh  CapabilityCode = 70 // RFC 7313 §3.1
	CapabilityLongLived        CapabilityCode = 71 // RFC 9494 §3.1
	CapabilityFQDN             CapabilityCode = 73 // draft-walton-bgp-hostname-capability
	CapabilitySoftwareVersion  CapabilityCode = 75 // draft-abraitis-bgp-version-capability
	CapabilityLinkLocalNextHop CapabilityCode = 77 // draft-ietf-idr-linklocal-capability
)

// String returns the name that the RFC uses with the code, such as "multiprotocol (1)".
func (code CapabilityCode) String() string {
	name := ""
	switch code {
	case CapabilityMultiprotocol:
		name = "multiprotocol"
	case CapabilityRouteRefresh:
		name = "route refresh"
	case CapabilityExtendedNextHop:
		name = "extended next hop"
	case CapabilityExtendedMessage:
		name = "extended message"
	case CapabilityRole:
		name = "role"
	case CapabilityGracefulRestart:
		name = "graceful restart"
	case CapabilityFourOctetAS:
		name = "four-octet AS number"
	case CapabilityAddPath:
		name = "add-path"
	case CapabilityEnhancedRefresh:
		name = "enhanced route refresh"
	case CapabilityLongLived:
		name = "long-lived graceful restart"
	case CapabilityFQDN:
		name = "FQDN"
	case CapabilitySoftwareVersion:
		name = "software version"
	case CapabilityLinkLocalNextHop:
		name = "link-local next hop"
	default:
		return strconv.Itoa(int(code))
	}
	return fmt.Sprintf("%s (%d)", name, uint8(code))
}

const (
	capabilityHeaderLen = 2 // code (1 octet), length (1)
	maxCapabilityLen    = 255
)

// Capabilities are the capabilities of an OPEN. A capability whose field is nil,
// zero or empty is absent.
type Capabilities struct {
	// Families are those of the multiprotocol capabilities, in their order and
	// without duplicates. Empty means that there was none: IPv4 unicast alone.
	Families         []Family
	FourOctetAS      uint32 // the sender's ASN
	ExtendedNextHop  []ExtendedNextHopFamily
	AddPath          []AddPathFamily // at most one of a family
	GracefulRestart  *GracefulRestart
	LongLived        []LongLivedFamily // never without GracefulRestart
	RouteRefresh     bool
	EnhancedRefresh  bool
	ExtendedMessage  bool
	Role             *Role
	FQDN             *FQDN
	SoftwareVersion  string // for people to read; not to be trusted
	LinkLocalNextHop bool
	// Unknown are those that are not understood. RFC 5492 §3: they MUST be
	// ignored and MUST NOT end the session.
	Unknown []RawCapability
}

// RawCapability is a capability that is not understood.
type RawCapability struct {
	Code  CapabilityCode
	Value []byte // at most 255 octets
}

// append appends all capabilities that fit, in the order of the fields. The order
// means nothing to a peer (RFC 5492 §4). Other speakers use the same order: the
// capabilities that matter to the session come first.
func (c *Capabilities) append(b []byte) []byte {
	w := capabilityWriter{b: b, limit: len(b) + maxCapabilitiesLen}
	for _, f := range c.Families {
		w.multiprotocol(f)
	}
	if c.FourOctetAS != 0 {
		w.fourOctetAS(c.FourOctetAS)
	}
	if len(c.ExtendedNextHop) > 0 {
		w.extendedNextHop(c.ExtendedNextHop)
	}
	if len(c.AddPath) > 0 {
		w.addPath(c.AddPath)
	}
	c.appendRestart(&w)
	c.appendRefresh(&w)
	if c.ExtendedMessage {
		w.extendedMessage()
	}
	if c.Role != nil {
		w.role(*c.Role)
	}
	if c.FQDN != nil {
		w.fqdn(c.FQDN)
	}
	if c.SoftwareVersion != "" {
		w.softwareVersion(c.SoftwareVersion)
	}
	if c.LinkLocalNextHop {
		w.linkLocalNextHop()
	}
	for _, u := range c.Unknown {
		if w.begin(u.Code, len(u.Value)) {
			w.b = append(w.b, u.Value...)
		}
	}
	return w.b
}

// NewUnsupportedCapability returns the NOTIFICATION to a peer that lacks capabilities which a session needs.
// RFC 5492 §5: the data MUST list them, encoded as in an OPEN.
func NewUnsupportedCapability(needed *Capabilities) *Notification {
	return &Notification{Code: CodeOpen, Subcode: OpenUnsupportedCapability, Data: needed.append(nil)}
}

// UnsupportedCapabilities returns the codes, each once, of the capabilities that a received NOTIFICATION lists because the peer
// demands them for a session (RFC 5492 §5).
func (n *Notification) UnsupportedCapabilities() []CapabilityCode {
	if n.Code != CodeOpen || n.Subcode != OpenUnsupportedCapability {
		return nil
	}
	var codes []CapabilityCode
	for b := n.Data; len(b) >= capabilityHeaderLen; b = b[min(len(b), capabilityHeaderLen+int(b[1])):] {
		if code := CapabilityCode(b[0]); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func (c *Capabilities) appendRestart(w *capabilityWriter) {
	if c.GracefulRestart == nil {
		return // RFC 9494 §4.1: long-lived only beside the capability of RFC 4724
	}
	w.gracefulRestart(c.GracefulRestart)
	if len(c.LongLived) > 0 {
		w.longLived(c.LongLived)
	}
}

func (c *Capabilities) appendRefresh(w *capabilityWriter) {
	if c.RouteRefresh {
		w.routeRefresh()
	}
	if c.EnhancedRefresh {
		w.enhancedRefresh()
	}
}

// capabilityWriter appends capabilities up to a limit.
type capabilityWriter struct {
	b     []byte
	limit int // of len(b)
}

// begin appends the header of a capability, if its n octets of value fit too.
func (w *capabilityWriter) begin(code CapabilityCode, n int) bool {
	if n > maxCapabilityLen || len(w.b)+capabilityHeaderLen+n > w.limit {
		return false
	}
	w.b = append(w.b, byte(code), byte(n))
	return true
}

// parse reads the value of one capabilities parameter into c, which may hold
// those of earlier parameters. RFC 5492 §4: a capability may come repeatedly.
func (c *Capabilities) parse(b []byte) *Notification {
	for len(b) > 0 {
		if len(b) < capabilityHeaderLen {
			return openError(OpenUnspecific, nil, "%d left of a capability's code and length, expected %d octets", len(b), capabilityHeaderLen)
		}
		code, n := CapabilityCode(b[0]), int(b[1])
		b = b[capabilityHeaderLen:]
		if n > len(b) {
			return openError(OpenUnspecific, nil, "capability %v of length %d, expected at most %d as there are octets left", code, n, len(b))
		}
		if err := c.parseOne(code, b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// lengthError returns the NOTIFICATION for a value of a length that the capability cannot have.
func (code CapabilityCode) lengthError(v []byte, expected string) *Notification {
	return openError(OpenUnspecific, nil, "capability %v of length %d, expected %s", code, len(v), expected)
}

// parseOne reads one capability. RFC 4271 §6.2: a parameter that is recognized
// but malformed is answered with subcode 0. A malformed capability that only
// informs is ignored instead.
func (c *Capabilities) parseOne(code CapabilityCode, v []byte) *Notification {
	switch code {
	case CapabilityMultiprotocol:
		return c.parseMultiprotocol(v)
	case CapabilityRouteRefresh:
		return code.parseFlag(v, &c.RouteRefresh)
	case CapabilityExtendedNextHop:
		return c.parseExtendedNextHop(v)
	case CapabilityExtendedMessage:
		return code.parseFlag(v, &c.ExtendedMessage)
	case CapabilityRole:
		return c.parseRole(v)
	case CapabilityGracefulRestart:
		return c.parseGracefulRestart(v)
	case CapabilityFourOctetAS:
		return c.parseFourOctetAS(v)
	case CapabilityAddPath:
		return c.parseAddPath(v)
	case CapabilityEnhancedRefresh:
		return code.parseFlag(v, &c.EnhancedRefresh)
	case CapabilityLongLived:
		return c.parseLongLived(v)
	case CapabilityFQDN:
		c.parseFQDN(v)
	case CapabilitySoftwareVersion:
		c.parseSoftwareVersion(v)
	case CapabilityLinkLocalNextHop:
		c.parseLinkLocalNextHop(v)
	default:
		c.Unknown = append(c.Unknown, RawCapability{Code: code, Value: append([]byte(nil), v...)})
	}
	return nil
}

// parseFlag reads a capability that has no value.
func (code CapabilityCode) parseFlag(v []byte, set *bool) *Notification {
	if len(v) != 0 {
		return code.lengthError(v, "0")
	}
	*set = true
	return nil
}
