// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Large communities: RFC 8092.

package wire

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

const largeCommunityLen = 12

// LargeCommunity is a large community.
type LargeCommunity struct {
	Global uint32 // the ASN of the AS that defines the two other parts
	Local1 uint32
	Local2 uint32
}

// String returns the canonical form of RFC 8092 §5, such as "64512:1:2".
func (c LargeCommunity) String() string {
	return fmt.Sprintf("%d:%d:%d", c.Global, c.Local1, c.Local2)
}

// Compare orders large communities as their octets on the wire.
func (c LargeCommunity) Compare(o LargeCommunity) int {
	return cmp.Or(cmp.Compare(c.Global, o.Global), cmp.Compare(c.Local1, o.Local1), cmp.Compare(c.Local2, o.Local2))
}

// ParseLargeCommunity reads the form "64512:1:2".
func ParseLargeCommunity(s string) (LargeCommunity, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return LargeCommunity{}, largeCommunityError(s)
	}
	var numbers [3]uint32
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return LargeCommunity{}, largeCommunityError(s)
		}
		numbers[i] = uint32(n)
	}
	return LargeCommunity{Global: numbers[0], Local1: numbers[1], Local2: numbers[2]}, nil
}

func largeCommunityError(s string) error {
	return fmt.Errorf("large community %q is not GLOBAL:LOCAL1:LOCAL2 with numbers up to 4294967295", s)
}
