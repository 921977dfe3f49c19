// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process

import "syscall"

// attributes has the kernel kill the child when the thread that started it ends: a test binary that times out or is
// killed must not leave a daemon behind. The child leads a process group, so that its own children can end with it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
