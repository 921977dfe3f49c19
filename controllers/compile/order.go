// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"time"
)

// older is the order of precedence of two objects: by creationTimestamp, then by namespace and name. An object without a
// creationTimestamp is the oldest.
func older(createdA, createdB time.Time, a, b Ref) int {
	return cmp.Or(
		createdA.Compare(createdB),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}
