// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// freeAddress is a loopback address with a free port.
func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	return netip.AddrPortFrom(loopback, freePort(t, loopback))
}

// ready asks a process at its --health-address for /readyz.
func ready(t *testing.T, address netip.AddrPort) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address.String()+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(body))
	}
	return err
}

// silent is a BGPPeer whose router accepts connections and sends nothing.
func silent(t *testing.T, name string, address netip.Addr) *v1alpha1.BGPPeer {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	return &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.BGPPeerSpec{
			Address: address.String(), Port: new(int32(port)), LocalASN: new(int64(localASN)), PeerASN: new(int64(routerASN)),
		},
	}
}

// readyWithin is how long a start may take until it is ready: 10 s, and what a busy machine takes to start a process and to
// fill its caches.
const readyWithin = 10*time.Second + 5*time.Second

// TestReadyBesideBrokenPeers: peers that can never come up delay neither readiness nor the status of the good peer.
func TestReadyBesideBrokenPeers(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 61)
	c.create(t, tor.peer())
	keyless := newRouter(t, 62)
	keyless.source = netip.MustParseAddr("127.0.62.3")
	c.create(t, keyless.signedPeer("no-such-secret"))
	c.create(t, silent(t, "away", netip.MustParseAddr("127.0.63.1")))
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	web.Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"router": v1alpha1.LabelValue(tor.name)}}
	c.create(t, web)
	// The pod is never ready, whatever the process answers: no status may depend on that.
	c.setPod(t, c.addSpeakerPod(t, node.Name), true, corev1.ConditionFalse)
	c.startCluster(t, "--speaker-pods")

	config := c.roleConfig(t, "node")
	health := freeAddress(t)
	args := []string{"--role=node", "--node-name=" + node.Name, "--health-address=" + health.String()}
	start := func() (*harness.Process, time.Duration) {
		process := c.launch(t, "node-"+node.Name, config, args...)
		took := harness.Eventually(t, patience, "readiness", func() error { return ready(t, health) })
		return process, took
	}
	first, took := start()
	t.Logf("the first process was ready after %v", took)
	if took > readyWithin {
		t.Errorf("the first process was ready after %v, want at most %v", took, readyWithin)
	}
	c.expectPeer(t, patience, tor.name, peerEstablished)
	c.expectAnnouncement(t, patience, web, advertised)
	first.Kill()

	second, took := start()
	t.Cleanup(func() { c.expectOrderlyEnd(t, "node-"+node.Name, second) })
	t.Logf("the second process was ready after %v", took)
	if took > readyWithin {
		t.Errorf("the second process was ready after %v, want at most %v", took, readyWithin)
	}
	// Ready means that the good peer has all routes again, so that a rollout may go on.
	route, err := tor.Route(t.Context(), tor.prefix("203.0.113.0/24"))
	if err != nil || route == nil {
		t.Errorf("ready without its route at the good router: %v, %v", route, err)
	}
	c.expectPeer(t, patience, tor.name, peerEstablished)
	c.expectAnnouncement(t, patience, web, advertised)
	harness.Steadily(t, 12*time.Second, "the truth about the good peer", func() error {
		peer, object := &v1alpha1.BGPPeer{}, &v1alpha1.Announcement{}
		if err := c.Get(t.Context(), keyOf(tor.peer()), peer); err != nil {
			return err
		}
		if err := c.Get(t.Context(), keyOf(web), object); err != nil {
			return err
		}
		if err := peerEstablished.check(peer.Status.Conditions, peer.Generation); err != nil {
			return err
		}
		if err := advertised.check(object.Status.Conditions, object.Generation); err != nil {
			return err
		}
		return ready(t, health)
	})
}

// TestWrongNodeName: a process whose Node does not exist is not ready, shows the reason in readiness, log and status, and changes
// nothing; it works once the Node exists.
func TestWrongNodeName(t *testing.T) {
	c := newCluster(t)
	tor := newRouter(t, 64)
	c.create(t, tor.peer())
	health := freeAddress(t)
	process := c.startNode(t, "node-9", nil, "--health-address="+health.String())
	const remedy = "there is no Node node-9: --node-name is to be the name of a Node"
	harness.Eventually(t, patience, "the reason", func() error {
		err := ready(t, health)
		if err == nil || !strings.Contains(err.Error(), remedy) {
			return fmt.Errorf("not ready for %v", err)
		}
		return nil
	})
	if !contains(process.Log(), remedy) {
		t.Error("the log has not the reason")
	}
	if text := heraldStatus(t, health); !strings.Contains(text, remedy) {
		t.Errorf("herald status has not the reason:\n%s", text)
	}
	node := c.addNode(t, "node-9", "192.0.2.10")
	c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	if text := heraldStatus(t, health); !strings.Contains(text, tor.name+".node-9") || !strings.Contains(text, "Established") {
		t.Errorf("herald status beside a live session:\n%s", text)
	}
	harness.Eventually(t, patience, "readiness", func() error { return ready(t, health) })
}

// heraldStatus is the output of herald status.
func heraldStatus(t *testing.T, address netip.AddrPort) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), herald, "status", "--address", address.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("herald status: %v\n%s", err, out)
	}
	return string(out)
}
