// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The facts of a message, read without package wire, which is under test: RFC 4271 §4, RFC 4760, RFC 5492, RFC 7911,
// RFC 2918.

package conformance_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// fact is one statement of a message. Messages are equivalent if their facts are equal, in any order and with any grouping of
// routes into messages.
type fact struct {
	kind   factKind
	family wire.Family
	// route is the prefix with its path identifier, or the octets of the NLRI of a family that is not unicast.
	route string
	// detail holds the next hop and the path attributes of a route, the content of an OPEN, the codes of a NOTIFICATION.
	detail string
}

type factKind string

const (
	announced      factKind = "announce"
	withdrawn      factKind = "withdraw"
	endOfRIB       factKind = "End-of-RIB"
	refreshAsked   factKind = "ROUTE-REFRESH"
	refreshBegins  factKind = "BoRR"
	refreshEnds    factKind = "EoRR"
	notified       factKind = "NOTIFICATION"
	opened         factKind = "OPEN"
	unknownMessage factKind = "message of unknown type"
)

func (f fact) String() string {
	parts := []string{string(f.kind)}
	if f.family != (wire.Family{}) {
		parts = append(parts, familyName(f.family))
	}
	for _, part := range []string{f.route, f.detail} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

var errTruncated = errors.New("it ends too early")

// factsOf reads one message with its header. Routes of the families in addPath have path identifiers.
func factsOf(message []byte, addPath []wire.Family) ([]fact, error) {
	if len(message) < wire.HeaderLen {
		return nil, errTruncated
	}
	body := message[wire.HeaderLen:]
	switch kind := wire.MessageType(message[wire.HeaderLen-1]); kind {
	case wire.TypeKeepalive:
		return nil, nil
	case wire.TypeOpen:
		return openFacts(body)
	case wire.TypeUpdate:
		r := updateReader{addPath: addPath}
		return r.read(body)
	case wire.TypeNotification:
		return notificationFacts(body)
	case wire.TypeRouteRefresh:
		return refreshFacts(body)
	default:
		return []fact{{kind: unknownMessage, detail: fmt.Sprintf("%d", kind)}}, nil
	}
}

// openFacts reads an OPEN. Its capabilities are a set; their distribution over parameters does not count.
func openFacts(body []byte) ([]fact, error) {
	var capabilities []string
	err := eachCapability(body, func(code wire.CapabilityCode, value []byte) {
		capabilities = append(capabilities, capabilityText(code, value))
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(capabilities)
	detail := fmt.Sprintf("version %d, AS %d, hold time %d, identifier %x, capabilities [%s]", body[0],
		binary.BigEndian.Uint16(body[1:]), binary.BigEndian.Uint16(body[3:]), body[5:9], strings.Join(capabilities, " "))
	return []fact{{kind: opened, detail: detail}}, nil
}

// capabilityText shows a capability. It leaves out the text of the software version, which names a program.
func capabilityText(code wire.CapabilityCode, value []byte) string {
	const softwareVersion = 75
	if code == softwareVersion && len(value) > 1 && int(value[0]) == len(value)-1 {
		return fmt.Sprintf("%d=(a version)", code)
	}
	return fmt.Sprintf("%d=%x", code, value)
}

// eachCapability calls yield for each capability in the body of an OPEN; value is a part of body.
func eachCapability(body []byte, yield func(code wire.CapabilityCode, value []byte)) error {
	const fixed = 10
	if len(body) < fixed {
		return errTruncated
	}
	parameters, lengthLen := body[fixed:], 1
	if len(parameters) >= 3 && body[fixed-1] != 0 && parameters[0] == 255 { // RFC 9072 §2
		parameters, lengthLen = parameters[3:], 2
	}
	for len(parameters) > 0 {
		value, rest, err := cutTLV(parameters, 1, lengthLen)
		if err != nil {
			return err
		}
		if parameters[0] == 2 { // RFC 5492 §4
			for len(value) > 0 {
				capability, others, err := cutTLV(value, 1, 1)
				if err != nil {
					return err
				}
				yield(wire.CapabilityCode(value[0]), capability)
				value = others
			}
		}
		parameters = rest
	}
	return nil
}

// cutTLV cuts a value that has typeLen octets of type and lengthLen octets of length before it.
func cutTLV(b []byte, typeLen, lengthLen int) (value, rest []byte, err error) {
	header := typeLen + lengthLen
	if len(b) < header {
		return nil, nil, errTruncated
	}
	length := int(b[header-1])
	if lengthLen == 2 {
		length = int(binary.BigEndian.Uint16(b[typeLen:]))
	}
	if len(b) < header+length {
		return nil, nil, errTruncated
	}
	return b[header : header+length], b[header+length:], nil
}

func notificationFacts(body []byte) ([]fact, error) {
	if len(body) < 2 {
		return nil, errTruncated
	}
	f := fact{kind: notified, detail: fmt.Sprintf("%d/%d", body[0], body[1])}
	// The data of any other NOTIFICATION is for people (RFC 9003), or holds a text of the program that the cases come from.
	if body[0] == wire.CodeHeader && body[1] == wire.HeaderBadType {
		f.detail += " " + hex.EncodeToString(body[2:])
	}
	return []fact{f}, nil
}

func refreshFacts(body []byte) ([]fact, error) {
	if len(body) != 4 {
		return nil, errTruncated
	}
	family := wire.Family{AFI: binary.BigEndian.Uint16(body), SAFI: body[3]}
	switch body[2] {
	case wire.RefreshRequest:
		return []fact{{kind: refreshAsked, family: family}}, nil
	case wire.RefreshBegin:
		return []fact{{kind: refreshBegins, family: family}}, nil
	case wire.RefreshEnd:
		return []fact{{kind: refreshEnds, family: family}}, nil
	}
	return nil, fmt.Errorf("ROUTE-REFRESH of subtype %d", body[2])
}

// familyName is the name of a family in the cases.
func familyName(f wire.Family) string {
	afi, ok := map[uint16]string{1: "ipv4", 2: "ipv6", 25: "l2vpn", 16388: "bgp-ls"}[f.AFI]
	if !ok {
		afi = fmt.Sprintf("afi-%d", f.AFI)
	}
	safi, ok := map[uint8]string{
		1: "unicast", 2: "multicast", 4: "nlri-mpls", 5: "mcast-vpn", 65: "vpls", 70: "evpn", 71: "bgp-ls", 72: "bgp-ls-vpn",
		73: "sr-policy", 85: "mup", 128: "mpls-vpn", 132: "rtc", 133: "flow", 134: "flow-vpn",
	}[f.SAFI]
	if !ok {
		safi = fmt.Sprintf("safi-%d", f.SAFI)
	}
	return afi + " " + safi
}

// unicastFamilies are the families that Herald speaks.
var unicastFamilies = []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}

// routeText names a route as facts do.
func routeText(prefix netip.Prefix, pathID uint32) string {
	if pathID == 0 {
		return prefix.String()
	}
	return fmt.Sprintf("%v path %d", prefix, pathID)
}
