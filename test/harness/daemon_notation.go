// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// wellKnownCommunities are the names that daemons print for communities of 65535:* (RFC 1997, RFC 7999,
// RFC 8326, RFC 9494), in lower case and without hyphens or underscores.
var wellKnownCommunities = map[string]string{
	"gracefulshutdown":  "65535:0",
	"gshut":             "65535:0",
	"blackhole":         "65535:666",
	"noexport":          "65535:65281",
	"noadvertise":       "65535:65282",
	"noexportsubconfed": "65535:65283",
	"localas":           "65535:65283",
	"llgrstale":         "65535:6",
}

// Capability codes (draft-walton-bgp-hostname-capability, draft-abraitis-bgp-version-capability).
const (
	capabilityHostName = 73
	capabilityVersion  = 75
)

// counted is the text of so many octets as the first of them says.
func counted(octets string) string {
	if octets == "" || len(octets) <= int(octets[0]) {
		return ""
	}
	return octets[1 : 1+int(octets[0])]
}

// numericCommunity turns a name into numbers and leaves numbers as they are.
func numericCommunity(text string) string {
	name := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(text))
	if numbers, known := wellKnownCommunities[name]; known {
		return numbers
	}
	return text
}

// community is the notation of four octets.
func community(value uint32) string {
	return strconv.FormatUint(uint64(value>>16), 10) + ":" + strconv.FormatUint(uint64(value&0xffff), 10)
}

// originName is the API's name for an origin, in whatever way a daemon writes it.
func originName(text string) string {
	switch strings.ToLower(text) {
	case "igp", "0", "i":
		return "IGP"
	case "egp", "1", "e":
		return "EGP"
	case "incomplete", "2", "?":
		return "Incomplete"
	}
	return text
}

// sortCommunities sorts by numbers, then by text, in place.
func sortCommunities(communities []string) []string {
	slices.SortFunc(communities, func(a, b string) int {
		return cmp.Or(slices.CompareFunc(strings.Split(a, ":"), strings.Split(b, ":"), compareNumbers))
	})
	return communities
}

func compareNumbers(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return cmp.Compare(x, y)
}

func logOf(process *Process) string {
	if process == nil {
		return ""
	}
	return process.Log()
}

func parseNumber(text string) (*uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil, err
	}
	value := uint32(n)
	return &value, nil
}

func parseASNs(fields []string) ([]uint32, error) {
	var asns []uint32
	for _, field := range fields {
		asn, err := parseNumber(field)
		if err != nil {
			return nil, err
		}
		asns = append(asns, *asn)
	}
	return asns, nil
}

func parseAddresses(fields []string) ([]netip.Addr, error) {
	var addresses []netip.Addr
	for _, field := range fields {
		address, err := netip.ParseAddr(field)
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
