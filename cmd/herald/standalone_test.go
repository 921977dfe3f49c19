// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/speaker"
)

func TestStandaloneFlags(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "--manifests is missing"},
		{[]string{"--manifests", "x", "--router-id", "::1"}, "--router-id"},
		{[]string{"--manifests", "x", "--router-id", "0.0.0.0"}, "--router-id"},
		{[]string{"--manifests", "x", "--listen", "179"}, "--listen"},
		{[]string{"--manifests", "x", "--log-level", "loud"}, "--log-level"},
		{[]string{"--manifests", filepath.Join(t.TempDir(), "none"), "--health-address", "127.0.0.1:0"}, "does not exist"},
		{[]string{"--manifests", t.TempDir(), "--health-address", "9179"}, "--health-address"},
		{[]string{"--manifests", t.TempDir(), "--metrics-address", "127.0.0.1:metrics"}, "--metrics-address"},
		{[]string{"extra"}, "takes no arguments"},
	} {
		root := newRootCommand()
		root.SetArgs(append([]string{"standalone"}, tc.args...))
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("standalone %v: %v, want %q", tc.args, err, tc.want)
		}
	}
}

// TestMetricsNowhere: both commands accept the same words for no endpoint.
func TestMetricsNowhere(t *testing.T) {
	for _, address := range []string{"", "0", "nowhere"} {
		o := &standaloneOptions{manifests: "x", healthAddress: "127.0.0.1:0", metricsAddress: address}
		if _, err := o.complete(logr.Discard()); err != nil || o.metricsAddress != nowhere {
			t.Errorf("standalone --metrics-address %q: %q, %v", address, o.metricsAddress, err)
		}
		r := &runOptions{healthAddress: "127.0.0.1:0", metricsAddress: address}
		if err := r.checkEndpoints(); err != nil || r.metricsAddress != nowhere {
			t.Errorf("run --metrics-address %q: %q, %v", address, r.metricsAddress, err)
		}
	}
}

func TestStandaloneOptions(t *testing.T) {
	o := &standaloneOptions{
		manifests: "x", stateDir: "y", healthAddress: "127.0.0.1:0", routerID: "192.0.2.10", listen: []string{"0.0.0.0:179", "[::]:179"},
	}
	options, err := o.complete(logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if options.Directory != "x" || options.StateDirectory != "y" || options.NodeName != strings.ToLower(host) || options.RouterID != netip.MustParseAddr("192.0.2.10") {
		t.Errorf("options %+v", options)
	}
	if want := []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:179"), netip.MustParseAddrPort("[::]:179")}; !slices.Equal(options.Listen, want) {
		t.Errorf("listen %v", options.Listen)
	}
}

const torManifest = "apiVersion: herald.network/v1alpha1\nkind: BGPPeer\nmetadata: {name: tor}\n" +
	"spec: {address: 127.0.0.9, port: 1, localASN: 64512, peerASN: 64500}\n"

// writeManifest puts a file in place in one step.
func writeManifest(t *testing.T, dir, name, content string) {
	t.Helper()
	aside := filepath.Join(dir, "."+name)
	if err := os.WriteFile(aside, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// runStandalone runs the command until the end of the test, or until end, which says how.
func runStandalone(t *testing.T, args ...string) (end func(cause error)) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		root := newRootCommand()
		root.SetArgs(append([]string{"standalone", "--node-name", "node-1", "--log-level", "error"}, args...))
		done <- root.ExecuteContext(ctx)
	}()
	var once sync.Once
	end = func(cause error) {
		once.Do(func() {
			cancel(cause)
			if err := <-done; err != nil {
				t.Errorf("standalone: %v", err)
			}
		})
	}
	t.Cleanup(func() { end(speaker.ErrDecommission) })
	return end
}

