// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	patience = 30 * time.Second
	nodeName = "node-1"
)

// herald is a `herald standalone` in a namespace.
type herald struct {
	*harness.Process
	netns     *harness.Netns
	dir       string // of logs
	manifests string
	args      []string
	health    netip.AddrPort
	metrics   netip.AddrPort
}

// newHerald makes a Herald that does not run yet, with manifests by file name.
func newHerald(t *testing.T, netns *harness.Netns, routerID netip.Addr, manifests map[string]string, args ...string) *herald {
	t.Helper()
	h := &herald{
		netns: netns, dir: t.TempDir(), manifests: t.TempDir(),
		health: netip.MustParseAddrPort("127.0.0.1:9179"), metrics: netip.MustParseAddrPort("127.0.0.1:9180"),
	}
	if netns == nil {
		h.health, h.metrics = freePort(t, loopback), freePort(t, loopback)
	}
	h.args = append([]string{
		"standalone", "--manifests", h.manifests, "--node-name", nodeName, "--router-id", routerID.String(),
		"--auth-namespace", "herald-system", "--health-address", h.health.String(),
		"--metrics-address", h.metrics.String(), "--log-level", "debug",
	}, args...)
	for name, content := range manifests {
		h.write(t, name, content)
	}
	t.Cleanup(func() {
		if h.Process != nil {
			h.Kill()
			h.Report(t)
		}
	})
	return h
}

// start runs the program, and returns once it answers.
func (h *herald) start(t *testing.T) {
	t.Helper()
	var err error
	h.Process, err = harness.StartProcess(h.dir, "herald", h.netns.Command(context.Background(), heraldBinary, h.args...))
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, patience, "herald answers", func() error {
		select {
		case <-h.Done():
			return fmt.Errorf("it ended: %w", h.Err())
		default:
		}
		_, err := h.get(t.Context(), h.health, "/healthz")
		return err
	})
}

// stop ends the program with a signal. The program must end without an error.
func (h *herald) stop(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := h.Stop(s, patience); err != nil {
		t.Fatal(err)
	}
	if err := h.Err(); err != nil {
		t.Fatalf("herald ended with %v after %s", err, s)
	}
}

// wantEnd waits until the program ended without an error.
func (h *herald) wantEnd(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-h.Done():
	case <-timer.C:
		t.Fatalf("herald did not end within %v", patience)
	}
	if err := h.Err(); err != nil {
		t.Fatalf("herald ended with %v", err)
	}
}

// write replaces a manifest at once, as an editor does.
func (h *herald) write(t *testing.T, name, content string) {
	t.Helper()
	temporary := filepath.Join(h.dir, name)
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(h.manifests, name)); err != nil {
		t.Fatal(err)
	}
}

func (h *herald) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(h.manifests, name)); err != nil {
		t.Fatal(err)
	}
}

// get asks an endpoint from inside the namespace.
func (h *herald) get(ctx context.Context, endpoint netip.AddrPort, path string) (*http.Response, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return h.netns.DialContext(ctx, network, address)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+endpoint.String()+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return response, nil
}

// items are the objects that /status lists.
func (h *herald) items(ctx context.Context) ([]json.RawMessage, error) {
	response, err := h.get(ctx, h.health, "/status")
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("/status: %w", err)
	}
	return list.Items, nil
}

// object finds one of the objects that /status lists and decodes it into out. The name "" is any name.
func (h *herald) object(ctx context.Context, kind, name string, out any) error {
	items, err := h.items(ctx)
	if err != nil {
		return err
	}
	for _, item := range items {
		var object metav1.PartialObjectMetadata
		if err := json.Unmarshal(item, &object); err != nil {
			return fmt.Errorf("/status: %w", err)
		}
		if object.Kind == kind && (name == "" || object.Name == name) {
			return json.Unmarshal(item, out)
		}
	}
	return fmt.Errorf("/status lists no %s %s", kind, name)
}

// wantSession waits until Herald's BGPSession of a peer is in the wanted state.
func (h *herald) wantSession(t *testing.T, peer, what string, is func(*v1alpha1.BGPSession) bool) {
	t.Helper()
	harness.Eventually(t, patience, "BGPSession of "+peer+": "+what, func() error {
		var session v1alpha1.BGPSession
		if err := h.object(t.Context(), "BGPSession", peer+"."+nodeName, &session); err != nil {
			return err
		}
		if !is(&session) {
			status, _ := json.Marshal(session.Status)
			return errors.New(string(status))
		}
		return nil
	})
}

func established(session *v1alpha1.BGPSession) bool {
	return meta.IsStatusConditionTrue(session.Status.Conditions, v1alpha1.ConditionEstablished)
}

// hasReason says whether a condition of the session has that reason.
func hasReason(session *v1alpha1.BGPSession, condition, reason string) bool {
	found := meta.FindStatusCondition(session.Status.Conditions, condition)
	return found != nil && found.Reason == reason
}

// wantMetric waits until a counter of the session of a peer is at a value, or over it.
func (h *herald) wantMetric(t *testing.T, name, peer string, want int) {
	t.Helper()
	line := fmt.Sprintf("%s{peer=%q,", name, peer)
	harness.Eventually(t, patience, fmt.Sprintf("%s…} %d", line, want), func() error {
		response, err := h.get(t.Context(), h.metrics, "/metrics")
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		_, rest, found := strings.Cut(string(text), line)
		rest, _, _ = strings.Cut(rest, "\n")
		_, value, _ := strings.Cut(rest, "} ")
		if count, err := strconv.Atoi(value); !found || err != nil || count < want {
			return fmt.Errorf("it is %q", value)
		}
		return nil
	})
}

// freePort is a port that is free right now.
func freePort(t *testing.T, address netip.Addr) netip.AddrPort {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}
