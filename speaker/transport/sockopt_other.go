// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"fmt"
	"net/netip"
)

// maxTTL is the greatest TTL and hop limit.
const maxTTL = 255

// setOptions returns an error if o has an option without which the session would not be safe.
func setOptions(_ int, _ netip.Addr, o SocketOptions) error {
	if o.MinTTL != 0 {
		return fmt.Errorf("least TTL: %w", ErrUnsupported)
	}
	if o.TTL != 0 && o.TTL != maxTTL {
		return fmt.Errorf("TTL: %w", ErrUnsupported)
	}
	return nil
}

func setAuth(_ int, _ netip.Addr, a Auth) error {
	if a.method == AuthNone {
		return nil
	}
	return fmt.Errorf("%v: %w", a.method, ErrUnsupported)
}

func backlog(int) (int, error) { return 0, ErrUnsupported }

func unacknowledged(int) (int, error) { return 0, ErrUnsupported }
