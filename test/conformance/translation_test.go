// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The translation of a neighbour into a BGPPeer.
//
// Next hop self must be the address in the case, such as 127.0.0.1. A route with that next hop is withheld from a neighbour at the
// same address (RFC 4271 §5.1.3), so the neighbour has another loopback address. IPv6 has the one loopback address ::1, which
// both ends of an IPv6 session share; if ::1 is a next hop too, the session is over IPv4, and ::1 is the address of the Node.
// Commands choose neighbours by the labels of the BGPPeer.

package conformance_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	nodeName = "node-1"

	optionUnknownMessage    = "open:send-unknown-message"
	optionUnknownCapability = "open:send-unknown-capability"
	optionInspectOpen       = "open:inspect-open-message"
	optionDefaultRoute      = "update:send-default-route"
	optionSendEndOfRIB      = "open:send-eor"
	optionASN               = "asn"
)

// knownOptions are the options of a case that the test obeys or may ignore.
var knownOptions = []string{
	optionUnknownMessage, optionUnknownCapability, optionInspectOpen, optionDefaultRoute, optionSendEndOfRIB, optionASN,
	"files", "tcp_connections", "bind:ipv6", "timeout", // the last one concerns the program that the cases come from
}

// object is a Kubernetes object on its way to YAML.
type object = map[string]any

// toYAML writes a manifest.
func toYAML(o object) string {
	text, err := yaml.Marshal(o)
	if err != nil {
		panic(err) // maps of strings and numbers have no form that YAML lacks
	}
	return string(text)
}

// setting returns a setting of the session as text, "" where it is not set.
func (n *neighbor) setting(name string) string {
	if value := n.Session[name]; value != nil {
		return strings.Join(words(value), " ")
	}
	return ""
}

func (n *neighbor) localAddress() netip.Addr {
	address, err := netip.ParseAddr(n.setting("local-address"))
	if err != nil {
		return netip.MustParseAddr("127.0.0.1")
	}
	return address
}

// otherLocal is an address of loopback that no case has.
var otherLocal = netip.MustParseAddr("127.93.0.1")

// otherPeer is an address of loopback for a neighbour of a case.
func otherPeer(index int) netip.Addr { return netip.AddrFrom4([4]byte{127, 93, 1, byte(index + 1)}) }

// ends are our address in the session, and the address at which the test plays the index-th neighbour of the case.
func (n *neighbor) ends(index int) (local, peer netip.Addr) {
	switch local = n.localAddress(); {
	case local.Is4():
		return local, otherPeer(index)
	case index > 0, n.isNextHop(local):
		return otherLocal, otherPeer(index)
	}
	return local, local
}

// isNextHop says whether some route has an address as its next hop, by name or as self.
func (n *neighbor) isNextHop(address netip.Addr) bool {
	return slices.ContainsFunc(n.Routes, func(r configuredRoute) bool {
		text := strings.Join(words(r.Attributes["next-hop"]), " ")
		return text == "self" || text == address.String()
	})
}

// nodeManifest is the Node. Its addresses are next hop self for a family other than that of the session's addresses.
func (n *neighbor) nodeManifest() string {
	return toYAML(object{
		"apiVersion": "v1", "kind": "Node", "metadata": object{"name": nodeName},
		"status": object{"addresses": []object{{"type": "InternalIP", "address": n.localAddress().String()}}},
	})
}

func (n *neighbor) routerID() string { return cmp.Or(n.setting("router-id"), "192.0.2.10") }

// capability returns the value of a capability, "" where it is off.
func (n *neighbor) capability(name string) string {
	value := n.Capabilities[name]
	text := strings.Join(words(value), " ")
	if value == nil || value == false || text == "disable" || text == "false" {
		return ""
	}
	return text
}

// unicast returns the families of the neighbour that Herald speaks, as the API names them.
func (n *neighbor) unicast() []object {
	var families []object
	for _, name := range []string{"ipv4 unicast", "ipv6 unicast"} {
		if len(n.Families) == 0 || slices.Contains(n.Families, name) {
			families = append(families, object{"afi": apiAFI(name), "safi": "Unicast"})
		}
	}
	return families
}

