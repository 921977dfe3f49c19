// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// KEEPALIVE: RFC 4271 §4.4.

package wire

// AppendKeepalive appends a KEEPALIVE message, which is a header alone.
func AppendKeepalive(b []byte) []byte {
	return FinishMessage(AppendHeader(b, TypeKeepalive), len(b))
}
