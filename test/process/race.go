// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process

import "strings"

// What a child that was built with Go's race detector says and does: it ends with the first race that it finds, so that it
// can neither go unnoticed nor be followed by a hundred others. Whoever is built without it takes no notice.
const (
	raceEnvironment = "GORACE=halt_on_error=1 exitcode=66"
	raceExitCode    = 66
	raceReport      = "WARNING: DATA RACE"
)

// raced reports whether the race detector found something in the child.
func (p *Process) raced() bool { return strings.Contains(p.Log(), raceReport) }
