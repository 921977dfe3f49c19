// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/test/bench/dataset"
)

// write writes all manifests.
func (h *Herald) write() error {
	dir := h.manifests()
	if err := writeFile(filepath.Join(dir, "peers.yaml"), h.peers); err != nil {
		return err
	}
	groups := h.plan.groups()
	file := 0
	for some := range slices.Chunk(groups, docsPerFile) {
		file++
		err := writeFile(filepath.Join(dir, fmt.Sprintf("routes-%d.yaml", file)), func(t *text) {
			for _, g := range some {
				selector := ""
				if strings.HasPrefix(g.name, "first") {
					selector = "{matchLabels: {sink: first}}"
				}
				announcement(t, g.name, g.set, selector)
			}
		})
		if err != nil {
			return err
		}
	}
	if h.plan.Changing == nil {
		return nil
	}
	return h.change(h.plan.Changing.Sets[0].Community)
}

func (h *Herald) peers(t *text) {
	afi := "IPv4"
	if h.plan.is6() {
		afi = "IPv6"
	}
	for i, address := range h.plan.Sinks {
		label := "others"
		if i == 0 {
			label = "first"
		}
		t.line("---\napiVersion: herald.network/v1alpha1\nkind: BGPPeer\nmetadata: {name: sink-%d, labels: {sink: %s}}", i+1, label)
		t.line("spec:\n  address: %q\n  localASN: %d\n  peerASN: %d", address, dataset.ASN, SinkASN)
		t.line("  families: [{afi: %s, safi: Unicast}]\n  transport: {connectMode: Passive}", afi)
		t.line("  allowedAnnouncements: {maxPrefixes: 10000000}") // 10,000 unless it is written
		if rate := h.plan.RatePerSecond; rate > 0 {
			t.line("  updates: {ratePerSecond: %d}", rate)
		}
	}
}

// announcement writes a set as an Announcement, or as several where it has more prefixes than one may have.
func announcement(t *text, name string, set *dataset.Set, selector string) {
	part := 0
	for ranges := range slices.Chunk(set.Ranges, prefixesPerObject) {
		part++
		suffix := ""
		if part > 1 {
			suffix = "-" + strconv.Itoa(part)
		}
		t.line("---\napiVersion: herald.network/v1alpha1\nkind: Announcement\nmetadata: {name: %s%s}\nspec:", name, suffix)
		if selector != "" {
			t.line("  peerSelector: %s", selector)
		}
		prefixes := make([]string, len(ranges))
		for i, r := range ranges {
			prefixes[i] = strconv.Quote(r.Prefix.String()) // "::" would be a mapping
		}
		t.line("  prefixes: [%s]", strings.Join(prefixes, ", "))
		// What is as long as that already is announced as it is, so one length serves the set.
		if i := slices.IndexFunc(ranges, func(r dataset.Range) bool { return !r.Single() }); i >= 0 {
			family := "ipv4"
			if ranges[i].Prefix.Addr().Is6() {
				family = "ipv6"
			}
			t.line("  deaggregate: {%s: %d}", family, ranges[i].Length)
		}
		t.line("  attributes: {communities: [\"%d:%d\"]}", dataset.ASN, set.Community)
	}
}
