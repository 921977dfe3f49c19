// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"reflect"
	"slices"
)

// Report says what the peer was sent. Its slices must not be modified.
func (o *Out) Report() Report { return *o.report.Load() }

// promote makes the report speak of the newest export once all of it was
// written, and reports whether its content changed. Called with mu held.
func (o *Out) promote() bool {
	if o.inFlight || !o.idle() || o.reported == o.export {
		return false
	}
	o.reported = o.export
	newest := &Report{Token: o.export.Token, Withheld: o.view.withheld, Announced: o.counts()}
	if newest.equal(o.report.Load()) {
		return false
	}
	o.report.Store(newest)
	return true
}

// counts returns how many routes of each family the peer was sent.
func (o *Out) counts() []FamilyCount {
	counts := make([]FamilyCount, len(o.families))
	for i, a := range o.families {
		counts[i] = FamilyCount{Family: a.family, Routes: a.routes}
	}
	return counts
}

// equal reports whether two reports have the same content. Tokens that Go cannot
// compare are different.
func (r *Report) equal(other *Report) bool {
	return reflect.ValueOf(r.Token).Comparable() && reflect.ValueOf(other.Token).Comparable() &&
		r.Token == other.Token &&
		slices.Equal(r.Withheld, other.Withheld) && slices.Equal(r.Announced, other.Announced)
}