func apiAFI(family string) string {
	if strings.HasPrefix(family, "ipv6") {
		return "IPv6"
	}
	return "IPv4"
}

// manifest is the BGPPeer of a link. The test compares the OPEN only if the case inspects it: only then does it switch off
// the capabilities that Herald offers by default and the case lacks.
func (n *neighbor) manifest(l *link, inspected, refreshed bool) (string, error) {
	localASN, err := strconv.ParseInt(n.setting("local-as"), 10, 64)
	if err != nil {
		return "", fmt.Errorf("local-as: %w", err)
	}
	peerASN, err := strconv.ParseInt(n.setting("peer-as"), 10, 64)
	if err != nil {
		return "", fmt.Errorf("peer-as: %w", err)
	}
	local, peer := n.ends(l.index)
	spec := object{
		"address": peer.String(), "port": l.peer.port(), "localASN": localASN, "peerASN": peerASN,
		"families":             n.unicast(),
		"transport":            object{"source": object{"address": local.String()}},
		"timers":               object{"connectRetrySeconds": 1, "holdSeconds": n.holdSeconds()},
		"gracefulRestart":      n.gracefulRestart(),
		"allowedAnnouncements": object{"infrastructure": []string{"DefaultRoute"}},
	}
	if capabilities := n.offered(inspected, refreshed); len(capabilities) > 0 {
		spec["capabilities"] = capabilities
	}
	return toYAML(object{
		"apiVersion": "herald.network/v1alpha1", "kind": "BGPPeer", "spec": spec,
		"metadata": object{"name": l.name, "labels": n.selectable(l.name)},
	}), nil
}

func (n *neighbor) holdSeconds() int {
	if seconds, err := strconv.Atoi(n.setting("hold-time")); err == nil {
		return seconds
	}
	return cmp.Or(n.Summary.HoldTime, 180)
}

// gracefulRestart is on with a time, or with the hold time.
func (n *neighbor) gracefulRestart() object {
	value := n.capability("graceful-restart")
	if value == "" {
		return object{"mode": "Disabled"}
	}
	seconds, err := strconv.Atoi(value)
	if err != nil {
		seconds = n.holdSeconds()
	}
	return object{"mode": "Enabled", "restartSeconds": seconds}
}

// offered are spec.capabilities.
func (n *neighbor) offered(inspected, refreshed bool) object {
	c := object{}
	if mode, ok := map[string]string{
		"send/receive": "Both", "receive/send": "Both", "send": "Send", "receive": "Receive",
	}[n.capability("add-path")]; ok {
		c["addPath"] = n.addPath(mode)
	}
	if slices.Contains(n.NextHop, "ipv4 unicast ipv6") {
		c["extendedNextHop"] = true
	}
	for name, field := range map[string]string{"link-local-nexthop": "linkLocalNextHop", "software-version": "softwareVersion"} {
		if n.capability(name) != "" {
			c[field] = true
		}
	}
	if n.Capabilities["asn4"] != nil && n.capability("asn4") == "" {
		c["fourOctetASN"] = false
	}
	if host := n.setting("host-name"); host != "" {
		c["fqdn"] = object{"hostName": host, "domainName": n.setting("domain-name")}
	}
	if inspected {
		// The program that the cases are from offers extended messages unless told not to.
		c["extendedMessage"] = n.Capabilities["extended-message"] == nil || n.capability("extended-message") != ""
		c["routeRefresh"] = n.capability("route-refresh") != ""
	}
	// In a case without the capability, routes are sent again too, but without the marks of RFC 7313.
	if (inspected || refreshed) && n.capability("route-refresh") == "" {
		c["enhancedRouteRefresh"] = false
	}
	return c
}

func (n *neighbor) addPath(mode string) []object {
	var families []object
	for _, family := range n.unicast() {
		name := strings.ToLower(family["afi"].(string)) + " unicast"
		if len(n.AddPath) == 0 || slices.Contains(n.AddPath, name) {
			families = append(families, object{"afi": family["afi"], "safi": family["safi"], "mode": mode})
		}
	}
	return families
}

// withField is a manifest with one more field in its spec.
func withField(manifest, field string) string {
	return strings.Replace(manifest, "\nspec:\n", "\nspec:\n  "+field+"\n", 1)
}
