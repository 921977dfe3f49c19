// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"golang.org/x/sync/errgroup"
)

// TestHealthPortTakenEndsNoNode: the endpoint of a node comes once its port is free, and nothing ends meanwhile.
func TestHealthPortTakenEndsNoNode(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	failed := make(chan struct{}, 1)
	log := funcr.New(func(_, _ string) {
		select {
		case failed <- struct{}{}:
		default:
		}
	}, funcr.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	o := &operator{options: runOptions{healthAddress: taken.Addr().String()}, log: log}
	o.startHealth(ctx, group, healthServer{handler: clusterHealth()})
	<-failed // it has tried, and says so
	taken.Close()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatal("no endpoint though its port is free")
		}
		response, err := http.Get("http://" + o.options.healthAddress + "/healthz")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("/healthz: %s", response.Status)
		}
		break
	}
	cancel()
	if err := group.Wait(); err != nil {
		t.Errorf("the end of the process: %v", err)
	}
}

// TestHealthPortTakenEndsTheClusterRole: nothing is lost there, and whoever starts it learns at once.
func TestHealthPortTakenEndsTheClusterRole(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o := &operator{options: runOptions{role: string(roleCluster), healthAddress: taken.Addr().String()}, log: logr.Discard()}
	if err := o.run(t.Context()); err == nil {
		t.Error("run: no error though the port is taken")
	}
}
