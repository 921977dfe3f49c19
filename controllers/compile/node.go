// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
)

// NodeFacts is what the compilation needs to know of a Node.
type NodeFacts struct {
	Name string
	UID  types.UID
	// Labels and Annotations are the Node's own maps: they are read only.
	Labels, Annotations map[string]string
	// Addresses are the Node's addresses of type InternalIP, in its own order.
	Addresses []netip.Addr
	// Gone: the Node was deleted. It has no sessions any more.
	Gone bool
	// validASN is the last ASN of its annotation that could be read, 0 for none.
	validASN uint32
}

// FactsOf takes the facts from a Node. What is no IP address among its InternalIPs is skipped. Before are the facts of the same
// node as they were last, for the annotation of its ASN: while it cannot be read, what it said before is in force.
func FactsOf(node *corev1.Node, before NodeFacts) NodeFacts {
	facts := NodeFacts{Name: node.Name, UID: node.UID, Labels: node.Labels, Annotations: node.Annotations}
	if text, ok := node.Annotations[v1alpha1.AnnotationASN]; ok {
		facts.validASN, ok = parseASN(text)
		if !ok && before.UID == node.UID {
			facts.validASN = before.validASN
		}
	}
	for _, address := range node.Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		if ip, err := netip.ParseAddr(address.Address); err == nil && !ip.IsUnspecified() {
			facts.Addresses = append(facts.Addresses, ip.Unmap())
		}
	}
	return facts
}

// Address4 is the node's first IPv4 address, the zero Addr when it has none.
func (n *NodeFacts) Address4() netip.Addr { return n.first(netip.Addr.Is4) }

// Address6 is the node's first IPv6 address that is not link-local, the zero Addr when it has none.
func (n *NodeFacts) Address6() netip.Addr {
	return n.first(func(ip netip.Addr) bool { return ip.Is6() && !ip.IsLinkLocalUnicast() })
}

func (n *NodeFacts) first(want func(netip.Addr) bool) netip.Addr {
	if i := slices.IndexFunc(n.Addresses, want); i >= 0 {
		return n.Addresses[i]
	}
	return netip.Addr{}
}

// RouterID is the node's BGP identifier (RFC 6286 §2.1): its annotation, else its IPv4 InternalIP, else a hash of its
// name that stays the same for ever. A bad annotation is an issue, and changes nothing where there is a router ID already.
func (n *NodeFacts) RouterID() (netip.Addr, speaker.RouterIDOrigin, []Issue) {
	origin := speaker.RouterIDDerived
	var issues []Issue
	if text, ok := n.Annotations[v1alpha1.AnnotationRouterID]; ok {
		ip, err := netip.ParseAddr(text)
		if err == nil && ip.Is4() && !ip.IsUnspecified() {
			return ip, speaker.RouterIDChosen, nil
		}
		origin = speaker.RouterIDUnreadable
		issues = n.badAnnotation(v1alpha1.AnnotationRouterID, text, "a dotted quad other than 0.0.0.0, such as 192.0.2.10")
	}
	if ip := n.Address4(); ip.IsValid() {
		return ip, origin, issues
	}
	return hashedRouterID(n.Name), origin, issues
}

// hashedRouterID is never 0.0.0.0, which is no BGP identifier.
func hashedRouterID(name string) netip.Addr {
	hash := fnv.New32a()
	hash.Write([]byte(name))
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], max(hash.Sum32(), 1))
	return netip.AddrFrom4(id)
}

// ASN is the ASN that the node's annotation gives, 0 when there is none. A bad annotation is an issue: what it said before is in
// force, and where that is not known it counts as none.
func (n *NodeFacts) ASN() (uint32, []Issue) {
	text, ok := n.Annotations[v1alpha1.AnnotationASN]
	if !ok {
		return 0, nil
	}
	if asn, ok := parseASN(text); ok {
		return asn, nil
	}
	want := "a decimal ASN of 1 to 4294967295 other than 23456"
	if n.validASN != 0 {
		want += fmt.Sprintf("; AS %d, which it was before, is in force", n.validASN)
	}
	return n.validASN, n.badAnnotation(v1alpha1.AnnotationASN, text, want)
}

func parseASN(text string) (asn uint32, ok bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || !validASN(int64(n)) {
		return 0, false
	}
	return uint32(n), true
}

func (n *NodeFacts) badAnnotation(key, value, want string) []Issue {
	return []Issue{{
		Kind:    KindNode,
		Ref:     Ref{Name: n.Name, UID: n.UID},
		Reason:  v1alpha1.ReasonInvalid,
		Message: fmt.Sprintf("annotation %s: %q is ignored: write %s", key, value, want),
	}}
}

// asTrans stands for any 4-octet ASN in 2-octet fields and is nobody's own (RFC 6793 §9).
const asTrans = 23456

func validASN(asn int64) bool { return asn >= 1 && asn <= 1<<32-1 && asn != asTrans }
