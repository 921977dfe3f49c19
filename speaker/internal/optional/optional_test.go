// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package optional_test

import (
	"testing"

	"github.com/herald-bgp/herald/speaker/internal/optional"
)

func TestEqual(t *testing.T) {
	one := new(1)
	for _, test := range []struct {
		a, b *int
		want bool
	}{
		{nil, nil, true}, {one, one, true}, {one, new(1), true}, {one, new(2), false}, {one, nil, false}, {nil, new(0), false},
	} {
		if got := optional.Equal(test.a, test.b); got != test.want {
			t.Errorf("%v and %v: %v, want %v", test.a, test.b, got, test.want)
		}
	}
}
