// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestExpiry lets an announcement expire, and renews it: no file changes when its time is over.
func TestExpiry(t *testing.T) {
	left, right := newHost(t, "left", "127.0.0.1"), newHost(t, "right", "127.0.0.2")
	write(t, left.dir, "peer.yaml", left.peerWith("right", right, 64512, 64513))
	write(t, right.dir, "peer.yaml", right.peerWith("left", left, 64513, 64512))
	brief := webManifest(10) + "  expireAfterSeconds: %d\n"
	write(t, left.dir, "web.yaml", fmt.Sprintf(brief, 3600))
	left.start()
	right.start()
	eventually(t, "the announcement", func() error { return left.isTrue("Announcement", "web", "Ready", 1) })

	if accepted, err := left.condition("Announcement", "web", "Accepted"); err != nil || !strings.Contains(accepted.Message, "a restart would let its time run anew") {
		t.Errorf("no state is kept, and Accepted says %+v, %v", accepted, err)
	}

	write(t, left.dir, "web.yaml", fmt.Sprintf(brief, 2))
	eventually(t, "the end of its time", func() error {
		ready, err := left.condition("Announcement", "web", "Ready")
		if err == nil && ready.Reason != v1alpha1.ReasonExpired {
			err = fmt.Errorf("it is %+v", ready)
		}
		return err
	})
	if code, body := left.get("/routes?session=right.left"); body != "" {
		t.Errorf("it has expired, and /routes answers %d %s", code, body)
	}

	renewed := strings.Replace(fmt.Sprintf(brief, 2), "{name: web, namespace: shop}", fmt.Sprintf(
		"{name: web, namespace: shop, annotations: {%s: %q}}", v1alpha1.AnnotationRenewedAt, time.Now().Add(40*time.Second).UTC().Format(time.RFC3339)), 1)
	write(t, left.dir, "web.yaml", renewed)
	eventually(t, "the renewal", func() error { return left.isTrue("Announcement", "web", "Ready", 2) })
}
