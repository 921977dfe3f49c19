// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"errors"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestTooManyAnnouncements: a configuration that the table cannot hold is refused as a whole, before anything changes.
func TestTooManyAnnouncements(t *testing.T) {
	cfg := config(peerConfig())
	cfg.Announcements = make([]*rib.Announcement, rib.MaxAnnouncements)
	if err := cfg.Validate(); err != nil {
		t.Errorf("%d announcements: %v", len(cfg.Announcements), err)
	}
	cfg.Announcements = append(cfg.Announcements, nil)
	if err := cfg.Validate(); !errors.Is(err, rib.ErrTooManyAnnouncements) {
		t.Errorf("%d announcements: %v", len(cfg.Announcements), err)
	}
}
