// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ErrNoAssets says that the programs of a control plane are not on this machine, and how to get them.
var ErrNoAssets = errors.New("no etcd and kube-apiserver on this machine yet: run hack/assets once " +
	"(about 10 minutes where it has to build them), or set KUBEBUILDER_ASSETS to a folder that holds etcd, " +
	"kube-apiserver and kubectl")

// FindAssets is the folder that holds etcd, kube-apiserver and kubectl: KUBEBUILDER_ASSETS, or the cache of
// hack/assets. It fetches and builds nothing.
func FindAssets(ctx context.Context) (string, error) {
	script, err := findScript()
	if err != nil {
		return "", err
	}
	var output, messages bytes.Buffer
	command := exec.CommandContext(ctx, script, "--cached")
	command.Stdout, command.Stderr = &output, &messages
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%w (%s)", ErrNoAssets, strings.TrimSpace(messages.String()))
	}
	return strings.TrimSpace(output.String()), nil
}

// findScript looks for hack/assets in the working directory and above: a test runs in its package's folder.
func findScript() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("search for hack/assets: %w", err)
	}
	for {
		script := filepath.Join(dir, "hack", "assets")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%w (hack/assets is not in a folder above this one)", ErrNoAssets)
		}
		dir = parent
	}
}

// ForTest starts a control plane for one test and stops it when the test ends; a failed test prints the last lines
// of both logs. Without the programs the test is skipped, or fails with CI=true.
func ForTest(t testing.TB, options Options) *ControlPlane {
	t.Helper()
	cp, err := Start(t.Context(), options)
	if errors.Is(err, ErrNoAssets) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(cp.logTails())
		}
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cp
}
