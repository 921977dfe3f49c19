// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"encoding/hex"
	"math"
	"testing"
)

func TestSumIsModulo128Bits(t *testing.T) {
	for name, test := range map[string]struct {
		a, b Sum
		want string
	}{
		"carry":    {Sum{1, math.MaxUint64}, Sum{2, 1}, "00000000000000040000000000000000"},
		"overflow": {Sum{math.MaxUint64, math.MaxUint64}, Sum{0, 3}, "00000000000000000000000000000002"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hex.EncodeToString(test.a.Plus(test.b).AppendTo(nil)); got != test.want {
				t.Errorf("sum %s, want %s", got, test.want)
			}
		})
	}
}
