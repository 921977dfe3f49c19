// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	// heraldBinary is the program under test: what HERALD_BINARY names, or what TestMain builds.
	heraldBinary string
	// results are those of all cases.
	results = &report{}
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Most of what a case does is wait: more of them than cores run at once, unless -parallel says so.
	parallel := false
	flag.Visit(func(f *flag.Flag) { parallel = parallel || f.Name == "test.parallel" })
	if !parallel {
		_ = flag.Set("test.parallel", "4") // the flag is there, and 4 is a number
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	heraldBinary = os.Getenv("HERALD_BINARY")
	if heraldBinary == "" && os.Getenv("VECTORS") != "" {
		dir, err := os.MkdirTemp("", "herald-conformance-")
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
	}
	code := m.Run()
	table := results.String()
	fmt.Print(table)
	if name := os.Getenv("HERALD_CONFORMANCE_REPORT"); name != "" && table != "" {
		if err := os.WriteFile(name, []byte(table), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}
