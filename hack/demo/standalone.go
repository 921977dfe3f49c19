// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/test/harness"
)

// standalone is the first act: `herald standalone` reads the samples from files, and the router gets the routes. It needs no
// control plane, so the reader can see it while the control plane is built.
func (d *demo) standalone(ctx context.Context) error {
	d.screen.say("\nFirst without Kubernetes: herald reads the objects from the files of a directory.")
	manifests, err := d.manifests()
	if err != nil {
		return err
	}
	health, err := freeAddress()
	if err != nil {
		return err
	}
	node := d.network.node
	herald, err := harness.StartProcess(d.dir, "herald-standalone", node.Command(context.WithoutCancel(ctx), d.herald,
		"standalone", "--manifests="+manifests, "--node-name="+nodeName, "--health-address="+health, "--metrics-address="))
	if err != nil {
		return err
	}
	d.operator = append(d.operator, herald)
	web, err := d.awaitRoutes(ctx)
	if err != nil {
		return err
	}
	status, err := node.Command(ctx, d.herald, "status", "--address", health).CombinedOutput()
	if err != nil {
		return fmt.Errorf("herald status: %w\n%s", err, status)
	}
	d.screen.command("herald status", string(status))
	if err := d.showBIRD(ctx, "show", "route", "protocol", "herald"); err != nil {
		return err
	}
	d.screen.say("\nSIGINT takes its routes back, and ends it.")
	if err := herald.Stop(syscall.SIGINT, patience); err != nil {
		return err
	}
	if err := d.showWithdrawn(ctx, web); err != nil {
		return err
	}
	d.screen.say("\nThe same with Kubernetes:\n")
	return nil
}

// manifests is a directory with the samples and the Node, whose addresses are the next hops.
func (d *demo) manifests() (string, error) {
	folder := filepath.Join(d.dir, "manifests")
	if err := os.CopyFS(folder, os.DirFS(d.samples)); err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(folder, "kustomization.yaml")); err != nil { // no object of an API server
		return "", err
	}
	node, err := yaml.Marshal(d.node())
	if err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, "node.yaml"), node, 0o644)
}