// TestStandaloneStateDirectory restarts the command while a file is broken: with a state directory the file's objects stay.
func TestStandaloneStateDirectory(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	state := filepath.Join(t.TempDir(), "state")
	writeManifest(t, dir, "peer.yaml", torManifest)
	args := []string{"--manifests", dir, "--health-address", address}
	end := runStandalone(t, append(args, "--state-dir", state)...)
	until(t, func() bool { return strings.Contains(status(t, address, "table"), "tor.node-1") })
	end(errors.New("restart"))
	writeManifest(t, dir, "peer.yaml", "{")

	end = runStandalone(t, append(args, "--state-dir", state)...)
	until(t, func() bool { return strings.Contains(status(t, address, "table"), "tor.node-1") })
	if text := status(t, address, "table"); !strings.Contains(text, "PROBLEM") || !strings.Contains(text, "(what was in force before stays)") {
		t.Errorf("no word of the broken file in\n%s", text)
	}
	end(errors.New("restart"))

	runStandalone(t, args...)
	until(t, func() bool { return strings.Contains(status(t, address, "table"), "PROBLEM") })
	if text := status(t, address, "table"); strings.Contains(text, "tor.node-1") {
		t.Errorf("what the state directory holds is in force without it:\n%s", text)
	}
}

// TestStandaloneAndStatus runs both commands as a person does.
func TestStandaloneAndStatus(t *testing.T) {
	dir := t.TempDir()
	writeManifest(t, dir, "peer.yaml", torManifest)
	address, metrics := freeAddress(t), freeAddress(t)
	runStandalone(t, "--manifests", dir, "--health-address", address, "--metrics-address", metrics)

	until(t, func() bool { return strings.Contains(status(t, address, "table"), "tor.node-1") })
	for _, want := range []string{"SESSION", "PEER", "0/1", "127.0.0.9"} {
		if text := status(t, address, "table"); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for output, decode := range map[string]func([]byte, any) error{
		"json": json.Unmarshal,
		"yaml": func(b []byte, into any) error { return yaml.Unmarshal(b, into) },
	} {
		var list struct {
			Kind  string           `json:"kind"`
			Items []map[string]any `json:"items"`
		}
		if err := decode([]byte(status(t, address, output)), &list); err != nil || list.Kind != "List" || len(list.Items) != 2 {
			t.Errorf("-o %s: %v %+v", output, err, list)
		}
	}
	response, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Error(err)
	}
	for _, line := range []string{`herald_session_established{peer="tor",remote="127.0.0.9",vrf=""} 0`, `herald_guard_refused_prefixes{peer="tor",remote="127.0.0.9",vrf=""} 0`} {
		if !strings.Contains(body.String(), line+"\n") {
			t.Errorf("no %s in\n%s", line, body.String())
		}
	}
}

// status returns the output of herald status, nothing while there is no answer.
func status(t *testing.T, address, output string) string {
	t.Helper()
	var out bytes.Buffer
	root := newRootCommand()
	root.SetArgs([]string{"status", "--address", address, "-o", output})
	root.SetOut(&out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		return ""
	}
	return out.String()
}

func until(t *testing.T, condition func() bool) {
	t.Helper()
	timeout, tick := time.NewTimer(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer timeout.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatal("not within 20 s")
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestStatusErrors(t *testing.T) {
	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--output", "xml"}, "write table, wide, json or yaml"},
		{[]string{"--address", freeAddress(t)}, "does it run there?"},
		{[]string{"--address", strings.TrimPrefix(broken.URL, "http://")}, "404"},
	} {
		root := newRootCommand()
		root.SetArgs(append([]string{"status"}, tc.args...))
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("status %v: %v, want %q", tc.args, err, tc.want)
		}
	}
}

func TestVersionText(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}, {Key: "vcs.time", Value: "2026-01-01T00:00:00Z"},
	}}
	info.Main.Version = "v0.0.1-pseudo"
	for _, tc := range []struct {
		version string
		info    *debug.BuildInfo
		want    []string
	}{
		{"v1.2.3", info, []string{"herald v1.2.3\n", "revision abc (modified)\n", "2026-01-01", "go1."}},
		{"", info, []string{"herald v0.0.1-pseudo\n"}},
		{"", nil, []string{"herald unknown\n"}},
	} {
		text := versionText(tc.version, tc.info)
		for _, want := range tc.want {
			if !strings.Contains(text, want) {
				t.Errorf("version %q: no %q in %q", tc.version, want, text)
			}
		}
	}
}
