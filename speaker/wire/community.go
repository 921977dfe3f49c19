// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Communities: RFC 1997; the well-known ones: the IANA registry "BGP
// Well-known Communities".

package wire

import (
	"fmt"
	"strconv"
	"strings"
)

const communityLen = 4

// Community is a community: an ASN in the upper two octets, a value of that
// AS's choice in the lower two.
type Community uint32

// The well-known communities.
const (
	CommunityGracefulShutdown        Community = 0xffff0000 // RFC 8326
	CommunityAcceptOwn               Community = 0xffff0001 // RFC 7611
	CommunityRouteFilterTranslatedV4 Community = 0xffff0002
	CommunityRouteFilterV4           Community = 0xffff0003
	CommunityRouteFilterTranslatedV6 Community = 0xffff0004
	CommunityRouteFilterV6           Community = 0xffff0005
	CommunityLLGRStale               Community = 0xffff0006 // RFC 9494 §3.2
	CommunityNoLLGR                  Community = 0xffff0007 // RFC 9494 §3.3
	CommunityAcceptOwnNextHop        Community = 0xffff0008
	CommunityStandbyPE               Community = 0xffff0009 // RFC 9026
	CommunityBlackhole               Community = 0xffff029a // RFC 7999 §2
	CommunityNoExport                Community = 0xffffff01 // RFC 1997
	CommunityNoAdvertise             Community = 0xffffff02 // RFC 1997
	CommunityNoExportSubconfed       Community = 0xffffff03 // RFC 1997
	CommunityNoPeer                  Community = 0xffffff04 // RFC 3765
)

// wellKnownName returns the canonical name of a well-known community: the
// registry's in capitals, with underscores. "" if it is none.
func (c Community) wellKnownName() string {
	switch c {
	case CommunityGracefulShutdown:
		return "GRACEFUL_SHUTDOWN"
	case CommunityAcceptOwn:
		return "ACCEPT_OWN"
	case CommunityRouteFilterTranslatedV4:
		return "ROUTE_FILTER_TRANSLATED_V4"
	case CommunityRouteFilterV4:
		return "ROUTE_FILTER_V4"
	case CommunityRouteFilterTranslatedV6:
		return "ROUTE_FILTER_TRANSLATED_V6"
	case CommunityRouteFilterV6:
		return "ROUTE_FILTER_V6"
	case CommunityLLGRStale:
		return "LLGR_STALE"
	case CommunityNoLLGR:
		return "NO_LLGR"
	case CommunityAcceptOwnNextHop:
		return "ACCEPT_OWN_NEXTHOP"
	case CommunityStandbyPE:
		return "STANDBY_PE"
	case CommunityBlackhole:
		return "BLACKHOLE"
	case CommunityNoExport:
		return "NO_EXPORT"
	case CommunityNoAdvertise:
		return "NO_ADVERTISE"
	case CommunityNoExportSubconfed:
		return "NO_EXPORT_SUBCONFED"
	case CommunityNoPeer:
		return "NOPEER"
	default:
		return ""
	}
}

// String returns the canonical name of a well-known community, such as
// "NO_EXPORT", else the form "64512:100".
func (c Community) String() string {
	if name := c.wellKnownName(); name != "" {
		return name
	}
	return strconv.Itoa(int(c>>16)) + ":" + strconv.Itoa(int(c&0xffff))
}

// ParseCommunity reads the form "64512:100" or the name of a well-known
// community in any case, with "-" or "_" between its words: "no-export".
func ParseCommunity(s string) (Community, error) {
	if upper, lower, ok := strings.Cut(s, ":"); ok {
		asn, err := strconv.ParseUint(upper, 10, 16)
		if err != nil {
			return 0, communityError(s)
		}
		value, err := strconv.ParseUint(lower, 10, 16)
		if err != nil {
			return 0, communityError(s)
		}
		return Community(asn<<16 | value), nil
	}
	name := strings.ToUpper(strings.ReplaceAll(s, "-", "_"))
	for _, c := range wellKnownCommunities() {
		if c.wellKnownName() == name {
			return c, nil
		}
	}
	return 0, communityError(s)
}

func communityError(s string) error {
	return fmt.Errorf("community %q is neither ASN:VALUE with two numbers up to 65535 nor a well-known name", s)
}

func wellKnownCommunities() []Community {
	return []Community{
		CommunityGracefulShutdown, CommunityAcceptOwn,
		CommunityRouteFilterTranslatedV4, CommunityRouteFilterV4,
		CommunityRouteFilterTranslatedV6, CommunityRouteFilterV6,
		CommunityLLGRStale, CommunityNoLLGR, CommunityAcceptOwnNextHop,
		CommunityStandbyPE, CommunityBlackhole, CommunityNoExport,
		CommunityNoAdvertise, CommunityNoExportSubconfed, CommunityNoPeer,
	}
}
