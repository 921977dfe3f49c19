// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	maxRaw = 16
	// maxRawValue is the longest value of a raw attribute, in octets.
	maxRawValue = 4096
)

// readRaw reads attributes that are written as they go on the wire. They come out in the order of their codes.
func readRaw(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	if len(spec.Raw) > maxRaw {
		return invalid(field+".raw", "%d attributes: write at most %d", len(spec.Raw), maxRaw)
	}
	known := map[wire.AttributeType]bool{}
	for i := range spec.Raw {
		at := fmt.Sprintf("%s.raw[%d]", field, i)
		raw, err := rawOf(at, &spec.Raw[i])
		if err != nil {
			return err
		}
		if known[raw.Type] {
			return invalid(at+".code", "%d: write each code once", raw.Type)
		}
		if name := fieldOf(raw.Type, spec); name != "" {
			return invalid(at+".code", "%d: delete it, or %s beside it, which writes the same attribute", raw.Type, name)
		}
		// Who does not take it resets the session, which is that of every announcement, or drops the routes (RFC 7606 §3).
		if err := raw.Check(); err != nil {
			return invalid(at, "%v: write flags and value as the attribute's specification has them", err)
		}
		known[raw.Type] = true
		attributes.Raw = append(attributes.Raw, raw)
	}
	slices.SortFunc(attributes.Raw, func(a, b wire.RawAttribute) int { return cmp.Compare(a.Type, b.Type) })
	return nil
}

func rawOf(field string, spec *v1alpha1.RawAttribute) (wire.RawAttribute, error) {
	if err := cmp.Or(
		inRange(field+".code", &spec.Code, 1, 255),
		inRange(field+".flags", spec.Flags, 0, 240),
	); err != nil {
		return wire.RawAttribute{}, err
	}
	raw := wire.RawAttribute{Type: wire.AttributeType(spec.Code)}
	raw.Flags = uint8(valueOr(spec.Flags, int32(raw.Type.DefaultFlags())))
	if ofSpeaker(raw.Type) {
		return raw, invalid(field+".code", "%d: write another; the speaker writes %v itself", spec.Code, raw.Type)
	}
	if raw.Flags&0x0f != 0 { // RFC 4271 §4.3: the lower-order four bits MUST be zero when sent
		return raw, invalid(field+".flags", "%d: write a sum of 128, 64, 32 and 16", raw.Flags)
	}
	value, err := hex.DecodeString(valueOr(spec.Value, ""))
	if err != nil || len(value) > maxRawValue {
		return raw, invalid(field+".value", "write an even number of hexadecimal digits, for at most %d octets", maxRawValue)
	}
	raw.Value = value
	return raw, nil
}

// ofSpeaker reports whether an attribute is the speaker's to write: it goes with every route, with the NLRI or with the
// session.
func ofSpeaker(code wire.AttributeType) bool {
	switch code {
	case wire.AttrOrigin, wire.AttrASPath, wire.AttrNextHop, wire.AttrLocalPref, wire.AttrMPReachNLRI,
		wire.AttrMPUnreachNLRI, wire.AttrAS4Path, wire.AttrAS4Aggregator, wire.AttrOTC:
		return true
	}
	return false
}

// fieldOf is the name of the field that writes an attribute, empty where it is not set.
func fieldOf(code wire.AttributeType, spec *v1alpha1.PathAttributes) string {
	field := map[wire.AttributeType]struct {
		name string
		set  bool
	}{
		wire.AttrMED:                 {"med", spec.MED != nil},
		wire.AttrAtomicAggregate:     {"atomicAggregate", spec.AtomicAggregate != nil},
		wire.AttrAggregator:          {"aggregator", spec.Aggregator != nil},
		wire.AttrCommunities:         {"communities", spec.Communities != nil},
		wire.AttrOriginatorID:        {"originatorID", spec.OriginatorID != nil},
		wire.AttrClusterList:         {"clusterList", spec.ClusterList != nil},
		wire.AttrExtendedCommunities: {"extendedCommunities", spec.ExtendedCommunities != nil},
		wire.AttrLargeCommunities:    {"largeCommunities", spec.LargeCommunities != nil},
	}[code]
	if !field.set {
		return ""
	}
	return field.name
}
