// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	controllermetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/herald-bgp/herald/controllers/cluster"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/metrics"
	"github.com/herald-bgp/herald/controllers/node"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker"
)

const leaseName = "herald-cluster"

// operator is one process of herald run: its roles, and the servers beside them.
type operator struct {
	options runOptions
	listen  []netip.AddrPort
	config  *rest.Config
	log     logr.Logger
}

// run runs until ctx ends, or until a part fails that needs no API server. The speaker, the supervisor of each manager and the
// endpoints are siblings: none of them ends because the API server is away or a port is taken.
func (o *operator) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	served, err := o.newEndpoints(ctx)
	if err != nil {
		return err
	}
	health, err := o.clusterHealth()
	if err != nil {
		return err
	}
	if role(o.options.role).runsNode() {
		agent, err := o.startNode(ctx, group)
		if err != nil {
			return err
		}
		health = nodeapi.Handler(agent.Engine(), agent.Status, o.log.WithName("health"))
	}
	if role(o.options.role).runsCluster() {
		o.startCluster(ctx, group)
	}
	o.startEndpoints(ctx, group, served, health)
	return group.Wait()
}

// startNode starts the speaker and, beside it, what connects it to the API server.
func (o *operator) startNode(ctx context.Context, group *errgroup.Group) (*node.Agent, error) {
	log := o.log.WithValues("node", o.options.nodeName)
	speaker := speaker.New(speaker.Options{Logger: log.WithName("speaker"), Listen: o.listen})
	options := node.Options{
		NodeName:        o.options.nodeName,
		Namespace:       o.options.namespace,
		AuthNamespace:   o.options.authNamespace,
		Listening:       len(o.listen) > 0,
		SoftwareVersion: softwareVersion(),
		Logger:          log.WithName("config"),
	}
	agent := node.NewAgent(speaker, options)
	for _, collector := range []prometheus.Collector{metrics.NewCollector(speaker), metrics.NewDriftCounter(agent.Engine().Drift)} {
		if err := controllermetrics.Registry.Register(collector); err != nil {
			return nil, fmt.Errorf("metrics of the speaker: %w", err)
		}
	}
	build := func() (runnable, error) {
		m, err := o.newManager(log.WithName("node"), agent.CacheOptions(), false)
		if err != nil {
			return nil, err
		}
		return m, agent.SetupWithManager(m)
	}
	group.Go(func() error { return speaker.Run(ctx) })
	group.Go(func() error { return agent.Run(ctx) })
	group.Go(func() error { return watchdog(ctx, log, speaker, o.options.watchdog) })
	group.Go(func() error { return supervise(ctx, log.WithName("node"), build) })
	return agent, nil
}

func (o *operator) startCluster(ctx context.Context, group *errgroup.Group) {
	log := o.log.WithName("cluster")
	options := cluster.Options{
		Logger:      log,
		Namespace:   o.options.namespace,
		SpeakerPods: o.options.speakerPods,
	}
	if role(o.options.role) == roleAll {
		options.LocalNode = o.options.nodeName
	}
	build := func() (runnable, error) {
		m, err := o.newManager(log, cluster.CacheOptions(options), o.options.leaderElect)
		if err != nil {
			return nil, err
		}
		return m, cluster.SetupWithManager(m, options)
	}
	group.Go(func() error { return supervise(ctx, log, build) })
}

// newManager returns a manager without servers: the servers of the process outlive a manager.
func (o *operator) newManager(log logr.Logger, cached cache.Options, elect bool) (manager.Manager, error) {
	return manager.New(o.config, manager.Options{
		Scheme: kube.NewScheme(),
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			return kube.NewRESTMapper(), nil
		},
		Cache:      cached,
		Controller: kube.ManagerOptions(),
		// The manager's lines on its start and end are logged with debug only; its errors are logged at any level.
		Logger:                  log.V(1),
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress:  "0",
		LeaderElection:          elect,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: o.options.namespace,
		// The next leader need not wait until the Lease expires. A manager waits for its controllers before it releases the Lease.
		LeaderElectionReleaseOnCancel: true,
	})
}
