// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

// healthServer is the endpoint of a process.
type healthServer struct {
	// listener is nil where the address is only to be listened on when the server starts.
	listener net.Listener
	address  string
	handler  http.Handler
}

// Start serves until ctx ends.
func (s healthServer) Start(ctx context.Context) error {
	listener := s.listener
	if listener == nil {
		var err error
		if listener, err = listenHealth(ctx, s.address); err != nil {
			return err
		}
	}
	return nodeapi.ServeListener(ctx, listener, s.handler)
}

func listenHealth(ctx context.Context, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--health-address: %w", err)
	}
	return listener, nil
}

// startHealth serves the endpoint. On a node, a port that is taken costs the endpoint and no session: it is tried again.
func (o *operator) startHealth(ctx context.Context, group *errgroup.Group, server healthServer) {
	if server.listener != nil {
		group.Go(func() error { return server.Start(ctx) })
		return
	}
	server.address = o.options.healthAddress
	build := func() (runnable, error) { return server, nil }
	group.Go(func() error { return supervise(ctx, o.log.WithName("health"), build) })
}

// clusterHealth answers for a process without a speaker. Nothing that it could wait for would be helped by a restart.
func clusterHealth() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) {
		// The client that went away is the only reader of this error.
		_, _ = fmt.Fprintln(w, "ok")
	}
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /readyz", ok)
	return mux
}
