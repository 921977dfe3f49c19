// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// TestCommandsTakeNoArguments: the error of every command names the argument that is too many.
func TestCommandsTakeNoArguments(t *testing.T) {
	for _, command := range newRootCommand().Commands() {
		root := newRootCommand()
		root.SetArgs([]string{command.Name(), "stray"})
		err := root.ExecuteContext(t.Context())
		if want := "herald " + command.Name() + ` takes no arguments, and "stray" is one`; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("herald %s stray: %v, want %q", command.Name(), err, want)
		}
	}
}
