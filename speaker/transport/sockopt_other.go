// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"fmt"
	"net/netip"
)

func setTTL(_ int, _ netip.Addr, ttl int) error {
	if ttl == 0 {
		return nil
	}
	return fmt.Errorf("TTL: %w", ErrUnsupported)
}

func setMD5Key(_ int, _ netip.Addr, key string) error {
	if key == "" {
		return nil
	}
	return fmt.Errorf("TCP MD5: %w", ErrUnsupported)
}

func backlog(int) (int, error) { return 0, ErrUnsupported }
