// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// node is a process with one session, to tor-a.
type node struct {
	notReady  error
	objects   []runtime.Object
	statusErr error
	routes    []rib.Route
	routesErr error
	received  []adjin.Route
	// repeat yields the routes that many times more.
	repeat int
}

func nodeHandler(n *node) http.Handler { return Handler(n, n.Status, logr.Discard()) }

func (n *node) Ready() error { return n.notReady }

func (n *node) Status(context.Context) ([]runtime.Object, error) { return n.objects, n.statusErr }

// torID is the ID of the session tor-a.node-1.
var torID = speaker.SessionID{Peer: "tor-a", Remote: netip.MustParseAddr("192.0.2.1")}

func (n *node) SessionID(name string) (speaker.SessionID, bool) { return torID, name == "tor-a.node-1" }

func (n *node) Routes(id speaker.SessionID, yield func(rib.Route) bool) error {
	if id != torID {
		return fmt.Errorf("asked for %v", id)
	}
	for range n.repeat + 1 {
		for _, r := range n.routes {
			if !yield(r) {
				return nil
			}
		}
	}
	return n.routesErr
}

func (n *node) Received(id speaker.SessionID, yield func(adjin.Route) bool) error {
	if id != torID {
		return fmt.Errorf("asked for %v", id)
	}
	for _, r := range n.received {
		if !yield(r) {
			break
		}
	}
	return nil
}

func testRoutes() []rib.Route {
	shop := &rib.Announcement{Name: "shop/web"}
	return []rib.Route{
		{
			Family: wire.IPv4Unicast, NLRI: wire.NLRI{Prefix: netip.MustParsePrefix("203.0.113.0/24")}, NextHop: netip.MustParseAddr("192.0.2.10"),
			Announcement: shop,
			Attributes: &wire.Attributes{
				Origin: wire.OriginIncomplete,
				ASPath: wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64512, 4200000000}}},
				MED:    0, HasMED: true, LocalPref: 200, HasLocalPref: true,
				Communities:         []wire.Community{64512<<16 | 100, wire.CommunityNoExport},
				LargeCommunities:    []wire.LargeCommunity{{Global: 64512, Local1: 1, Local2: 2}},
				ExtendedCommunities: []wire.ExtendedCommunity{{0, 2, 0xfc, 0, 0, 0, 0, 100}},
				Unknown:             []wire.RawAttribute{{Flags: 0xc0, Type: 99, Value: []byte{1, 0xff}}},
			},
		},
		{
			Family: wire.IPv6Unicast, NLRI: wire.NLRI{Prefix: netip.MustParsePrefix("2001:db8:1::/48")}, NextHop: netip.MustParseAddr("2001:db8::10"),
			Announcement: shop,
			Attributes: &wire.Attributes{
				Aggregator: wire.Aggregator{ASN: 4200000000, Addr: netip.MustParseAddr("192.0.2.1")}, AtomicAggregate: true,
				OriginatorID: netip.MustParseAddr("192.0.2.2"), ClusterList: []netip.Addr{netip.MustParseAddr("192.0.2.3")},
				OTC: 64512, HasOTC: true,
			},
		},
	}
}

const (
	line4 = `{"family":"IPv4/Unicast","nlri":"203.0.113.0/24","attributes":{"origin":"Incomplete","asPath":[64512,4200000000],` +
		`"nextHop":"192.0.2.10","med":0,"localPref":200,"communities":["64512:100","NO_EXPORT"],"largeCommunities":["64512:1:2"],` +
		`"extendedCommunities":["rt:64512:100"],"raw":[{"code":99,"flags":192,"value":"01ff"}]},"announcement":"shop/web"}` + "\n"
	line6 = `{"family":"IPv6/Unicast","nlri":"2001:db8:1::/48","attributes":{"origin":"IGP","asPath":[],"nextHop":"2001:db8::10",` +
		`"aggregator":{"asn":4200000000,"address":"192.0.2.1"},"atomicAggregate":true,"originatorID":"192.0.2.2",` +
		`"clusterList":["192.0.2.3"],"raw":[{"code":35,"flags":192,"value":"0000fc00"}]},"announcement":"shop/web"}` + "\n"
)

func receivedRoutes() []adjin.Route {
	return []adjin.Route{
		{
			Family: wire.IPv4Unicast, NLRI: wire.NLRI{Prefix: netip.MustParsePrefix("198.51.100.0/24")}, PathID: 0, HasPathID: true,
			NextHop: netip.MustParseAddr("192.0.2.1"), Stale: true,
			Attributes: &wire.Attributes{
				ASPath:  wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64500}}},
				Unknown: []wire.RawAttribute{{Flags: 0xe0, Type: 200, Value: []byte{7}}},
			},
		},
		{
			Family: wire.IPv6Unicast, NLRI: wire.NLRI{Prefix: netip.MustParsePrefix("2001:db8:2::/48")}, NextHop: netip.MustParseAddr("2001:db8::1"),
			LinkLocal: netip.MustParseAddr("fe80::1"), Leaked: true, Attributes: &wire.Attributes{OTC: 64500, HasOTC: true},
		},
	}
}

