// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker"
)

// host is a Runner on a loopback address of its own.
type host struct {
	*Runner
	t        *testing.T
	dir      string
	endpoint *httptest.Server
	listen   netip.AddrPort
	end      context.CancelCauseFunc
	ended    chan error

	mu    sync.Mutex
	lines []string // of its log
}

// logged reports whether a line of the log has the text.
func (h *host) logged(text string) error {
	if h.linesWith(text) > 0 {
		return nil
	}
	return fmt.Errorf("no line with %q in the log", text)
}

// linesWith counts the lines of the log that have the text.
func (h *host) linesWith(text string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := 0
	for _, line := range h.lines {
		if strings.Contains(line, text) {
			count++
		}
	}
	return count
}

// newHost prepares a host with an empty directory. change changes its options.
func newHost(t *testing.T, name, address string, change ...func(*Options)) *host {
	t.Helper()
	h := &host{t: t, dir: t.TempDir(), listen: freePort(t, address), ended: make(chan error, 1)}
	options := Options{
		Directory: h.dir,
		NodeName:  name,
		RouterID:  h.listen.Addr(),
		Listen:    []netip.AddrPort{h.listen},
		Logger: funcr.New(func(prefix, line string) {
			h.mu.Lock()
			h.lines = append(h.lines, line)
			h.mu.Unlock()
			t.Log(prefix, line)
		}, funcr.Options{}),
	}
	for _, change := range change {
		change(&options)
	}
	runner, err := NewRunner(options)
	if err != nil {
		t.Fatal(err)
	}
	h.Runner = runner
	h.endpoint = httptest.NewServer(nodeapi.Handler(runner.Engine(), runner.Status, logr.Discard()))
	t.Cleanup(h.endpoint.Close)
	return h
}

// freePort finds a port that nobody listens on.
func freePort(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// start runs the host until the test ends, or until stop.
func (h *host) start() {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(h.t.Context()))
	h.end = cancel
	go func() { h.ended <- h.Run(ctx) }()
	h.t.Cleanup(func() { h.stop(nil) })
}

// stop ends the host for a reason, once.
func (h *host) stop(cause error) {
	h.t.Helper()
	if h.end == nil {
		return
	}
	h.end(cause)
	h.end = nil
	if err := <-h.ended; err != nil {
		h.t.Errorf("Run: %v", err)
	}
}

// peerWith is a manifest of this host for a session with another.
func (h *host) peerWith(name string, other *host, localASN, peerASN int) string {
	return fmt.Sprintf(`apiVersion: herald.network/v1alpha1
kind: BGPPeer
metadata: {name: %s}
spec:
  address: %s
  port: %d
  localASN: %d
  peerASN: %d
  transport: {source: {address: %s}}
  timers: {connectRetrySeconds: 1}
`, name, other.listen.Addr(), other.listen.Port(), localASN, peerASN, h.listen.Addr())
}

// eventually waits until check returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatalf("%s: not within %v: %v", what, deadline, err)
		}
	}
}

func (h *host) get(path string) (int, string) {
	h.t.Helper()
	response, err := h.endpoint.Client().Get(h.endpoint.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// peerNamed is the peer of that name, as the speaker has it now.
func (h *host) peerNamed(name string) (speaker.PeerSnapshot, bool) {
	for _, snapshot := range h.Speaker().Snapshot() {
		if snapshot.ID.Peer == name {
			return snapshot, true
		}
	}
	return speaker.PeerSnapshot{}, false
}

func (h *host) established(peer string) error {
	snapshot, ok := h.peerNamed(peer)
	if !ok || snapshot.State != speaker.StateEstablished {
		return fmt.Errorf("%s is %v: %+v", peer, snapshot.State, snapshot.LastError)
	}
	return nil
}

// condition returns a condition of an object of /status.
func (h *host) condition(kind, name, condition string) (*metav1.Condition, error) {
	objects, err := h.Status(h.t.Context())
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		var conditions []metav1.Condition
		switch o := object.(type) {
		case *v1alpha1.BGPPeer:
			if kind == "BGPPeer" && o.Name == name {
				conditions = o.Status.Conditions
			}
		case *v1alpha1.Announcement:
			if kind == "Announcement" && o.Name == name {
				conditions = o.Status.Conditions
			}
		case *v1alpha1.BGPSession:
			if kind == "BGPSession" && o.Name == name {
				conditions = o.Status.Conditions
			}
		}
		if c := meta.FindStatusCondition(conditions, condition); c != nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no condition %s of %s %s", condition, kind, name)
}

func (h *host) isTrue(kind, name, condition string, generation int64) error {
	c, err := h.condition(kind, name, condition)
	if err != nil {
		return err
	}
	if c.Status != metav1.ConditionTrue || c.ObservedGeneration != generation {
		return fmt.Errorf("%s of %s %s is %+v, want True at generation %d", condition, kind, name, c, generation)
	}
	return nil
}
