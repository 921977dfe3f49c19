// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// prepare builds Herald and installs BIRD. The programs of the control plane can take ten minutes to build, so they are
// fetched or built from then on, beside the first act.
func (d *demo) prepare(ctx context.Context) error {
	d.screen.say("Herald, end to end: an object becomes a route in a BIRD router, first from a file, then in Kubernetes.\n")
	began := time.Now()
	var err error
	if d.dir, err = os.MkdirTemp("", "herald-demo-"); err != nil {
		return err
	}
	group, building := errgroup.WithContext(ctx)
	group.Go(func() error { return installBIRD(building) })
	group.Go(func() error {
		d.herald = filepath.Join(d.dir, "herald")
		build := exec.CommandContext(building, "go", "build", "-o", d.herald, "./cmd/herald")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		return withProgress(building, "building herald", func() error { return inForeground(build) })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	d.screen.did("programs", began, "herald and BIRD are there")
	ctx, cancel := context.WithCancel(ctx)
	d.assetsBuild.Go(func() error {
		out, err := captured(exec.CommandContext(ctx, "hack/assets"))
		d.assets = strings.TrimSpace(out)
		return err
	})
	d.stopAssets = cancel
	return nil
}

// awaitAssets waits for the programs of the control plane. Their build prints its own progress.
func (d *demo) awaitAssets() error {
	began := time.Now()
	if err := d.assetsBuild.Wait(); err != nil {
		return err
	}
	d.screen.did("programs", began, "kube-apiserver, etcd and kubectl are there")
	return nil
}

// installBIRD has hack/deps install BIRD, or print the command that does.
func installBIRD(ctx context.Context) error {
	if os.Geteuid() == 0 {
		return inForeground(exec.CommandContext(ctx, "hack/deps", "iproute2", "procps", "bird2"))
	}
	// Debian installs BIRD in a directory that only root's PATH has.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	if _, err := exec.LookPath("bird"); err == nil {
		return nil
	}
	return errors.Join(errors.New("the demo needs BIRD 2"), inForeground(exec.CommandContext(ctx, "hack/deps", "bird2")))
}

const progressInterval = 15 * time.Second

// withProgress runs work, and prints the elapsed time every now and then.
func withProgress(ctx context.Context, what string, work func() error) error {
	began := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	var ticking sync.WaitGroup
	ticking.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				fmt.Fprintf(os.Stderr, "demo: %s: %.0f s so far\n", what, time.Since(began).Seconds())
			case <-ctx.Done():
				return
			}
		}
	})
	err := work()
	cancel()
	ticking.Wait()
	return err
}

// inForeground runs a command whose output is for the reader.
func inForeground(command *exec.Cmd) error {
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command.Args, " "), err)
	}
	return nil
}

// captured runs a command that prints its progress for the reader, and returns its result. When its context ends, so do all
// processes that the command started.
func captured(command *exec.Cmd) (string, error) {
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(command.Args, " "), err)
	}
	return string(out), nil
}
