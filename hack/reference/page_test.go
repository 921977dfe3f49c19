// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/config/crd"
)

func TestThePageIsNew(t *testing.T) {
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if err := write(&want, definitions); err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want.String() {
		t.Error("docs/reference.md is not what the CRDs say: run make generate")
	}
	// A field with a description of another form would have an empty row.
	for line := range strings.Lines(want.String()) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		if len(cells) != 5 || cells[1] == "" || cells[4] == " |" || cells[3] == "" && cells[1] != "object" {
			t.Errorf("a row says too little: %s", line)
		}
	}
}

func TestRows(t *testing.T) {
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	for kind, rows := range map[string][]row{
		"BGPPeer": {
			{"port", "1 to 65535", "179", "reset", "the neighbour's TCP port"},
			{"families[].afi", "`IPv4`, `IPv6`", "required", "deferred", "the address family: IPv4 or IPv6"},
			{"updates.ratePerSecond", "1 to 1000000", "no limit", "in place",
				"the most UPDATEs that go to the neighbour in a second; withdrawals go first, but a route that replaces a withdrawn one goes before its withdrawal; KEEPALIVEs and End-of-RIB do not wait"},
			{"transport.ttlSecurityHops", "1 to 254", "no such check", "deferred",
				"how many hops the neighbour is away at most: 1 on a shared link"},
			{"nodeSelector", "label selector", "every node",
				"in place for a node that stays selected, end for a node that is no longer selected",
				"chooses the nodes that keep a session with this neighbour, by their labels"},
		},
		"Announcement": {
			{"prefixes", "list of text", "At least one", "in place", "announced: IPv4 and IPv6, without host bits"},
		},
	} {
		spec, err := specOf(definitions, kind)
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]row{}
		for _, r := range fieldsOf(spec, "", "") {
			have[r.path] = r
		}
		for _, want := range rows {
			if have[want.path] != want {
				t.Errorf("%s: %+v, want %+v", kind, have[want.path], want)
			}
		}
	}
	if _, err := specOf(definitions, "Nothing"); err == nil {
		t.Error("there is a kind Nothing")
	}
}
