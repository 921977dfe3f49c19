// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes make the kernel kill the child when the thread that started it ends: a test binary that times out or is
// killed must not leave a daemon behind. The child leads a process group, so that its own children can end with it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// cpuOf reads the processor clock of a process, as clock_getcpuclockid(3) names it, in nanoseconds: /proc/PID/stat
// only counts ticks of 10 ms.
func cpuOf(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &used); err != nil {
		return 0, err
	}
	return time.Duration(used.Nano()), nil
}
