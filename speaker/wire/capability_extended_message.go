// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The extended message capability: RFC 8654 §3. It has no value.

package wire

func (w *capabilityWriter) extendedMessage() {
	w.begin(CapabilityExtendedMessage, 0)
}
