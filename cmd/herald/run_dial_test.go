// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
)

func TestPatientDialWaitsForTheServer(t *testing.T) {
	address := freeAddress(t)
	lines := make(chan string, 10)
	log := funcr.New(func(_, args string) { lines <- args }, funcr.Options{})
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		conn, err := patientDial(log, dialTCP())(ctx, "tcp", address)
		done <- result{conn, err}
	}()
	// The log says that the dial failed, and claims nothing that the process cannot know.
	if line := <-lines; !strings.HasPrefix(line, `"msg"="API server cannot be reached; trying again" "error"=`) {
		t.Errorf("line %s", line)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := <-done
	if got.err != nil {
		t.Fatalf("dial: %v, want a connection once there is a server", got.err)
	}
	got.conn.Close()
	if line := <-lines; !strings.Contains(line, "API server reached again") {
		t.Errorf("line %s", line)
	}
}

func TestPatientDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	conn, err := patientDial(logr.Discard(), dialTCP())(ctx, "tcp", freeAddress(t))
	if err == nil {
		conn.Close()
		t.Fatal("a connection to nobody")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && ctx.Err() == nil {
		t.Errorf("dial: %v before its context had ended", err)
	}
}

// TestPatientDialEndsAfterCancelledRequests: net/http keeps a dial going for the next request although the request that began it was
// cancelled. No dial may outlive dialPatience, however long the API server is away.
func TestPatientDialEndsAfterCancelledRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials, dialling atomic.Int64
		refused := func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			return nil, syscall.ECONNREFUSED
		}
		patient := patientDial(logr.Discard(), refused)
		transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialling.Add(1)
			defer dialling.Add(-1)
			return patient(ctx, network, address)
		}}
		const requests = 20
		var group sync.WaitGroup
		for range requests {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://192.0.2.1:6443/", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if response, err := transport.RoundTrip(request); err == nil {
					response.Body.Close()
					t.Error("an answer from nobody")
				}
			})
		}
		group.Wait()
		synctest.Wait()
		left := dialling.Load()
		t.Logf("%d dials of %d cancelled requests go on", left, requests)

		<-time.After(dialPatience + dialTimeout)
		synctest.Wait()
		if n := dialling.Load(); n != 0 {
			t.Errorf("%d dials go on %v after their requests were cancelled", n, dialPatience)
		}
		after := dials.Load()
		<-time.After(time.Hour)
		if n := dials.Load(); n != after || n == 0 {
			t.Errorf("%d attempts, and %d an hour later: want no more", after, n)
		}
		transport.CloseIdleConnections()
	})
}
