// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"fmt"
	"runtime/debug"
)

// guarded turns a panic over what a peer sent into an error that ends the one session: the last belt, and a defect each
// time it is needed.
func (p *peer) guarded(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("defect in the %s: %v", what, r)
			p.log.Error(err, "recovered", "stack", string(debug.Stack()))
		}
	}()
	return f()
}
