// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import "syscall"

// attributes has the kernel kill the child when the thread that started it ends: a test binary that times
// out or is killed must not leave an API server behind.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
