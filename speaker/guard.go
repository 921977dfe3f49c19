// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"fmt"
	"runtime/debug"
)

// guarded turns a panic over a peer's message into an error that ends this one session. It is the last safeguard: each use of it
// is a defect.
func (p *peer) guarded(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("defect in the %s: %v", what, r)
			p.log.Error(err, "recovered", "stack", string(debug.Stack()))
		}
	}()
	return f()
}
