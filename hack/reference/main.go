// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Command reference prints docs/reference.md: the fields of the objects that people write, with their descriptions in the embedded
// CRDs. `make generate` runs it.
package main

import (
	"fmt"
	"os"

	"github.com/herald-bgp/herald/config/crd"
)

func main() {
	definitions, err := crd.Definitions()
	if err == nil {
		err = write(os.Stdout, definitions)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reference: "+err.Error())
		os.Exit(1)
	}
}
