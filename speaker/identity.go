// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import "net/netip"

// identity is the BGP identifier that a speaker uses, the same towards all its peers (RFC 6286 §2.1).
type identity struct {
	routerID netip.Addr // the zero Addr before the first configuration
	origin   RouterIDOrigin
	// pending is the router ID that was derived since, the zero Addr for none.
	pending netip.Addr
}

// take takes the router ID of a configuration, or keeps the present one.
func (id *identity) take(cfg *Config) {
	id.pending = netip.Addr{}
	switch {
	case id.routerID.IsValid() && cfg.RouterIDOrigin == RouterIDUnreadable:
		return
	case id.routerID.IsValid() && cfg.RouterIDOrigin == RouterIDDerived && id.origin != RouterIDChosen:
		if cfg.RouterID != id.routerID {
			id.pending = cfg.RouterID
		}
		return
	}
	id.routerID, id.origin = cfg.RouterID, cfg.RouterIDOrigin
}
