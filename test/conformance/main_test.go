// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

var (
	// heraldBinary is the program under test.
	heraldBinary string
	// results are those of all cases.
	results = &report{}
)

func TestMain(m *testing.M) {
	harness.Parallel(4)
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path, remove, err := harness.Herald()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer remove()
	heraldBinary = path
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
