// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/herald-bgp/herald/controllers/httpserve"
	"github.com/herald-bgp/herald/controllers/kube"
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

// askPatience is how long readiness waits for the API server: less than the kubelet's probe waits for readiness.
const askPatience = 3 * time.Second

// clusterHealth answers for a process without a speaker: it is ready while the API server answers and serves Herald's kinds. It is
// alive all the time, since a restart would not help.
func (o *operator) clusterHealth() (http.Handler, error) {
	client, err := discovery.NewDiscoveryClientForConfig(o.config)
	if err != nil {
		return nil, fmt.Errorf("client for readiness: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { httpserve.WriteReady(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), askPatience)
		defer cancel()
		httpserve.WriteReady(w, kube.Served(ctx, client.RESTClient()))
	})
	return mux, nil
}
