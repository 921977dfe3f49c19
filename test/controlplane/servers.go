// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/herald-bgp/herald/test/process"
)

func (cp *ControlPlane) startEtcd() (*process.Process, error) {
	var urls [2]string
	for i := range urls {
		loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		port, err := freePort(loopback)
		if err != nil {
			return nil, err
		}
		urls[i] = "http://" + netip.AddrPortFrom(loopback, port).String()
	}
	client, peer := urls[0], urls[1]
	cp.etcdURL = client
	return cp.startProcess("etcd",
		"--data-dir="+filepath.Join(cp.dir, "etcd"),
		"--name=herald",
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=herald="+peer,
		"--unsafe-no-fsync", // the data need not outlive the machine
		"--log-level=error",
	)
}

func (cp *ControlPlane) startAPIServer() (*process.Process, error) {
	return cp.startProcess("kube-apiserver", cp.apiServerArgs()...)
}

// startProcess starts one of the programs of Assets in the folder of the control plane.
func (cp *ControlPlane) startProcess(program string, args ...string) (*process.Process, error) {
	command := exec.Command(filepath.Join(cp.options.Assets, program), args...)
	command.Dir = cp.dir
	return process.Start(cp.dir, program, command)
}

func (cp *ControlPlane) apiServerArgs() []string {
	ranges := make([]string, 0, len(cp.options.ServiceCIDRs))
	for _, cidr := range cp.options.ServiceCIDRs {
		ranges = append(ranges, cidr.String())
	}
	args := []string{
		"--etcd-servers=" + cp.etcdURL,
		"--bind-address=" + cp.server.Addr().String(),
		"--advertise-address=" + cp.server.Addr().String(), // else it looks for a default route
		fmt.Sprintf("--secure-port=%d", cp.server.Port()),
		"--tls-cert-file=" + cp.keys.path(serverCertificate),
		"--tls-private-key-file=" + cp.keys.path(serverKey),
		"--client-ca-file=" + cp.keys.path(authorityCertificate),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + cp.keys.path(tokenKey),
		"--service-account-signing-key-file=" + cp.keys.path(tokenKey),
		"--service-cluster-ip-range=" + strings.Join(ranges, ","),
		"--authorization-mode=RBAC",
		// No controller manager makes a namespace's default service account, and without one every Pod
		// would be refused.
		"--disable-admission-plugins=ServiceAccount",
		// What only several API servers, or a busy one, need; it costs time at start and when idle.
		"--endpoint-reconciler-type=none",
		"--enable-priority-and-fairness=false",
		"--profiling=false",
	}
	return append(args, cp.options.APIServerArgs...)
}

const pollInterval = 50 * time.Millisecond

// waitReady returns when /readyz answers ok and the default namespace, which the API server makes just after that, exists;
// or at once when the API server or etcd has ended.
func (cp *ControlPlane) waitReady(ctx context.Context) error {
	config := rest.CopyConfig(cp.admin)
	config.Timeout = 2 * time.Second
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("client for /readyz: %w", err)
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, pollInterval, cp.options.StartTimeout, true, func(ctx context.Context) (bool, error) {
		for _, p := range []*process.Process{cp.etcd, cp.apiserver} {
			if !p.Running() {
				return false, fmt.Errorf("%s ended: %w", p.Name, errors.Join(p.Err(), errNotRunning))
			}
		}
		for _, path := range []string{"/readyz", "/api/v1/namespaces/" + metav1.NamespaceDefault} {
			if last = client.RESTClient().Get().AbsPath(path).Do(ctx).Error(); last != nil {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("kube-apiserver at %s is not ready: %w", cp.server, errors.Join(err, last))
	}
	return nil
}

const (
	// Below the range that Linux takes the ports of outgoing connections from: a restarted API server
	// finds its port free.
	firstPort, lastPort = 20000, 30000
	portAttempts        = 50
)

func freePort(address netip.Addr) (uint16, error) {
	var last error
	for range portAttempts {
		port := uint16(firstPort + rand.IntN(lastPort-firstPort))
		listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, port)))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("no free port at %s: %w", address, last)
}
