// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package operator tests the operator whole: both roles as processes, with the tokens of their own service accounts,
// on a real etcd and kube-apiserver and with a real BIRD as the neighbour.
package operator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// herald is the binary under test.
var herald string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctrllog.SetLogger(logr.Discard()) // of the clients in the tests themselves
	dir, err := os.MkdirTemp("", "herald-operator-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	herald = filepath.Join(dir, "herald")
	arguments := []string{"build", "-o", herald}
	if raceDetector {
		arguments = append(arguments, "-race")
	}
	build := exec.Command("go", append(arguments, "../../cmd/herald")...)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build herald:", err)
		return 1
	}
	return m.Run()
}
