// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The translation of a route into an Announcement.

package conformance_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// route is a unicast route of a configuration or of a command.
type route struct {
	link       string // name of the neighbour that it is for; "": all that the selectors choose
	family     wire.Family
	text       string       // the prefix as the case writes it
	prefix     netip.Prefix // masked; the zero Prefix where text is none
	pathID     uint32
	split      int                 // length of the subnets that are announced; 0: the prefix itself
	attributes object              // of the Announcement
	selectors  []map[string]string // labels of the neighbours that it is for, of which one must fit; none: all
	watchdog   string              // group that it is announced and withdrawn with
	off        bool                // it begins withdrawn
}

// newRoute translates a route with its attributes, as the case names them. With an error that says why the route is left
// out, it returns the route all the same, so that nothing is expected of it, either; nil where it is of another family.
func newRoute(family, prefix string, attributes map[string]any, n *neighbor) (*route, error) {
	r := &route{text: prefix, attributes: object{}}
	switch family {
	case "ipv4 unicast":
		r.family = wire.IPv4Unicast
	case "ipv6 unicast":
		r.family = wire.IPv6Unicast
	default:
		return nil, outside("family %s is not spoken yet", family)
	}
	if address, err := netip.ParseAddr(prefix); err == nil {
		r.prefix = netip.PrefixFrom(address, address.BitLen())
	} else if p, err := netip.ParsePrefix(prefix); err == nil {
		r.prefix = p.Masked() // the cases write host bits
	}
	err := r.usable()
	for name, value := range attributes {
		if reason, ok := laterAttributes[name]; ok {
			return nil, outside("%s", reason)
		}
		if attributeErr := r.set(name, value, n); attributeErr != nil && err == nil {
			err = fmt.Errorf("%s of %s: %w", name, prefix, attributeErr)
		}
	}
	return r, err
}

// is says whether a fact is about a route that comes of it.
func (r *route) is(f fact) bool { return f.family == r.family && slices.Contains(r.names(), f.route) }

// key tells routes of one neighbour apart.
func (r *route) key() string {
	if !r.prefix.IsValid() {
		return r.link + r.text
	}
	return r.link + routeText(r.prefix, r.pathID)
}

// names are the routes that come of it on the wire, as facts name them.
func (r *route) names() []string {
	if !r.prefix.IsValid() {
		return nil
	}
	var names []string
	for _, subnet := range subnets(r.prefix, r.split) {
		names = append(names, routeText(subnet, r.pathID))
	}
	return names
}

// subnets are those of a length, in ascending order.
func subnets(prefix netip.Prefix, length int) []netip.Prefix {
	bits := prefix.Bits()
	if bits >= length {
		return []netip.Prefix{prefix}
	}
	octets := prefix.Addr().AsSlice()
	octets[bits/8] |= 0x80 >> (bits % 8)
	upper, _ := netip.AddrFromSlice(octets) // of a length that it had
	return append(subnets(netip.PrefixFrom(prefix.Addr(), bits+1), length), subnets(netip.PrefixFrom(upper, bits+1), length)...)
}

// manifest holds an Announcement for each selector, one without any.
func (r *route) manifest(name string) string {
	if len(r.selectors) == 0 {
		return r.announcement(name, nil)
	}
	var all strings.Builder
	for i, selector := range r.selectors {
		fmt.Fprintf(&all, "---\n%s", r.announcement(fmt.Sprintf("%s-%d", name, i), selector))
	}
	return all.String()
}

func (r *route) announcement(name string, selector map[string]string) string {
	prefix := r.text
	if r.prefix.IsValid() {
		prefix = r.prefix.String()
	}
	spec := object{"prefixes": []string{prefix}}
	if len(r.attributes) > 0 {
		spec["attributes"] = r.attributes
	}
	if r.pathID != 0 {
		spec["pathID"] = r.pathID
	}
	if r.split != 0 {
		spec["deaggregate"] = object{strings.ToLower(apiAFI(familyName(r.family))): r.split}
	}
	if len(selector) > 0 {
		spec["peerSelector"] = object{"matchLabels": selector}
	}
	return toYAML(object{
		"apiVersion": "herald.network/v1alpha1", "kind": "Announcement", "spec": spec,
		"metadata": object{"name": name, "namespace": "default"},
	})
}

