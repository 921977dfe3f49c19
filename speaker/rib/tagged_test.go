// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Tagged is a family of prefixes that belong to a tag. Its keys are neither of 4 nor of 16 octets, its NLRI have another form than
// prefixes (type, length in octets, tag, length in bits, address), and its next hops are those of a VPN.
var Tagged = wire.Family{AFI: wire.AFIIPv4, SAFI: 128}

type tagged struct{ tag, address uint32 }

// prefix is the prefix of a key, without its tag.
func (k tagged) prefix(bits uint8) store.Key[uint32] {
	return store.Key[uint32]{Address: k.address, Bits: bits}
}

var taggedOps = familyOps[tagged]{
	Ops: store.Ops[tagged]{
		Family: Tagged,
		MaxLen: 11,
		Hash: func(k store.Key[tagged]) uint32 {
			return store.IPv4.Hash(k.Address.prefix(k.Bits)) ^ k.Address.tag*0x9e3779b9
		},
		Compare: func(a, b store.Key[tagged]) int {
			return cmp.Or(cmp.Compare(a.Address.tag, b.Address.tag), store.IPv4.Compare(a.Address.prefix(a.Bits), b.Address.prefix(b.Bits)))
		},
		NLRI: func(k store.Key[tagged]) wire.NLRI {
			n := store.IPv4.NLRI(k.Address.prefix(k.Bits))
			n.Text = fmt.Sprintf("%d:%v", k.Address.tag, n.Prefix)
			return n
		},
		Mask: func(a tagged, n uint8) tagged { return tagged{a.tag, store.IPv4.Mask(a.address, n)} },
		AppendNLRI: func(b []byte, k store.Key[tagged]) []byte {
			prefix := store.IPv4.AppendNLRI(nil, k.Address.prefix(k.Bits))
			b = append(b, 5, byte(4+len(prefix)))
			return append(binary.BigEndian.AppendUint32(b, k.Address.tag), prefix...)
		},
		Len:  func(k store.Key[tagged]) int { return 6 + store.IPv4.Len(k.Address.prefix(k.Bits)) },
		Size: func(b []byte) int { return 2 + int(b[1]) },
		Parse: func(b []byte) store.Key[tagged] {
			prefix := store.IPv4.Parse(b[6 : 2+int(b[1])])
			return store.Key[tagged]{Address: tagged{binary.BigEndian.Uint32(b[2:]), prefix.Address}, Bits: prefix.Bits}
		},
		Expand: func(r store.Span[tagged], yield func(store.Key[tagged]) bool) bool {
			plain := store.Span[uint32]{Address: r.Address.address, Bits: r.Bits, Length: r.Length}
			return store.IPv4.Expand(plain, func(k store.Key[uint32]) bool {
				return yield(store.Key[tagged]{Address: tagged{r.Address.tag, k.Address}, Bits: k.Bits})
			})
		},
	},
	// The tag is the owner.
	spans: func(a *Announcement, p Prefixes, yield func(store.Span[tagged]) bool) {
		tag, err := strconv.Atoi(a.Owner)
		if err != nil {
			panic(err)
		}
		spans4(p, func(s store.Span[uint32]) bool {
			return yield(store.Span[tagged]{Address: tagged{uint32(tag), s.Address}, Bits: s.Bits, Length: s.Length})
		})
	},
}

// Tagged6 is a family of the same SAFI. Its keys are those of IPv6.
var Tagged6 = wire.Family{AFI: wire.AFIIPv6, SAFI: Tagged.SAFI}

func tagged6Ops() *familyOps[store.Address6] {
	ops := ops6
	ops.Family = Tagged6
	return &ops
}

// NewTagged returns a table that can have both families.
func NewTagged() *Table {
	t := New()
	t.kinds = append(t.kinds[:len(t.kinds):len(t.kinds)], kindOf(&taggedOps), kindOf(tagged6Ops()))
	return t
}

// Families are those that the table has.
func (t *Table) Families() (list []wire.Family) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.families {
		list = append(list, f.is())
	}
	return list
}