const (
	received4 = `{"family":"IPv4/Unicast","nlri":"198.51.100.0/24","pathID":0,"attributes":{"origin":"IGP","asPath":[64500],` +
		`"nextHop":"192.0.2.1","raw":[{"code":200,"flags":224,"value":"07"}]},"stale":true}` + "\n"
	received6 = `{"family":"IPv6/Unicast","nlri":"2001:db8:2::/48","attributes":{"origin":"IGP","asPath":[],"nextHop":"2001:db8::1",` +
		`"linkLocalNextHop":"fe80::1","raw":[{"code":35,"flags":192,"value":"0000fbf4"}]},"ineligible":"RouteLeak"}` + "\n"
)

func get(t *testing.T, n *node, target string) (*http.Response, string) {
	t.Helper()
	return do(t, n, httptest.NewRequest(http.MethodGet, target, nil))
}

func do(t *testing.T, n *node, r *http.Request) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	nodeHandler(n).ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestHealthAndReadiness(t *testing.T) {
	n := &node{notReady: errors.New("waiting for tor-a")}
	if r, body := get(t, n, "/healthz"); r.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("/healthz: %d %q", r.StatusCode, body)
	}
	if r, body := get(t, n, "/readyz"); r.StatusCode != http.StatusServiceUnavailable || body != "not ready: waiting for tor-a\n" {
		t.Errorf("/readyz before: %d %q", r.StatusCode, body)
	}
	n.notReady = nil
	if r, body := get(t, n, "/readyz"); r.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("/readyz after: %d %q", r.StatusCode, body)
	}
}

func TestStatusIsAList(t *testing.T) {
	n := &node{}
	r, body := get(t, n, "/status")
	if want := `{"apiVersion":"v1","kind":"List","metadata":{},"items":[]}` + "\n"; body != want {
		t.Errorf("empty: %q, want %q", body, want)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	n.objects = []runtime.Object{&v1alpha1.BGPPeer{
		TypeMeta:   metav1.TypeMeta{APIVersion: "herald.network/v1alpha1", Kind: "BGPPeer"},
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a"},
		Spec:       v1alpha1.BGPPeerSpec{Address: "192.0.2.1"},
	}}
	_, body = get(t, n, "/status")
	var list struct {
		Items []v1alpha1.BGPPeer `json:"items"`
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Items) != 1 || list.Items[0].Spec.Address != "192.0.2.1" {
		t.Errorf("one peer: %v %s", err, body)
	}
}

// TestServedSessionsAreReported: the answering process reports its sessions, and does not change the backend's objects.
func TestServedSessionsAreReported(t *testing.T) {
	held := &v1alpha1.BGPSession{
		TypeMeta: metav1.TypeMeta{APIVersion: "herald.network/v1alpha1", Kind: "BGPSession"},
		Status:   v1alpha1.BGPSessionStatus{Conditions: make([]metav1.Condition, 1, 8)},
	}
	n := &node{objects: []runtime.Object{held}}
	for range 2 {
		_, body := get(t, n, "/status")
		var list struct {
			Items []v1alpha1.BGPSession `json:"items"`
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Items) != 1 {
			t.Fatalf("%v: %s", err, body)
		}
		conditions := list.Items[0].Status.Conditions
		if len(conditions) != 2 || !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReporting) {
			t.Errorf("conditions %+v", conditions)
		}
	}
	if n.objects[0] != held || len(held.Status.Conditions) != 1 || held.Status.Conditions[:2][1] != (metav1.Condition{}) {
		t.Errorf("what the backend holds is changed: %+v", held)
	}
}

func TestRoutes(t *testing.T) {
	for _, tc := range []struct{ query, want string }{
		{"session=tor-a.node-1", line4 + line6},
		{"session=tor-a.node-1&direction=announced", line4 + line6},
		{"session=tor-a.node-1&family=ipv4/unicast", line4},
		{"session=tor-a.node-1&prefix=2001:db8:1::/48", line6},
		{"session=tor-a.node-1&prefix=203.0.113.0/25", ""},
		{"session=tor-a.node-1&direction=received", received4 + received6},
		{"session=tor-a.node-1&direction=received&family=ipv6/unicast", received6},
		{"session=tor-a.node-1&direction=received&prefix=198.51.100.0/24", received4},
	} {
		r, body := get(t, &node{routes: testRoutes(), received: receivedRoutes()}, "/routes?"+tc.query)
		if r.StatusCode != http.StatusOK || body != tc.want {
			t.Errorf("%s: %d\n%s\nwant\n%s", tc.query, r.StatusCode, body, tc.want)
		}
		if got := r.Header.Get("Content-Type"); got != "application/jsonl" {
			t.Errorf("%s: content type %q", tc.query, got)
		}
	}
}

