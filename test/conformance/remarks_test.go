// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Permitted differences from a case, and parts that are not reproduced. Each text speaks of the contents of a case, never of its
// name.

package conformance_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Remarks say where an RFC has another form than the case, or forbids a part of it: that part is neither written nor expected.
// A case with remarks is reproduced all the same. The list is closed, and each remark names its clause.
const (
	remarkBadType         = "a message of unknown type gets 1/3 with the type as data, where the case has 1/0 and a text (RFC 4271 §6.1)"
	remarkShutdownText    = "the text of a Cease is the program's own (RFC 9003 §2)"
	remarkWithdrawals     = "before Cease/2 the routes are withdrawn, as the end of the connection alone would do (RFC 4271 §3.1)"
	remarkSoftwareVersion = "the software version is the program's own (draft-abraitis-bgp-version-capability)"
	remarkFourOctetAS     = "extended communities with a 4-octet ASN have type 0x02, where the case has that of IPv4 addresses (RFC 5668 §2)"
	remarkShortNextHop    = "IPv6 routes with an IPv4 next hop of 4 octets are not sent (RFC 2545 §3, RFC 8950 §4)"
	remarkEndOfRIBAgain   = "a second End-of-RIB of a family is not sent: it ends the initial update (RFC 4724 §2)"
	remarkManualEndOfRIB  = "End-of-RIB goes after the first routes, not on command (RFC 4724 §4.1)"
	remarkASSet           = "AS_SET is not originated (RFC 9774 §3)"
	remarkPrefix          = "prefixes that are no unicast hosts' are not announced (RFC 4271 §6.3)"
	remarkNextHop         = "next hops that are no host's address are not announced (RFC 4271 §6.3)"
	remarkRawFlags        = "attributes that no RFC makes well-known are announced as optional alone (RFC 4271 §5)"
	remarkRefreshAsked    = "received routes are asked for once, for every family (RFC 2918 §3)"
)

// allRemarks is the closed list of them.
var allRemarks = []string{
	remarkBadType, remarkShutdownText, remarkWithdrawals, remarkSoftwareVersion, remarkFourOctetAS, remarkShortNextHop,
	remarkEndOfRIBAgain, remarkManualEndOfRIB, remarkASSet, remarkPrefix, remarkNextHop, remarkRawFlags, remarkRefreshAsked,
}

// reasonNeverAnnounced is the reason why a withdrawal is left out.
const reasonNeverAnnounced = "the other program's own timing: the withdrawal of a route that it never announced"

// laterAttributes are attributes of families and features that Herald does not have yet.
var laterAttributes = map[string]string{
	"rd":                  "VPN routes are not announced yet",
	"route-distinguisher": "VPN routes are not announced yet",
	"label":               "labelled routes are not announced yet",
	"bgp-prefix-sid":      "BGP-Prefix-SID (RFC 8669) is not announced yet",
	"bgp-prefix-sid-srv6": "BGP-Prefix-SID (RFC 9252) is not announced yet",
}

// familyReason says why routes of a family are not reproduced.
func familyReason(f wire.Family) string { return "family " + familyName(f) + " is not spoken yet" }

// leftOutError says why a part of a case is neither written nor expected. The rest of the case is played.
type leftOutError struct {
	reason   string
	remarked bool // reason is one of allRemarks
}

func (e *leftOutError) Error() string { return e.reason }

// outside is the error for a feature that Herald does not have yet.
func outside(format string, args ...any) error {
	return &leftOutError{reason: fmt.Sprintf(format, args...)}
}

// unsayable is the error for a part that an RFC forbids.
func unsayable(remark string) error { return &leftOutError{reason: remark, remarked: true} }

// leftOut returns err if it is a leftOutError, else nil.
func leftOut(err error) *leftOutError {
	var e *leftOutError
	if !errors.As(err, &e) {
		return nil
	}
	return e
}

// notes collects the remarks on a case's result for the reader.
type notes struct {
	leftOut, remarks []string
	// routesLeftOut: routes are among the parts that are left out.
	routesLeftOut bool
}

func (n *notes) leaveOut(reason string) { n.leftOut = addOnce(n.leftOut, reason) }

func (n *notes) remark(text string) {
	if !slices.Contains(allRemarks, text) {
		panic("a remark that is not on the list: " + text)
	}
	n.remarks = addOnce(n.remarks, text)
}

// note notes the reason why a part is left out.
func (n *notes) note(e *leftOutError) {
	if e.remarked {
		n.remark(e.reason)
		return
	}
	n.leaveOut(e.reason)
}

func addOnce(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// usable says whether a route to unicast hosts can have the prefix (RFC 4271 §6.3).
func (r *route) usable() error {
	address, bits := r.prefix.Addr(), r.prefix.Bits()
	thisNetwork := netip.MustParsePrefix("0.0.0.0/8")
	switch {
	case address.IsMulticast(),
		address.Is4() && bits >= 8 && (address.IsLoopback() || thisNetwork.Contains(address)),
		address.Is6() && bits >= 10 && address.IsLinkLocalUnicast(),
		address.Is6() && bits == 128 && (address.IsUnspecified() || address.IsLoopback()):
		return unsayable(remarkPrefix)
	}
	return nil
}

// isHost says whether a host can have the address (RFC 4271 §6.3).
func isHost(address netip.Addr) bool {
	return !address.IsUnspecified() && !address.IsMulticast() && address != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// wellKnown says whether every receiver must know the attribute (RFC 4271 §5).
func wellKnown(code wire.AttributeType) bool {
	return slices.Contains([]wire.AttributeType{
		wire.AttrOrigin, wire.AttrASPath, wire.AttrNextHop, wire.AttrLocalPref, wire.AttrAtomicAggregate,
	}, code)
}

// outOfScope says why no part of a case is reproduced, or "".
func outOfScope(v *vector) string {
	for i := range v.Configurations {
		for _, n := range v.Configurations[i].Neighbors {
			if len(n.Families) == 0 || slices.ContainsFunc(n.Families, isUnicastName) {
				return ""
			}
		}
	}
	if neighbors := v.Configurations[0].Neighbors; len(neighbors) > 0 {
		return "family " + strings.Join(neighbors[0].Families, ", ") + " is not spoken yet"
	}
	return "" // a command creates the neighbour
}

func isUnicastName(name string) bool { return name == "ipv4 unicast" || name == "ipv6 unicast" }
