// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/kube"
)

const (
	dialTimeout   = 5 * time.Second
	dialKeepAlive = 30 * time.Second
	firstRedial   = 200 * time.Millisecond
	longestRedial = 5 * time.Second
	// dialPatience is how long one dial tries in all.
	dialPatience = 30 * time.Second
)

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialTCP is a dialFunc of one attempt.
func dialTCP() dialFunc {
	return (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialKeepAlive}).DialContext
}

// patientDial returns a dial function that tries again until its context ends, for dialPatience at most. An informer repeats a
// failed watch after a back-off that grows to a minute; a watch that waits here for its connection goes on seconds after the API
// server came back.
//
// The bound is needed because net/http shares a dial among requests: its context does not end with the request that began it, and
// without a bound each request that gave up would leave a dial behind for as long as the API server is away. The log has one line
// for the loss and one for the return. They do not mention sessions: the cluster role has none, and a node may have applied nothing
// yet.
func patientDial(log logr.Logger, dial dialFunc) dialFunc {
	var away atomic.Bool
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialPatience)
		defer cancel()
		for delay := firstRedial; ; delay = min(2*delay, longestRedial) {
			conn, err := dial(ctx, network, address)
			if err == nil {
				if away.Swap(false) {
					log.Info("API server reached again", "address", address)
				}
				return conn, nil
			}
			if ctx.Err() == nil && !away.Swap(true) {
				log.Error(err, "API server cannot be reached; trying again", "address", address)
			}
			if !wait(ctx, kube.Jittered(delay)) {
				return nil, err
			}
		}
	}
}
