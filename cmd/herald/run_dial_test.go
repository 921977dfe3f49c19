// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
)

func TestPatientDialWaitsForTheServer(t *testing.T) {
	address := freeAddress(t)
	lost := make(chan struct{}, 1)
	log := funcr.New(func(_, args string) {
		select {
		case lost <- struct{}{}:
		default:
		}
	}, funcr.Options{})
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		conn, err := patientDial(log)(ctx, "tcp", address)
		done <- result{conn, err}
	}()
	<-lost // it has tried, and says so
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
}

func TestPatientDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	conn, err := patientDial(logr.Discard())(ctx, "tcp", freeAddress(t))
	if err == nil {
		conn.Close()
		t.Fatal("a connection to nobody")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && ctx.Err() == nil {
		t.Errorf("dial: %v before its context had ended", err)
	}
}
