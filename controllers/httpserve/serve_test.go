// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package httpserve

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestServeEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, http.NotFoundHandler()) }()
	response, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("served: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on after its context has ended")
	}
}
