// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The capability for next hops that are one link-local address:
// draft-ietf-idr-linklocal-capability §2. It has no value.

package wire

func (w *capabilityWriter) linkLocalNextHop() {
	w.begin(CapabilityLinkLocalNextHop, 0)
}

// parseLinkLocalNextHop ignores a capability with a value: another draft uses the same code.
func (c *Capabilities) parseLinkLocalNextHop(v []byte) {
	c.LinkLocalNextHop = c.LinkLocalNextHop || len(v) == 0
}
