// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Herald is the program under test: what HERALD_BINARY names, or what is built here, with the race detector where the tests
// have it or HERALD_RACE=1 asks for it. A race that it finds ends the program, and fails the test that started it: see
// process.Process.Report. remove is called at the end.
func Herald() (path string, remove func(), err error) {
	if path = os.Getenv("HERALD_BINARY"); path != "" {
		return path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "herald-test-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "herald")
	build := exec.Command("go", "build", "-o", path)
	if raceDetector || os.Getenv("HERALD_RACE") == "1" {
		build.Args = append(build.Args, "-race")
		build.Env = append(build.Environ(), "CGO_ENABLED=1") // the race detector needs it
	}
	build.Args = append(build.Args, "github.com/herald-bgp/herald/cmd/herald")
	if out, err := build.CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("build herald: %w\n%s", err, out)
	}
	return path, remove, nil
}

// Parallel lets n tests of a package run at once unless -parallel says how many: for those that mostly wait for other
// programs, more than there are cores. It parses the flags.
func Parallel(n int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(n)) // the flag is there, and takes numbers
	}
}
