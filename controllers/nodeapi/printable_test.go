// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	if got := printable("red\x1b[31m\tcell\u202e"); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "\tcell") {
		t.Errorf("%q", got)
	}
}
