// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The translation of extended communities.

package conformance_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// communitySubtypes are those of RFC 4360 §4 and §5, in hexadecimal.
var communitySubtypes = map[string]string{"target": "02", "origin": "03"}

// extendedCommunity translates an extended community: into the API's name of its kind, or into its octets.
func extendedCommunity(text string) (string, error) {
	fields := strings.Split(text, ":")
	switch kind := fields[0]; {
	case strings.HasPrefix(text, "0x"):
		return text, nil
	case len(fields) == 2 && strings.ContainsAny(kind[:1], "0123456789"): // of no kind: a route target
		return "rt:" + withNumber(fields[0], fields[1]), nil
	case kind == "target" && len(fields) == 3:
		return "rt:" + withNumber(fields[1], fields[2]), nil
	case kind == "origin" && len(fields) == 3:
		return "soo:" + withNumber(fields[1], fields[2]), nil
	case kind == "target4" || kind == "origin4": // RFC 5668 §2, whatever the ASN
		return octetsOf("02"+communitySubtypes[strings.TrimSuffix(kind, "4")], fields[1:], 32, 16)
	case kind == "redirect": // RFC 8955 §7.4
		return octetsOf("8008", fields[1:], 16, 32)
	case kind == "l2info": // RFC 4761 §3.2.4
		return octetsOf("800a", fields[1:], 8, 8, 16, 16)
	default:
		return "", outside("extended communities of kind %s are not written by name yet", kind)
	}
}

// withNumber joins the administrator of a community with its number, which may be written like an IPv4 address.
func withNumber(administrator, number string) string {
	if address, err := netip.ParseAddr(number); err == nil && address.Is4() {
		number = fmt.Sprint(binary.BigEndian.Uint32(address.AsSlice()))
	}
	return administrator + ":" + number
}

// octetsOf writes a type and numbers, each with its number of bits.
func octetsOf(kind string, fields []string, bits ...int) (string, error) {
	if len(fields) != len(bits) {
		return "", fmt.Errorf("%q is not of %d numbers", fields, len(bits))
	}
	text := "0x" + kind
	for i, field := range fields {
		number, err := strconv.ParseUint(field, 10, bits[i])
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("%0*x", bits[i]/4, number)
	}
	return text, nil
}
