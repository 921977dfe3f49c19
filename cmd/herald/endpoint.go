// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/herald-bgp/herald/controllers/httpserve"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/metrics"
	"github.com/herald-bgp/herald/controllers/nodeapi"
)

const (
	firstRebind   = time.Second
	longestRebind = 10 * time.Second
	// remindAfter is how long the log is quiet about an endpoint that still cannot be served.
	remindAfter = 10 * time.Minute
)

// serveFunc answers on a listener, which it closes, until its context ends.
type serveFunc func(ctx context.Context, l net.Listener) error

// endpoint is an address at which a process answers requests beside BGP.
type endpoint struct {
	// flag is the flag that sets the address.
	flag             string
	network, address string
	// open prepares to serve, once for each attempt to listen.
	open func() (serveFunc, error)
}

// plain serves HTTP.
func plain(handler http.Handler) func() (serveFunc, error) {
	return func() (serveFunc, error) {
		return func(ctx context.Context, l net.Listener) error { return httpserve.Serve(ctx, l, handler) }, nil
	}
}

// endpoints are the endpoints of a process. A session is worth more than any of them: if an address is taken or a file cannot be
// read, the process goes on, and tries again until it works.
type endpoints struct {
	log logr.Logger
	// tell is called when an endpoint cannot be served, and again as a reminder; it may be nil.
	tell func(flag string, err error)
	up   *prometheus.GaugeVec
}

func newEndpoints(log logr.Logger, registry prometheus.Registerer) (*endpoints, error) {
	e := &endpoints{log: log, up: metrics.NewEndpointGauge()}
	if err := registry.Register(e.up); err != nil {
		return nil, fmt.Errorf("metrics of the endpoints: %w", err)
	}
	return e, nil
}

// run serves an endpoint until ctx ends.
func (e *endpoints) run(ctx context.Context, p endpoint) error {
	var told time.Time
	for delay := firstRebind; ; delay = min(2*delay, longestRebind) {
		e.up.WithLabelValues(p.flag).Set(0)
		served, err := e.serve(ctx, p)
		if ctx.Err() != nil {
			return nil
		}
		if served {
			delay, told = firstRebind, time.Time{}
		}
		if time.Since(told) >= remindAfter {
			told = time.Now()
			e.log.Error(err, "endpoint cannot be served, and is tried again; BGP goes on", "flag", "--"+p.flag, "address", p.address)
			if e.tell != nil {
				e.tell(p.flag, err)
			}
		}
		if !wait(ctx, kube.Jittered(delay)) {
			return nil
		}
	}
}

// serve listens and serves until the server ends. It reports whether it began to serve.
func (e *endpoints) serve(ctx context.Context, p endpoint) (served bool, _ error) {
	serve, err := p.open()
	if err != nil {
		return false, err
	}
	if p.network == "unix" {
		// A process that was killed leaves its socket behind.
		if err := os.Remove(p.address); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, p.network, p.address)
	if err != nil {
		return false, err
	}
	e.up.WithLabelValues(p.flag).Set(1)
	e.log.Info("endpoint served", "flag", "--"+p.flag, "address", listener.Addr().String())
	return true, serve(ctx, listener)
}

// checkAddress refuses an address at which no endpoint can ever be served.
func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("--%s %q: write a host and a port, such as %s: %w", flag, address, nodeapi.DefaultAddress, err)
	}
	return nil
}
