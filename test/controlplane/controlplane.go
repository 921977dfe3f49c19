// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real etcd and kube-apiserver for tests and the demo.
//
// It does more than envtest: the API server listens on an address that network namespaces can reach; a test can
// kill, pause, resume and restart it on the same port over the same data; RBAC is on; and a role runs with a token of
// its own service account.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"

	"github.com/herald-bgp/herald/test/process"
)

// Options say how a control plane differs from the default. The zero value is valid.
type Options struct {
	// Assets is the folder that holds etcd, kube-apiserver and kubectl. If it is empty, FindAssets finds the folder,
	// without building anything.
	Assets string

	// Address is where the API server listens and where every kubeconfig points to. The default is
	// 127.0.0.1. Network namespaces reach the address of a veth or a bridge.
	Address netip.Addr

	// CertificateAddresses are further addresses that the API server's certificate is valid for, such as those of
	// proxies in front of it. The certificate is always valid for loopback and Address.
	CertificateAddresses []netip.Addr

	// ServiceCIDRs is kube-apiserver's --service-cluster-ip-range, one range a family. The default has one
	// of each.
	ServiceCIDRs []netip.Prefix

	// APIServerArgs are appended to kube-apiserver's arguments. Of several arguments with one name the last wins.
	APIServerArgs []string

	// StartTimeout bounds the time until the API server is ready. The default is 2 minutes, for a busy machine: a
	// few seconds are usual.
	StartTimeout time.Duration
}

// ControlPlane is a running etcd and kube-apiserver. Its methods are not for concurrent use, except for the
// accessors.
type ControlPlane struct {
	options   Options
	dir       string
	keys      *keys
	etcd      *process.Process
	apiserver *process.Process
	server    netip.AddrPort
	etcdURL   string
	admin     *rest.Config
	adminPath string
}

const defaultStartTimeout = 2 * time.Minute

// Start starts a control plane and returns when it is ready. The caller stops it; ctx bounds the start only.
func Start(ctx context.Context, options Options) (_ *ControlPlane, err error) {
	if err := options.complete(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "herald-controlplane-")
	if err != nil {
		return nil, fmt.Errorf("folder of the control plane: %w", err)
	}
	cp := &ControlPlane{options: options, dir: dir}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, cp.logTails())
			cp.Stop()
		}
	}()
	if err := cp.prepare(); err != nil {
		return nil, err
	}
	// kube-apiserver waits for etcd by itself, so both start at once.
	if cp.etcd, err = cp.startEtcd(); err != nil {
		return nil, err
	}
	if err := cp.RestartAPIServer(ctx); err != nil {
		return nil, err
	}
	return cp, nil
}

func (o *Options) complete(ctx context.Context) error {
	if o.Assets == "" {
		assets, err := FindAssets(ctx)
		if err != nil {
			return err
		}
		o.Assets = assets
	}
	if !o.Address.IsValid() {
		o.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if len(o.ServiceCIDRs) == 0 {
		o.ServiceCIDRs = []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("fd00:10:96::/112")}
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	return nil
}

// prepare makes the files that both processes and their clients need before they run.
func (cp *ControlPlane) prepare() error {
	port, err := freePort(cp.options.Address)
	if err != nil {
		return err
	}
	cp.server = netip.AddrPortFrom(cp.options.Address, port)
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	addresses := append([]netip.Addr{loopback, netip.IPv6Loopback(), cp.options.Address}, cp.options.CertificateAddresses...)
	if cp.keys, err = newKeys(filepath.Join(cp.dir, "pki"), addresses); err != nil {
		return err
	}
	cp.admin = &rest.Config{
		Host: "https://" + cp.server.String(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   cp.keys.authority,
			CertData: cp.keys.adminCertificate,
			KeyData:  cp.keys.adminKey,
		},
		// A test process has many clients, and nobody else uses the server: clients need no rate limit.
		QPS: -1,
	}
	cp.adminPath, err = cp.WriteKubeconfig("admin", cp.admin)
	return err
}

// Stop kills both processes, waits for them and removes their files. It may be called twice.
func (cp *ControlPlane) Stop() error {
	// The data is not used again, so an orderly end is not needed.
	for _, p := range []*process.Process{cp.apiserver, cp.etcd} {
		if p != nil {
			p.Kill()
		}
	}
	if err := os.RemoveAll(cp.dir); err != nil {
		return fmt.Errorf("folder of the control plane: %w", err)
	}
	return nil
}

// Server is the address and port that the API server listens on, through every restart.
func (cp *ControlPlane) Server() netip.AddrPort { return cp.server }

// Assets is the folder that holds the programs, kubectl among them.
func (cp *ControlPlane) Assets() string { return cp.options.Assets }

// AdminConfig is a client configuration of group system:masters.
func (cp *ControlPlane) AdminConfig() *rest.Config { return rest.CopyConfig(cp.admin) }

// AdminKubeconfig is the path of a kubeconfig file of group system:masters.
func (cp *ControlPlane) AdminKubeconfig() string { return cp.adminPath }

// APIServerPID is the process ID of the API server, also after it has ended.
func (cp *ControlPlane) APIServerPID() int { return cp.apiserver.PID() }

var errNotRunning = errors.New("kube-apiserver does not run")

// KillAPIServer kills the API server by SIGKILL and returns when it is gone.
func (cp *ControlPlane) KillAPIServer() error {
	if !cp.apiserver.Running() {
		return errNotRunning
	}
	cp.apiserver.Kill()
	return nil
}

// PauseAPIServer stops the API server by SIGSTOP: its connections stay open, and it does not answer.
func (cp *ControlPlane) PauseAPIServer() error { return cp.apiserver.Signal(syscall.SIGSTOP) }

// ResumeAPIServer continues the API server after PauseAPIServer.
func (cp *ControlPlane) ResumeAPIServer() error { return cp.apiserver.Signal(syscall.SIGCONT) }

// RestartAPIServer starts the API server on the same port, with the same data and keys, and returns when it
// is ready. It kills a running API server first.
func (cp *ControlPlane) RestartAPIServer(ctx context.Context) error {
	if cp.apiserver != nil {
		cp.apiserver.Kill()
	}
	started, err := cp.startAPIServer()
	if err != nil {
		return err
	}
	cp.apiserver = started
	return cp.waitReady(ctx)
}

// WriteLogs writes the last lines of each process's log.
func (cp *ControlPlane) WriteLogs(w io.Writer) error {
	_, err := io.WriteString(w, cp.logTails())
	return err
}

func (cp *ControlPlane) logTails() string {
	var b strings.Builder
	for _, p := range []*process.Process{cp.etcd, cp.apiserver} {
		if p != nil {
			fmt.Fprintln(&b, p.Tail())
		}
	}
	return b.String()
}
