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

// SessionName is the name of the BGPSession of a peer on a node: <peer>.<node>. Where the peer's name has a dot a hash of both
// follows, for peer "a.b" on node "c" and peer "a" on node "b.c" are two. Over 253 characters the name is cut, and a hash of
// the node's name takes the place of what is missing.
func SessionName(peer, node string) string {
	name, suffix := peer+"."+node, ""
	switch {
	case strings.Contains(peer, "."):
		suffix = "." + shortHash(peer+"/"+node) // a slash is in no name
	case len(name) > maxName:
		suffix = "-" + shortHash(node)
	}
	if len(name)+len(suffix) > maxName {
		// A label must not end in the cut.
		name = strings.TrimRight(name[:maxName-len(suffix)], ".-")
	}
	return name + suffix
}

// shortHash is eight hexadecimal digits.
func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