// set translates one attribute.
func (r *route) set(name string, value any, n *neighbor) error {
	list := words(value)
	if read, ok := translations[name]; ok {
		return read(r, list)
	}
	switch name {
	case "next-hop":
		return r.setNextHop(list, n)
	case "as-path":
		return r.setASPath(value)
	case "watchdog":
		r.watchdog = strings.Join(list, " ")
	case "withdraw":
		r.off = true
	case "name": // for people
	default:
		return fmt.Errorf("no translation of it: %v", value)
	}
	return nil
}

// translations are those of attributes that stand for themselves.
var translations = map[string]func(r *route, list []string) error{
	"origin":             (*route).setOrigin,
	"aggregator":         (*route).setAggregator,
	"attribute":          (*route).setRaw,
	"aigp":               (*route).setAIGP,
	"path-information":   (*route).setPathID,
	"split":              (*route).setSplit,
	"med":                func(r *route, list []string) error { return r.setNumber("med", list) },
	"local-preference":   func(r *route, list []string) error { return r.setNumber("localPref", list) },
	"community":          func(r *route, list []string) error { return r.setList("communities", list, community) },
	"large-community":    func(r *route, list []string) error { return r.setList("largeCommunities", list, asItIs) },
	"extended-community": func(r *route, list []string) error { return r.setList("extendedCommunities", list, extendedCommunity) },
	"cluster-list":       func(r *route, list []string) error { return r.setList("clusterList", list, asItIs) },
	"originator-id": func(r *route, list []string) error {
		r.attributes["originatorID"] = strings.Join(list, " ")
		return nil
	},
	"atomic-aggregate": func(r *route, _ []string) error { r.attributes["atomicAggregate"] = true; return nil },
}

func asItIs(text string) (string, error) { return text, nil }

func (r *route) setOrigin(list []string) error {
	text := strings.ToLower(strings.Join(list, " "))
	origin, ok := map[string]string{"igp": "IGP", "egp": "EGP", "incomplete": "Incomplete"}[text]
	if !ok {
		return fmt.Errorf("%q is no origin", text)
	}
	r.attributes["origin"] = origin
	return nil
}

func (r *route) setSplit(list []string) (err error) {
	r.split, err = strconv.Atoi(strings.TrimPrefix(strings.Join(list, " "), "/"))
	return err
}

// setPathID reads a path identifier, which is written as a number or like an IPv4 address.
func (r *route) setPathID(list []string) error {
	text := strings.Join(list, " ")
	if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
		r.pathID = binary.BigEndian.Uint32(address.AsSlice())
		return nil
	}
	id, err := strconv.ParseUint(text, 0, 32)
	r.pathID = uint32(id)
	return err
}

// setAIGP writes the attribute of RFC 7311 §3: one TLV of type 1 and length 11.
func (r *route) setAIGP(list []string) error {
	metric, err := strconv.ParseUint(strings.Join(list, " "), 0, 64)
	r.addRaw(26, int64(wire.FlagOptional), fmt.Sprintf("01000b%016x", metric))
	return err
}

func (r *route) setNumber(field string, list []string) error {
	number, err := strconv.ParseInt(strings.Join(list, " "), 0, 64)
	r.attributes[field] = number
	return err
}

// setList translates each element of a list.
func (r *route) setList(field string, list []string, translate func(string) (string, error)) error {
	var all []string
	for _, element := range list {
		text, err := translate(element)
		if err != nil {
			return err
		}
		all = append(all, text)
	}
	r.attributes[field] = all
	return nil
}

// setNextHop leaves out next hop self, which is the default.
func (r *route) setNextHop(list []string, n *neighbor) error {
	text := strings.ToLower(strings.Join(list, " "))
	if text == "self" {
		return nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return err
	}
	hops := object{}
	switch {
	case !isHost(address):
		return unsayable(remarkNextHop)
	case r.family == wire.IPv4Unicast:
		hops["ipv4"] = address.String()
	case address.Is4():
		return unsayable(remarkShortNextHop)
	case address.IsLinkLocalUnicast():
		hops["ipv6LinkLocal"] = address.String()
	default:
		hops["ipv6"] = address.String()
		if linkLocal := n.setting("local-link-local"); linkLocal != "" && n.capability("link-local-nexthop") != "" {
			hops["ipv6LinkLocal"] = linkLocal
		}
	}
	r.attributes["nextHop"] = hops
	return nil
}

