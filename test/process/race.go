// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process

import "strings"

// The options of a child that was built with Go's race detector: it ends with the first race, so that a race can neither go
// unnoticed nor be followed by a hundred others. A child without the race detector ignores the options.
const (
	raceEnvironment = "GORACE=halt_on_error=1 exitcode=66"
	raceExitCode    = 66
	raceReport      = "WARNING: DATA RACE"
)

// raced reports whether the race detector found something in the child.
func (p *Process) raced() bool { return strings.Contains(p.Log(), raceReport) }
