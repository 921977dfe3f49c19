// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Path attributes as one session sends them: RFC 4271 §5.1.

package encode

import (
	"github.com/herald-bgp/herald/speaker/wire"
)

// defaultLocalPref is LOCAL_PREF towards internal peers unless it is set.
const defaultLocalPref = 100

// encode makes w what the session makes of a, from which nothing is left to
// inherit. The next hop is not part of it. ORIGIN, AS_PATH and, for an internal
// peer, LOCAL_PREF go beside MP_REACH_NLRI too (RFC 4760 §3).
func (p *Params) encode(w *wire.Attributes, a *Attributes) {
	*w = wire.Attributes{
		ASPath:              p.asPath(a),
		Communities:         a.Communities,
		LargeCommunities:    a.LargeCommunities,
		ExtendedCommunities: a.ExtendedCommunities,
		AtomicAggregate:     a.AtomicAggregate != nil && *a.AtomicAggregate,
		Aggregator:          a.Aggregator,
		Unknown:             p.raw(a.Raw),
	}
	if p.OTC != 0 && !hasRaw(a.Raw, wire.AttrOTC) {
		w.OTC, w.HasOTC = p.OTC, true // RFC 9234 §5, egress 1: only where there is none, and one that is there stays as it is
	}
	if a.Origin != nil {
		w.Origin = *a.Origin
	}
	if a.MED != nil {
		w.MED, w.HasMED = *a.MED, true
	}
	// RFC 4271 §5.1.5: LOCAL_PREF SHALL be in what internal peers are sent, and
	// MUST NOT be in what external peers are.
	if !p.External {
		w.LocalPref, w.HasLocalPref = defaultLocalPref, true
		if a.LocalPref != nil {
			w.LocalPref = *a.LocalPref
		}
		// RFC 4456 §8: both are non-transitive, of this AS.
		w.OriginatorID, w.ClusterList = a.OriginatorID, a.ClusterList
	}
}

// raw returns the raw attributes that go to the peer: those of a route reflector stay in the AS (RFC 4456 §8).
func (p *Params) raw(list []wire.RawAttribute) []wire.RawAttribute {
	if !p.External {
		return list
	}
	var out []wire.RawAttribute
	for _, r := range list {
		if r.Type != wire.AttrOriginatorID && r.Type != wire.AttrClusterList {
			out = append(out, r)
		}
	}
	return out
}

// asPath returns the AS_PATH of a: as it is for an internal peer, with the local
// AS before it for an external one (RFC 4271 §5.1.2). It has no AS_SET (RFC 9774 §3).
func (p *Params) asPath(a *Attributes) wire.ASPath {
	var path wire.ASPath
	if len(a.ASPath) > 0 {
		path = wire.ASPath{{Type: wire.ASSequence, ASNs: a.ASPath}}
	}
	if !p.External {
		return path
	}
	times := 1
	if a.Prepend != nil {
		// A path with as many ASNs as a message has octets fits into none, so
		// there is no need for a longer one.
		times += min(max(*a.Prepend, 0), p.MaxLen)
	}
	return path.Prepend(p.LocalASN, times)
}
