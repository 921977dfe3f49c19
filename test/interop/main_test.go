// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// heraldBinary is the program under test: what HERALD_BINARY names, or what TestMain builds.
var heraldBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	// Most of what these tests do is wait for others: more of them than cores run at once, unless -parallel says so.
	if !isSet("test.parallel") {
		_ = flag.Set("test.parallel", "4") // the flag is there, and 4 is a number
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	if heraldBinary = os.Getenv("HERALD_BINARY"); heraldBinary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "herald-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	heraldBinary = filepath.Join(dir, "herald")
	build := exec.Command("go", "build", "-o", heraldBinary, "github.com/herald-bgp/herald/cmd/herald")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build herald: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}
