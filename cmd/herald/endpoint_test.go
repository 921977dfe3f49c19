// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestTakenAddress: an endpoint is served once its port is free, and until then the error is reported.
func TestTakenAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	logged := make(chan string, 16)
	served, err := newEndpoints(funcr.New(func(_, args string) { logged <- args }, funcr.Options{}), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 16)
	served.tell = func(_ string, err error) { told <- err }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	go func() {
		done <- served.run(ctx, endpoint{flag: "health-address", network: "tcp", address: address, open: plain(handler)})
	}()
	if err := <-told; err == nil {
		t.Error("it is told of no error")
	}
	<-logged
	up := served.up.WithLabelValues("health-address")
	if got := testutil.ToFloat64(up); got != 0 {
		t.Errorf("the metric is %v while the port is taken, want 0", got)
	}
	taken.Close()
	until(t, func() bool {
		response, err := http.Get("http://" + address)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusTeapot
	})
	if got := testutil.ToFloat64(up); got != 1 {
		t.Errorf("the metric is %v while the endpoint is served, want 1", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the end of the endpoint: %v", err)
	}
	if len(told) > 0 {
		t.Errorf("it is told again soon: %v", <-told)
	}
}

// TestStaleSocket: the socket that a killed process left behind does not count as a taken address.
func TestStaleSocket(t *testing.T) {
	address := filepath.Join(t.TempDir(), "probe.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	served, err := newEndpoints(logr.Discard(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	errDone := errors.New("done")
	open := func() (serveFunc, error) {
		return func(_ context.Context, l net.Listener) error { return errors.Join(errDone, l.Close()) }, nil
	}
	if ok, err := served.serve(t.Context(), endpoint{network: "unix", address: address, open: open}); !ok || !errors.Is(err, errDone) {
		t.Errorf("it was served: %v; %v", ok, err)
	}
}
