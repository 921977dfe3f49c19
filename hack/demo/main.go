// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo shows Herald end to end on one machine, beside a BIRD router: first from files, while the programs of the
// Kubernetes control plane are fetched or built, then as an operator. A route comes and goes with an object. `make demo` runs
// it; with DEMO_EXIT=1 it ends when all came true.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("DEMO_EXIT") != ""); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "\ninterrupted")
			os.Exit(130)
		}
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

// run is the whole demo. When it returns, it has ended every process that it started.
func run(ctx context.Context, exit bool) (err error) {
	root, err := findRoot()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	ctrllog.SetLogger(logr.Discard()) // the demo does not show the logs of libraries
	d := &demo{screen: &screen{w: os.Stdout}}
	defer func() {
		if err != nil && ctx.Err() == nil {
			d.showLogs()
		}
		err = errors.Join(err, d.close())
	}()
	for _, step := range []func(context.Context) error{
		d.prepare, d.startRouter, d.prepareSamples, d.standalone,
		d.startControlPlane, d.startOperator, d.announce, d.show, d.withdraw,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if exit {
		d.screen.say("\nAll of it came true.")
		return nil
	}
	d.stayUp(ctx)
	return nil
}
