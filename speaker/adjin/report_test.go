// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

// A change may take long, such as the expiry of a million routes: a reader of the report does not wait for it.
func TestReportWaitsForNobody(t *testing.T) {
	tab := newTable(t, keep)
	tab.take(reach(wire.IPv4Unicast, path(64500), "10.0.0.0/8"))
	before := tab.Report()
	if len(before.Families) != 2 || before.Families[0].Routes != 1 {
		t.Errorf("report %+v", before)
	}
	tab.Busy(func() {
		reports := make(chan *adjin.Report, 1)
		go func() { reports <- tab.Report() }()
		select {
		case r := <-reports:
			if r != before {
				t.Errorf("report %+v, want the one before", r)
			}
		case <-time.After(10 * time.Second):
			t.Error("the report waits for the change")
		}
	})
}

// Changed is poked once the new report is there, and not for what changes no count.
func TestChangedTellsOfReports(t *testing.T) {
	tab := newTable(t, keep)
	poked := func() bool {
		select {
		case <-tab.Changed():
			return true
		default:
			return false
		}
	}
	if !poked() {
		t.Error("the beginning of the session changed nothing")
	}
	for _, step := range []struct {
		message []byte
		routes  int
		changed bool
	}{
		{reach(wire.IPv4Unicast, path(64500), "10.0.0.0/8"), 1, true},
		{reach(wire.IPv4Unicast, path(64500, 64501), "10.0.0.0/8"), 1, false}, // other attributes
		{reach(wire.IPv4Unicast, path(64500), "10.1.0.0/16"), 2, true},
		{unreach(wire.IPv4Unicast, "10.2.0.0/16"), 2, false},
		{unreach(wire.IPv4Unicast, "10.0.0.0/8", "10.1.0.0/16"), 0, true},
	} {
		tab.take(step.message)
		changed := poked()
		if n := tab.count(wire.IPv4Unicast).Routes; n != step.routes || changed != step.changed {
			t.Errorf("%x: %d routes, changed %v; want %d, %v", step.message, n, changed, step.routes, step.changed)
		}
	}
}
