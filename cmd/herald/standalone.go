// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/herald-bgp/herald/controllers/metrics"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/controllers/standalone"
)

// standaloneOptions are the flags of herald standalone.
type standaloneOptions struct {
	manifests      string
	stateDir       string
	nodeName       string
	routerID       string
	authNamespace  string
	listen         []string
	healthAddress  string
	metricsAddress string
	watchdog       time.Duration
	logLevel       string
	logFormat      string
}

// newStandaloneCommand returns "herald standalone", the speaker without Kubernetes.
func newStandaloneCommand() *cobra.Command {
	o := &standaloneOptions{}
	command := &cobra.Command{
		Use:   "standalone --manifests DIRECTORY",
		Short: "Announce the prefixes in a directory of manifests, without Kubernetes",
		Long: "Announce the prefixes of the manifests in a directory: BGPPeers and Announcements, and the Secrets, Namespaces and\n" +
			"the Node that they refer to, in files *.yaml, *.yml and *.json. Herald checks them as an API server would, and\n" +
			"applies them again when they change. If a file or object is refused, the version before it stays in force, and\n" +
			"herald status shows the error. With --state-dir that version stays in force over a restart too.\n\n" +
			"Without --listen Herald opens connections and accepts none. Every flag can be given as an environment variable,\n" +
			"such as HERALD_MANIFESTS.\n\n" +
			"SIGTERM restarts: where graceful restart was negotiated, peers keep the routes. SIGINT decommissions: routes\n" +
			"are withdrawn and sessions closed. A second signal ends the process at once.",
		Example: "  # Announce 203.0.113.0/24 to a router:\n" +
			"  cat > /etc/herald/web.yaml <<EOF\n" +
			"  apiVersion: herald.network/v1alpha1\n" +
			"  kind: BGPPeer\n" +
			"  metadata: {name: tor-a}\n" +
			"  spec: {address: 192.0.2.1, localASN: 64512, peerASN: 64500}\n" +
			"  ---\n" +
			"  apiVersion: herald.network/v1alpha1\n" +
			"  kind: Announcement\n" +
			"  metadata: {name: web}\n" +
			"  spec: {prefixes: [203.0.113.0/24], attributes: {communities: [\"64512:100\"]}}\n" +
			"  EOF\n" +
			"  herald standalone --manifests /etc/herald\n\n" +
			"  # The same, and accept connections from the router too, which needs CAP_NET_BIND_SERVICE:\n" +
			"  herald standalone --manifests /etc/herald --listen 0.0.0.0:179 --listen '[::]:179'",
		Args:    noArguments,
		PreRunE: func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags()) },
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := withSignals(c.Context())
			defer stop()
			return o.run(ctx)
		},
	}
	o.addFlags(command.Flags())
	return command
}

func (o *standaloneOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.manifests, "manifests", "", "directory of the manifests (required)")
	flags.StringVar(&o.stateDir, "state-dir", "",
		"directory, of this process alone, for the age of objects and their last valid versions, so that a restart keeps them; "+
			"session keys are stored there in a file of mode 0600 (default: nothing is stored)")
	flags.StringVar(&o.nodeName, "node-name", "",
		"name of the Node that this process speaks for; a manifest may describe it (default: the host's name)")
	flags.StringVar(&o.routerID, "router-id", "",
		"BGP identifier, as in 192.0.2.10 (default: the Node's annotation, its IPv4 InternalIP, or a hash of its name)")
	flags.StringVar(&o.authNamespace, "auth-namespace", "default", "namespace of the Secrets with session keys")
	flags.StringSliceVar(&o.listen, "listen", nil,
		"address and port to accept BGP connections on, such as 0.0.0.0:179; may be repeated (default: none)")
	flags.StringVar(&o.healthAddress, "health-address", nodeapi.DefaultAddress,
		"where /healthz, /readyz, /status and /routes are served")
	flags.StringVar(&o.metricsAddress, "metrics-address", nowhere,
		"where /metrics is served, in plain HTTP: an address, nowhere, or 0, which is the same")
	flags.DurationVar(&o.watchdog, "watchdog", defaultWatchdog, watchdogUsage)
	flags.StringVarP(&o.logLevel, "log-level", "v", "info", "what to log: error, info or debug")
	flags.StringVar(&o.logFormat, "log-format", "text", "form of the log: text or json")
}

// run announces until ctx ends.
func (o *standaloneOptions) run(ctx context.Context) error {
	log, err := newLogger(os.Stderr, o.logLevel, o.logFormat)
	if err != nil {
		return err
	}
	options, err := o.complete(log)
	if err != nil {
		return err
	}
	useLogger(log)
	runner, err := standalone.NewRunner(options)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	served, err := newEndpoints(log.WithName("endpoints"), registry)
	if err != nil {
		return err
	}
	health := nodeapi.Handler(runner.Engine(), runner.Status, log.WithName("health"))
	list := []endpoint{{flag: "health-address", network: "tcp", address: o.healthAddress, open: plain(health)}}
	if o.metricsAddress != nowhere {
		handler := metricsHandler(registry, runner)
		list = append(list, endpoint{flag: "metrics-address", network: "tcp", address: o.metricsAddress, open: plain(handler)})
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return runner.Run(ctx) })
	group.Go(func() error { return watchdog(ctx, log, runner.Speaker(), o.watchdog) })
	for _, p := range list {
		group.Go(func() error { return served.run(ctx, p) })
	}
	return group.Wait()
}

// complete checks the flags, and sets those that were omitted.
func (o *standaloneOptions) complete(log logr.Logger) (standalone.Options, error) {
	options := standalone.Options{
		Directory:       o.manifests,
		StateDirectory:  o.stateDir,
		NodeName:        o.nodeName,
		AuthNamespace:   o.authNamespace,
		SoftwareVersion: softwareVersion(),
		Logger:          log,
	}
	if o.manifests == "" {
		return options, fmt.Errorf("--manifests is missing: name the directory of the manifests")
	}
	if err := checkAddress("health-address", o.healthAddress); err != nil {
		return options, err
	}
	if err := checkMetricsAddress(&o.metricsAddress); err != nil {
		return options, err
	}
	if o.nodeName == "" {
		host, err := os.Hostname()
		if err != nil {
			return options, fmt.Errorf("--node-name is not given, and the host has no name: %w", err)
		}
		// The kubelet names its Node in lower case too.
		options.NodeName = strings.ToLower(host)
	}
	if o.routerID != "" {
		id, err := netip.ParseAddr(o.routerID)
		if err != nil || !id.Is4() || id.IsUnspecified() {
			return options, fmt.Errorf("--router-id %q: write an IPv4 address other than 0.0.0.0, such as 192.0.2.10", o.routerID)
		}
		options.RouterID = id
	}
	var err error
	options.Listen, err = parseListen(o.listen)
	return options, err
}

func metricsHandler(registry *prometheus.Registry, r *standalone.Runner) http.Handler {
	registry.MustRegister(
		metrics.NewCollector(r.Speaker()),
		metrics.NewDriftCounter(r.Engine().Drift),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// parseListen reads the values of --listen.
func parseListen(values []string) ([]netip.AddrPort, error) {
	var listen []netip.AddrPort
	for _, text := range values {
		address, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("--listen %q: write an address and a port, such as 0.0.0.0:179 or [::]:179", text)
		}
		listen = append(listen, address)
	}
	return listen, nil
}
