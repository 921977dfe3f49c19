// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// readings counts what is asked for.
type readings struct {
	client.Reader
	count int
}

func (r *readings) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	r.count++
	return nil
}

// TestStoredIsReadAgain: what somebody else did to a BGPSession is seen within four minutes, and at once when it is in doubt; in
// between nobody is asked.
func TestStoredIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &readings{}
		s := newStored(server, "node-1")
		const name = "tor-a.node-1"
		s.note(name, &v1alpha1.BGPSession{})
		look := func(want int, when string) {
			t.Helper()
			if _, err := s.get(t.Context(), name); err != nil || server.count != want {
				t.Errorf("%s it was read %d times, %v, want %d", when, server.count, err, want)
			}
		}
		look(0, "after it was written")
		for range 20 {
			wait := s.untilLook(name)
			if wait < 2*time.Minute || wait > 4*time.Minute {
				t.Fatalf("it is read again after %v", wait)
			}
			<-time.After(wait)
			look(server.count+1, "when it was due")
		}
		s.doubt()
		look(21, "in doubt")
		look(21, "after that")
	})
}
