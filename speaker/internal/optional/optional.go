// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package optional compares values that may be unset. A pointer that is nil stands for an unset value.
package optional

// Equal reports whether both values are unset, or both are set and equal.
func Equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
