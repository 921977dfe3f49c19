// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const tableObjects = `
items:
- apiVersion: herald.network/v1alpha1
  kind: BGPPeer
  metadata: {name: tor-a, uid: u1}
  spec: {address: 192.0.2.1, peerASN: 64500, description: "rack A, left"}
  status:
    sessions: {desired: 1, established: 1, summary: 1/1}
    conditions:
    - {type: Accepted, status: "True", reason: Accepted}
    - {type: Established, status: "True", reason: Established}
- apiVersion: herald.network/v1alpha1
  kind: BGPPeer
  metadata: {name: tor-b, uid: u2}
  spec: {address: 192.0.2.1, peerASN: 64500}
  status:
    conditions:
    - {type: Accepted, status: "False", reason: Conflict, message: "spec.address: tor-a has it"}
- apiVersion: herald.network/v1alpha1
  kind: BGPPeer
  metadata: {name: tor-a}
  spec: {address: nonsense}
  status:
    conditions:
    - {type: Accepted, status: "False", reason: Invalid, message: "peers.yaml, document 1: spec.address"}
- apiVersion: herald.network/v1alpha1
  kind: Announcement
  metadata: {name: web, namespace: shop, uid: u3}
  spec: {prefixes: [203.0.113.0/24]}
  status: {prefixes: 1, summary: 203.0.113.0/24, sessions: {eligible: 1, advertised: 0, summary: 0/1}}
- apiVersion: herald.network/v1alpha1
  kind: BGPSession
  metadata: {name: tor-a.node-1, uid: u4}
  spec: {peerName: tor-a, nodeName: node-1, remote: 192.0.2.1}
  status:
    state: Established
    prefixes: [{family: {afi: IPv4, safi: Unicast}, announced: 7}]
    announcements: {withheld: [{namespace: shop, name: web, generation: 1, reason: Conflict}]}
- apiVersion: v1
  kind: Status
  reason: Invalid
  message: "secrets.yaml: permission denied"
  details: {name: secrets.yaml}
`

func tableOf(t *testing.T, objects string, wide bool) string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	var content struct {
		Items []map[string]any `json:"items"`
	}
	if err := yaml.Unmarshal([]byte(objects), &content); err != nil {
		t.Fatal(err)
	}
	for _, item := range content.Items {
		list.Items = append(list.Items, unstructured.Unstructured{Object: item})
	}
	var out bytes.Buffer
	if err := WriteTables(&out, list, wide); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTables(t *testing.T) {
	text := tableOf(t, tableObjects, false)
	var rows []string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"SESSION PEER NODE STATE REPORTING SINCE IPV4 IPV6 REASON AGE",
		"tor-a.node-1 tor-a node-1 Established 7",
		"PEER ADDRESS PEER ASN SESSIONS ESTABLISHED SINCE REASON AGE",
		"tor-a 192.0.2.1 64500 1/1 True Established",
		"tor-b 192.0.2.1 64500",
		"ANNOUNCEMENT PREFIXES SESSIONS ADVERTISED SINCE COMPLETE REASON AGE",
		"shop/web 203.0.113.0/24 0/1",
		"PROBLEM REASON MESSAGE",
		"Announcement shop/web Conflict not sent, or not whole, to session tor-a.node-1",
		"BGPPeer tor-a Invalid peers.yaml, document 1: spec.address",
		"BGPPeer tor-b Conflict spec.address: tor-a has it",
		"secrets.yaml Invalid secrets.yaml: permission denied",
	} {
		found := false
		for i, row := range rows {
			if row == want {
				rows = append(rows[:i], rows[i+1:]...)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("no row %q", want)
		}
	}
	for _, row := range rows {
		if row != "" {
			t.Errorf("unexpected row %q", row)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestWideTables(t *testing.T) {
	text := tableOf(t, tableObjects, true)
	for _, want := range []string{"DESCRIPTION", "rack A, left", "LAST ERROR", "UPTODATE"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the wide tables:\n%s", want, text)
		}
	}
}

func TestEmptyTables(t *testing.T) {
	if got := tableOf(t, "items: []", false); got != "No peers and no announcements.\n" {
		t.Errorf("nothing at all: %q", got)
	}
}
