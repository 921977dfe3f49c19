// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

const (
	defaultNamespace      = "herald-system"
	defaultMetricsAddress = ":9178"
	// nowhere is the address of an endpoint that shall not be served; 0 and an empty address mean the same.
	nowhere = "nowhere"
	// environmentPrefix and a flag's name in capitals name the environment variable that sets the flag.
	environmentPrefix = "HERALD_"
)

// role is the part of the operator that a process plays.
type role string

const (
	roleNode    role = "node"
	roleCluster role = "cluster"
	roleAll     role = "all"
)

func (r role) runsNode() bool    { return r != roleCluster }
func (r role) runsCluster() bool { return r != roleNode }

// runOptions are the flags of herald run.
type runOptions struct {
	role           string
	nodeName       string
	namespace      string
	authNamespace  string
	listen         []string
	healthAddress  string
	metricsAddress string
	metricsSecure  bool
	// metricsCertDir and metricsClientCA are for metricsSecure alone.
	metricsCertDir  string
	metricsClientCA string
	podName         string
	probeSocket     string
	watchdog        time.Duration
	leaderElect     bool
	speakerPods     bool
	kubeconfig      string
	logLevel        string
	logFormat       string
}

// newRunCommand returns "herald run", the operator.
func newRunCommand() *cobra.Command {
	o := &runOptions{}
	command := &cobra.Command{
		Use:   "run",
		Short: "Run the operator in a Kubernetes cluster",
		Long: "Run the operator: BGPPeers and Announcements of a Kubernetes cluster become BGP sessions and routes.\n\n" +
			"The node role runs the speaker of one node, the cluster role sums up what all nodes report; without --role\n" +
			"one process plays both. Every flag can be given as an environment variable, such as HERALD_LOG_LEVEL.\n\n" +
			"SIGTERM restarts: where graceful restart was negotiated, peers keep the routes. SIGINT decommissions: routes\n" +
			"are withdrawn and sessions closed. A second signal ends the process at once.",
		Args:    noArguments,
		PreRunE: func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags()) },
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("leader-elect") {
				// Several processes of the cluster role elect one that works; a process that plays both roles is alone.
				o.leaderElect = role(o.role) == roleCluster
			}
			if !c.Flags().Changed("speaker-pods") {
				o.speakerPods = o.inPod()
			}
			ctx, stop := withSignals(c.Context())
			defer stop()
			return o.run(ctx)
		},
	}
	o.addFlags(command.Flags())
	return command
}

func (o *runOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.role, "role", string(roleAll), "part of the operator to run: node, cluster or all (both)")
	flags.StringVar(&o.nodeName, "node-name", os.Getenv("NODE_NAME"),
		"name of the Node that this process speaks for (default: $NODE_NAME, else the host's name)")
	flags.StringVar(&o.namespace, "namespace", firstOf(os.Getenv("POD_NAMESPACE"), defaultNamespace),
		"the operator's own namespace ($POD_NAMESPACE if that is set)")
	flags.StringVar(&o.authNamespace, "auth-namespace", "",
		"namespace of the Secrets with session keys (default: the operator's own)")
	flags.StringSliceVar(&o.listen, "listen", nil,
		"address and port to accept BGP connections on, such as 0.0.0.0:179; may be repeated (default: none)")
	flags.StringVar(&o.healthAddress, "health-address", nodeapi.DefaultAddress,
		"where /healthz, /readyz and, with a speaker, /status and /routes are served")
	flags.StringVar(&o.probeSocket, "probe-socket", "",
		"Unix socket that serves the same paths, for herald probe; a file there is replaced (default: none)")
	flags.DurationVar(&o.watchdog, "watchdog", defaultWatchdog, watchdogUsage)
	flags.StringVar(&o.metricsAddress, "metrics-address", defaultMetricsAddress, "where /metrics is served: an address, nowhere, or 0, which is the same")
	flags.BoolVar(&o.metricsSecure, "metrics-secure", true,
		"serve metrics over TLS, and only to clients that the API server authenticates and authorizes")
	flags.StringVar(&o.metricsCertDir, "metrics-cert-dir", "",
		"directory with tls.crt and tls.key, read anew when they change, for metrics (default: a certificate of its own)")
	flags.StringVar(&o.metricsClientCA, "metrics-client-ca", "",
		"file of certificate authorities: a client with a certificate of one of them may read metrics without the API server")
	flags.StringVar(&o.podName, "pod-name", os.Getenv("POD_NAME"),
		"name of the pod that this process is in, for Events about it (default: $POD_NAME; without it no Events)")
	flags.BoolVar(&o.leaderElect, "leader-elect", false,
		"work only while this process holds the Lease herald-cluster (default: true for the cluster role)")
	flags.BoolVar(&o.speakerPods, "speaker-pods", false,
		"count a node without a running pod of the node role as a node without a speaker (default: true in a pod)")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "",
		"kubeconfig file (default: $KUBECONFIG, else the pod's service account; ~/.kube/config is not read)")
	flags.StringVar(&o.logLevel, "log-level", "info", "what to log: error, info or debug")
	flags.StringVar(&o.logFormat, "log-format", "text", "form of the log: text or json")
}

// run validates the flags and runs the roles until ctx ends.
func (o *runOptions) run(ctx context.Context) error {
	log, err := newLogger(os.Stderr, o.logLevel, o.logFormat)
	if err != nil {
		return err
	}
	listen, err := o.complete()
	if err != nil {
		return err
	}
	config, err := o.restConfig(log)
	if err != nil {
		return err
	}
	useLogger(log)
	return (&operator{options: *o, listen: listen, config: config, log: log}).run(ctx)
}

// complete checks the flags, sets those that were omitted, and returns the addresses to listen on.
func (o *runOptions) complete() ([]netip.AddrPort, error) {
	switch role(o.role) {
	case roleNode, roleCluster, roleAll:
	default:
		return nil, fmt.Errorf("--role %q: write node, cluster or all", o.role)
	}
	if o.nodeName == "" && role(o.role).runsNode() {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("--node-name is not given, and the host has no name: %w", err)
		}
		// The kubelet names its Node in lower case too.
		o.nodeName = strings.ToLower(host)
	}
	if err := o.checkEndpoints(); err != nil {
		return nil, err
	}
	o.authNamespace = firstOf(o.authNamespace, o.namespace)
	return parseListen(o.listen)
}

func (o *runOptions) checkEndpoints() error {
	if err := checkAddress("health-address", o.healthAddress); err != nil {
		return err
	}
	if !o.metricsSecure && (o.metricsCertDir != "" || o.metricsClientCA != "") {
		return errors.New("--metrics-cert-dir and --metrics-client-ca are for --metrics-secure alone")
	}
	return checkMetricsAddress(&o.metricsAddress)
}

// checkMetricsAddress replaces every form of nowhere by that word, and refuses any other text that is no address.
func checkMetricsAddress(address *string) error {
	switch *address {
	case "", "0", nowhere:
		*address = nowhere
		return nil
	}
	return checkAddress("metrics-address", *address)
}

// fromEnvironment sets each flag that was not given from its environment variable.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if f.Changed || !ok || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = fmt.Errorf("$%s: %w", name, err)
		}
	})
	return failed
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
