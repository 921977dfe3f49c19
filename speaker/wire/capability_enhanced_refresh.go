// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The enhanced route refresh capability: RFC 7313 §3.1. It has no value.

package wire

func (w *capabilityWriter) enhancedRefresh() {
	w.begin(CapabilityEnhancedRefresh, 0)
}