// setASPath takes a sequence alone: sets are lists in the list, or are in parentheses.
func (r *route) setASPath(value any) error {
	var path []int64
	if list, ok := value.([]any); ok && slices.ContainsFunc(list, isList) {
		return unsayable(remarkASSet)
	}
	for _, word := range words(value) {
		if strings.ContainsAny(word, "(){}") {
			return unsayable(remarkASSet)
		}
		asn, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return err
		}
		path = append(path, asn)
	}
	r.attributes["asPath"] = path
	return nil
}

func isList(value any) bool {
	_, ok := value.([]any)
	return ok
}

// setAggregator reads ASN:address.
func (r *route) setAggregator(list []string) error {
	asn, address, ok := strings.Cut(strings.Trim(strings.Join(list, ""), "()"), ":")
	number, err := strconv.ParseInt(asn, 10, 64)
	if !ok || err != nil {
		return fmt.Errorf("%q is no ASN:address", list)
	}
	r.attributes["aggregator"] = object{"asn": number, "address": address}
	return nil
}

// setRaw reads code, flags and value.
func (r *route) setRaw(list []string) error {
	if len(list) != 3 {
		return fmt.Errorf("%q is no code, flags and value", list)
	}
	code, err := strconv.ParseInt(list[0], 0, 64)
	if err != nil {
		return err
	}
	flags, err := strconv.ParseInt(list[1], 0, 64)
	if err != nil {
		return err
	}
	if !wellKnown(wire.AttributeType(code)) && flags&int64(wire.FlagOptional) == 0 {
		return unsayable(remarkRawFlags)
	}
	r.addRaw(code, flags, strings.TrimPrefix(list[2], "0x"))
	return nil
}

func (r *route) addRaw(code, flags int64, value string) {
	raw, _ := r.attributes["raw"].([]object)
	r.attributes["raw"] = append(raw, object{"code": code, "flags": flags, "value": value})
}

// community translates a standard community: a number of 32 bits, two of 16, or a name.
func community(text string) (string, error) {
	if number, err := strconv.ParseUint(text, 0, 32); err == nil {
		return fmt.Sprintf("%d:%d", number>>16, number&0xffff), nil
	}
	if strings.Contains(text, ":") {
		return text, nil
	}
	name := strings.ReplaceAll(strings.ToUpper(text), "-", "_")
	if name == "NO_PEER" {
		name = "NOPEER"
	}
	return name, nil
}

// words returns a value as words: a text, a number, or a list of such.
func words(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case string:
		return strings.Fields(value)
	case json.Number:
		return []string{value.String()}
	case []any:
		var all []string
		for _, element := range value {
			all = append(all, words(element)...)
		}
		return all
	case []string:
		return value
	default:
		return []string{fmt.Sprint(value)}
	}
}

// routeOf returns the route that is announced so, for the attributes that a program which watches a service has.
func routeOf(f fact, n *neighbor) (*route, error) {
	attributes := map[string]any{}
	nextHop, list, _ := strings.Cut(f.detail, " [")
	_, address, _ := strings.Cut(nextHop, " ")
	octets, err := hex.DecodeString(address)
	if err != nil {
		return nil, err
	}
	hop, _ := netip.AddrFromSlice(octets)
	if hop != n.localAddress() {
		attributes["next-hop"] = hop.String()
	}
	for _, text := range strings.Fields(strings.TrimSuffix(list, "]")) {
		head, value, _ := strings.Cut(text, "=")
		code, _, _ := strings.Cut(head, "/")
		switch code {
		case "1", "2": // ORIGIN and AS_PATH are the defaults, or the comparison shows that they are not
		case "4":
			attributes["med"] = "0x" + value
		case "5":
			attributes["local-preference"] = "0x" + value
		case "8":
			var communities []any
			for ; len(value) >= 8; value = value[8:] {
				communities = append(communities, "0x"+value[:8])
			}
			attributes["community"] = communities
		default:
			return nil, fmt.Errorf("no translation of attribute %s", text)
		}
	}
	return newRoute(familyName(f.family), f.route, attributes, n)
}
