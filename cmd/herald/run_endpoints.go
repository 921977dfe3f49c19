// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/herald-bgp/herald/controllers/scrape"
)

func (o *operator) newEndpoints(ctx context.Context) (*endpoints, error) {
	served, err := newEndpoints(o.log.WithName("endpoints"), metrics.Registry)
	if err != nil {
		return nil, err
	}
	served.tell, err = o.events(ctx)
	return served, err
}

// startEndpoints serves health and metrics beside the roles.
func (o *operator) startEndpoints(ctx context.Context, group *errgroup.Group, served *endpoints, health http.Handler) {
	list := []endpoint{{flag: "health-address", network: "tcp", address: o.options.healthAddress, open: plain(health)}}
	if o.options.probeSocket != "" {
		list = append(list, endpoint{flag: "probe-socket", network: "unix", address: o.options.probeSocket, open: plain(health)})
	}
	if o.options.metricsAddress != nowhere {
		list = append(list, endpoint{flag: "metrics-address", network: "tcp", address: o.options.metricsAddress, open: o.openMetrics()})
	}
	for _, p := range list {
		group.Go(func() error { return served.run(ctx, p) })
	}
}

// openMetrics prepares to serve the metrics of the process.
func (o *operator) openMetrics() func() (serveFunc, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.Registry, promhttp.HandlerOpts{}))
	if !o.options.metricsSecure {
		return plain(mux)
	}
	return func() (serveFunc, error) {
		server, err := scrape.NewServer(scrape.Options{
			Config:   o.config,
			CertDir:  o.options.metricsCertDir,
			ClientCA: o.options.metricsClientCA,
			Logger:   o.log.WithName("metrics"),
		}, mux)
		if err != nil {
			return nil, err
		}
		return server.Serve, nil
	}
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
