// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

const (
	dialTimeout   = 5 * time.Second
	dialKeepAlive = 30 * time.Second
	firstRedial   = 200 * time.Millisecond
	longestRedial = 5 * time.Second
)

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// patientDial returns a dial function that tries again for as long as its context lives. A watch that failed is tried
// again by its informer after up to a minute; one that waits for its connection here goes on seconds after the API server
// came back. Requests that are not to wait so long carry a deadline. The log has one line for the loss and one for the
// return.
func patientDial(log logr.Logger) dialFunc {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: dialKeepAlive}
	var away atomic.Bool
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		for delay := firstRedial; ; delay = min(2*delay, longestRedial) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err == nil {
				if away.Swap(false) {
					log.Info("API server reached again", "address", address)
				}
				return conn, nil
			}
			if ctx.Err() == nil && !away.Swap(true) {
				log.Error(err, "API server cannot be reached; sessions and routes stay as they are", "address", address)
			}
			if !wait(ctx, jittered(delay)) {
				return nil, err
			}
		}
	}
}
