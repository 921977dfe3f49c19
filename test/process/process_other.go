// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package process

import (
	"errors"
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func cpuOf(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
