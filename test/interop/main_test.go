// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

// heraldBinary is the program under test.
var heraldBinary string

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
	return m.Run()
}
