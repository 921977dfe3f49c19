// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/test/controlplane"
	"github.com/herald-bgp/herald/test/harness"
)

// startControlPlane runs etcd and kube-apiserver, and creates the objects of an installation: namespace, CRDs and RBAC.
func (d *demo) startControlPlane(ctx context.Context) error {
	if err := d.awaitAssets(); err != nil {
		return err
	}
	began := time.Now()
	var err error
	options := controlplane.Options{Assets: d.assets, Address: d.network.uplink}
	if d.controlPlane, err = controlplane.Start(ctx, options); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(d.controlPlane.AdminConfig())
	if err != nil {
		return err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	if err := d.controlPlane.InstallCRDs(ctx, "config/crd/bases"); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", "config/default/namespace.yaml"},
		{"apply", "--server-side", "-k", "config/rbac"},
	} {
		if _, err := d.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	d.screen.did("control plane", began, "Kubernetes %s on %s, with Herald's CRDs and RBAC", version.GitVersion, d.controlPlane.Server())
	return nil
}

// node is the Node, with the addresses that the routes have as next hop.
func (d *demo) node() *corev1.Node {
	return &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{corev1.LabelHostname: nodeName}},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: d.network.node.IPv4.String()},
			{Type: corev1.NodeInternalIP, Address: d.network.node.IPv6.String()},
		}},
	}
}

// createNode makes the Node, as a kubelet would.
func (d *demo) createNode(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(d.controlPlane.AdminConfig())
	if err != nil {
		return err
	}
	if _, err := client.CoreV1().Nodes().Create(ctx, d.node(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the Node: %w", err)
	}
	return nil
}

// startOperator runs each role as a process of its own, with the token of its own service account.
func (d *demo) startOperator(ctx context.Context) error {
	began := time.Now()
	if err := d.createNode(ctx); err != nil {
		return err
	}
	for _, role := range []string{"node", "cluster"} {
		kubeconfig, err := d.controlPlane.ServiceAccountKubeconfig(ctx, namespace, "herald-"+role)
		if err != nil {
			return err
		}
		health, err := freeAddress()
		if err != nil {
			return err
		}
		place := map[string]*harness.Netns{"node": d.network.node}[role]
		command := place.Command(context.WithoutCancel(ctx), d.herald, "run", "--role="+role, "--node-name="+nodeName,
			"--namespace="+namespace, "--kubeconfig="+kubeconfig, "--health-address="+health, "--metrics-address=0")
		process, err := harness.StartProcess(d.dir, "herald-"+role, command)
		if err != nil {
			return err
		}
		d.operator = append(d.operator, process)
	}
	d.screen.did("operator", began, "herald run --role=node and --role=cluster, each as its own service account")
	return nil
}

// freeAddress is a loopback address with a port that is free right now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
