// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// attach starts a session in the family.
func (f *family[A]) attach(o *Out) reader {
	m := f.refuse(o, o.export)
	c := &cursor[A]{family: f, out: o, self: o.params.NextHopSelf(f.ops.Family), mayHold: append(members(nil), m...)}
	c.view = f.viewFor(f.profileFor(o, o.export), m)
	c.view.cursors[c] = struct{}{}
	return c
}