func TestErrorsAreStatuses(t *testing.T) {
	const session = "session=tor-a.node-1"
	for _, tc := range []struct {
		method, target string
		code           int
		message        string
	}{
		{"GET", "/", 404, "ask for /healthz"},
		{"GET", "/metrics", 404, "ask for /healthz"},
		{"GET", "/routes", 400, "session is missing"},
		{"GET", "/routes?session=tor-b.node-1", 404, `no session "tor-b.node-1"`},
		{"GET", "/routes?session=tor-b.node-1&direction=received", 404, `no session "tor-b.node-1"`},
		{"GET", "/routes?" + session + "&direction=up", 400, "write announced or received"},
		{"GET", "/routes?" + session + "&family=IPv5/Unicast", 400, "write IPv4/Unicast"},
		{"GET", "/routes?" + session + "&prefix=203.0.113.1/24", 400, "without host bits"},
		{"GET", "/routes?" + session + "&prefix=nonsense", 400, "write an address and a length"},
		{"GET", "/routes?" + session + "&peer=x", 400, `no parameter "peer"`},
		{"GET", "/routes?" + session + "&family=IPv4%2", 400, `query: invalid URL escape "%2"`},
		{"GET", "/routes?" + session + ";family=IPv4/Unicast", 400, "query: invalid semicolon separator"},
		{"POST", "/status", 405, "GET alone"},
		{"DELETE", "/routes?" + session, 405, "GET alone"},
		{"HEAD", "/healthz", 405, ""},
	} {
		r, body := do(t, &node{}, httptest.NewRequest(tc.method, tc.target, nil))
		var status metav1.Status
		if err := json.Unmarshal([]byte(body), &status); err != nil {
			t.Errorf("%s %s: %v: %s", tc.method, tc.target, err, body)
			continue
		}
		if r.StatusCode != tc.code || int(status.Code) != tc.code || status.Kind != "Status" || !strings.Contains(status.Message, tc.message) {
			t.Errorf("%s %s: %d %+v", tc.method, tc.target, r.StatusCode, status)
		}
		if tc.code == 405 && r.Header.Get("Allow") != "GET" {
			t.Errorf("%s %s: Allow %q", tc.method, tc.target, r.Header.Get("Allow"))
		}
	}
	failing := &node{statusErr: errors.New("cache is gone"), routesErr: errors.New("table is gone")}
	for target, message := range map[string]string{"/status": "cache is gone", "/routes?" + session: "table is gone"} {
		if r, body := get(t, failing, target); r.StatusCode != 500 || !strings.Contains(body, message) {
			t.Errorf("%s: %d %s", target, r.StatusCode, body)
		}
	}
}

// TestRoutesAreStreamed reads the first line of an answer that would not fit into memory, and goes away.
func TestRoutesAreStreamed(t *testing.T) {
	server := httptest.NewServer(nodeHandler(&node{routes: testRoutes(), repeat: 1 << 40}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/routes?session=tor-a.node-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || line != line4 {
		t.Errorf("first line %q: %v", line, err)
	}
	cancel()
	response.Body.Close()
	// server.Close waits for the handler, which must notice that the client is gone.
}

// TestRoutesBreakOff fails after what was already sent.
func TestRoutesBreakOff(t *testing.T) {
	server := httptest.NewServer(nodeHandler(&node{routes: testRoutes(), repeat: 1000, routesErr: errors.New("gone")}))
	defer server.Close()
	response, err := server.Client().Get(server.URL + "/routes?session=tor-a.node-1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client is told %v, want an answer that breaks off", err)
	}
}

func TestClient(t *testing.T) {
	n := &node{objects: []runtime.Object{&v1alpha1.BGPPeer{
		TypeMeta:   metav1.TypeMeta{APIVersion: "herald.network/v1alpha1", Kind: "BGPPeer"},
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a"},
	}}}
	server := httptest.NewServer(nodeHandler(n))
	address := strings.TrimPrefix(server.URL, "http://")
	list, err := GetStatus(t.Context(), address)
	if err != nil || len(list.Items) != 1 || list.Items[0].GetName() != "tor-a" {
		t.Errorf("status: %v %v", list, err)
	}
	n.statusErr = errors.New("cache is gone")
	if _, err := GetStatus(t.Context(), address); err == nil || !strings.Contains(err.Error(), "cache is gone") {
		t.Errorf("an internal error: %v", err)
	}
	server.Close()
	if _, err := GetStatus(t.Context(), address); err == nil || !strings.Contains(err.Error(), "does it run there?") {
		t.Errorf("no server: %v", err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer other.Close()
	if _, err := GetStatus(t.Context(), strings.TrimPrefix(other.URL, "http://")); err == nil || !strings.Contains(err.Error(), "does not answer as herald") {
		t.Errorf("another server: %v", err)
	}
}

func TestFamilyWithoutName(t *testing.T) {
	if got := familyName(wire.Family{AFI: 25, SAFI: 70}); got != "afi-25-safi-70" {
		t.Errorf("a family that the API does not know: %q", got)
	}
}
