// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The route refresh capability: RFC 2918 §2. It has no value.

package wire

func (w *capabilityWriter) routeRefresh() {
	w.begin(CapabilityRouteRefresh, 0)
}
