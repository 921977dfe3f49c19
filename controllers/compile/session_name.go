// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxName is the longest name of an object, in characters (a DNS subdomain).
const maxName = 253

// SessionName is the name of the BGPSession of a peer on a node: <peer>.<node>. Over 253 characters it is cut, and a hash
// of the node's name takes the place of what is missing.
func SessionName(peer, node string) string {
	name := peer + "." + node
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(node))
	suffix := "-" + hex.EncodeToString(sum[:4])
	// A label must not end in the cut.
	return strings.TrimRight(name[:maxName-len(suffix)], ".-") + suffix
}
