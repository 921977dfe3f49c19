// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package operator tests the operator whole: both roles as processes, with the tokens of their own service accounts,
// on a real etcd and kube-apiserver and with a real BIRD as the neighbour.
package operator

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/herald-bgp/herald/test/harness"
)

// herald is the binary under test.
var herald string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctrllog.SetLogger(logr.Discard()) // of the clients in the tests themselves
	path, remove, err := harness.Herald()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer remove()
	herald = path
	return m.Run()
}
