// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const self = "proc/self/cgroup"
	for name, test := range map[string]struct {
		files fstest.MapFS
		want  int64 // 0: none
	}{
		"a container":        {fstest.MapFS{self: file("0::/\n"), "sys/fs/cgroup/memory.max": file("268435456\n")}, 256 << 20},
		"no limit":           {fstest.MapFS{self: file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		"a host without one": {fstest.MapFS{self: file("0::/user.slice\n")}, 0},
		"a systemd unit whose slice has less": {fstest.MapFS{
			self:                                 file("0::/bgp.slice/herald.service\n"),
			"sys/fs/cgroup/bgp.slice/memory.max": file("1000\n"),
			"sys/fs/cgroup/bgp.slice/herald.service/memory.max": file("2000\n"),
		}, 1000},
		"a container of version 1": {fstest.MapFS{
			self: file("9:name=systemd:/\n4:memory:/kubepods/pod1\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("268435456\n"),
		}, 256 << 20},
		"version 1 without one": {fstest.MapFS{
			self: file("4:memory:/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 0},
		"no such files": {fstest.MapFS{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := memoryLimit(test.files); got != test.want || ok != (test.want != 0) {
				t.Errorf("limit %d, %v, want %d", got, ok, test.want)
			}
		})
	}
}
