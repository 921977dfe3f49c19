// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

// SetJitter replaces the random factor of timers, so that a history can be replayed. It is called before Run.
func (s *Speaker) SetJitter(f float64) { s.jitter = func() float64 { return f } }
