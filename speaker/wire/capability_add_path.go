// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The capability for several paths a prefix: RFC 7911 §4.

package wire

import (
	"slices"
	"strconv"
)

// addPathFamilyLen is AFI (2 octets), SAFI (1), Send/Receive (1).
const addPathFamilyLen = 4

// AddPathMode says whether the sender of the capability sends or receives several paths in a family.
type AddPathMode uint8

// The values of the Send/Receive field (RFC 7911 §4).
const (
	AddPathReceive AddPathMode = 1 // it can receive several paths
	AddPathSend    AddPathMode = 2 // it can send several paths
	AddPathBoth    AddPathMode = 3
)

// Receives reports whether the sender of the capability can receive path
// identifiers.
func (m AddPathMode) Receives() bool { return m == AddPathReceive || m == AddPathBoth }

// Sends reports whether the sender of the capability can send path identifiers.
func (m AddPathMode) Sends() bool { return m == AddPathSend || m == AddPathBoth }

// String returns "receive", "send", "send/receive" or the number.
func (m AddPathMode) String() string {
	switch m {
	case AddPathReceive:
		return "receive"
	case AddPathSend:
		return "send"
	case AddPathBoth:
		return "send/receive"
	default:
		return "add-path mode " + strconv.Itoa(int(m))
	}
}

// AddPathFamily is a family whose NLRI may have path identifiers.
type AddPathFamily struct {
	Family Family
	Mode   AddPathMode
}

// AddPathMode returns the mode of a family, 0 if the capability does not have it.
func (c *Capabilities) AddPathMode(f Family) AddPathMode {
	for _, a := range c.AddPath {
		if a.Family == f {
			return a.Mode
		}
	}
	return 0
}

// addPath appends one instance with all families, as RFC 7911 §4 says it MUST be.
func (w *capabilityWriter) addPath(families []AddPathFamily) {
	if !w.begin(CapabilityAddPath, addPathFamilyLen*len(families)) {
		return
	}
	for _, f := range families {
		w.b = append(f.Family.append(w.b), byte(f.Mode))
	}
}

// parseAddPath replaces an earlier instance: RFC 7911 §4 allows one alone.
// Families with an unknown mode are ignored, as are all but the last entry of a
// family. The others are kept although the RFC would ignore them too: the peer
// means them, and sends path identifiers if we understand them.
func (c *Capabilities) parseAddPath(v []byte) *Notification {
	if len(v)%addPathFamilyLen != 0 {
		return CapabilityAddPath.lengthError(v, "a multiple of 4")
	}
	c.AddPath = nil
	for ; len(v) > 0; v = v[addPathFamilyLen:] {
		f := AddPathFamily{Family: familyOf(v), Mode: AddPathMode(v[3])}
		if f.Mode < AddPathReceive || f.Mode > AddPathBoth {
			continue
		}
		c.AddPath = slices.DeleteFunc(c.AddPath, func(o AddPathFamily) bool { return o.Family == f.Family })
		c.AddPath = append(c.AddPath, f)
	}
	return nil
}
