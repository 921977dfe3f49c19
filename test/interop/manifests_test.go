// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"net/netip"
	"strings"
)

// peerManifest is a BGPPeer. Lines of spec that are empty are left out.
type peerManifest struct {
	Name     string // "tor-a"
	Address  netip.Addr
	Port     uint16
	LocalASN uint32
	PeerASN  uint32
	Labels   string   // a flow mapping
	Spec     []string // further lines of spec
}

func (p peerManifest) String() string {
	if p.Name == "" {
		p.Name = "tor-a"
	}
	if p.Labels == "" {
		p.Labels = "{rack: a}"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: herald.network/v1alpha1\nkind: BGPPeer\nmetadata: {name: %s, labels: %s}\nspec:\n", p.Name, p.Labels)
	fmt.Fprintf(&b, "  address: %q\n  localASN: %d\n  peerASN: %d\n", p.Address, p.LocalASN, p.PeerASN)
	if p.Port != 0 {
		fmt.Fprintf(&b, "  port: %d\n", p.Port)
	}
	for _, line := range p.Spec {
		if line != "" {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return b.String()
}

// announcement is an Announcement of the operator's own namespace, with attributes as a flow mapping.
func announcement(name, prefixes, attributes string, spec ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: herald.network/v1alpha1\nkind: Announcement\nmetadata: {name: %s, namespace: herald-system}\n", name)
	fmt.Fprintf(&b, "spec:\n  prefixes: [%s]\n", prefixes)
	if attributes != "" {
		fmt.Fprintf(&b, "  attributes: {%s}\n", attributes)
	}
	for _, line := range spec {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}

// nodeManifest is the Node, whose addresses are the next hop of a family that a session's own address is not of.
func nodeManifest(addresses ...netip.Addr) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Node\nmetadata: {name: %s}\nstatus:\n  addresses:\n", nodeName)
	for _, address := range addresses {
		fmt.Fprintf(&b, "  - {type: InternalIP, address: %q}\n", address)
	}
	return b.String()
}

// secretManifest holds a key.
func secretManifest(name, key string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: herald-system}\nstringData: {password: %q}\n", name, key)
}

const tcpMD5 = "authentication: {type: TCPMD5, tcpMD5: {secretRef: {name: tor-a}}}"
