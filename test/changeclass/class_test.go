// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

// row is one edit of one field, and its expected effect.
type row struct {
	// field is the kind and the path.
	field string
	class class
	// note distinguishes rows of one field and class.
	note string
	// given changes the plain objects before the edit; nil for no change.
	given func(*objects)
	edit  func(*objects)
	// announced and withdrawn are the difference at the edited neighbour, with inPlace; atWitness says that the witness sees
	// the same difference.
	announced, withdrawn []string
	atWitness            bool
	// pending are the fields that PendingReset names, with deferred.
	pending string
	// started: the deferred change waits until the speaker is started again, for every applyMode.
	started bool
	// everywhere: the class applies to every session on the node, also to the witness's.
	everywhere bool
	// away: the neighbour does not answer the session after the reset.
	away bool
	// moves: the session after the reset is between other addresses, so the one before it ends for good.
	moves bool
}

func (r row) name() string {
	name := strings.ReplaceAll(r.field, " ", "/") + "/" + strings.ReplaceAll(string(r.class), " ", "-")
	if r.note != "" {
		name += "/" + r.note
	}
	return name
}

func rows() []row {
	return slices.Concat(nodeRows(), sessionRows(), capabilityRows(), exportRows(), grantRows(), announcementRows(),
		attributeRows("BGPPeer", func(o *objects) *v1alpha1.PathAttributes { return o.peer.Spec.Attributes }, []string{net4, tenant4}, []string{net6}, false),
		attributeRows("Announcement", func(o *objects) *v1alpha1.PathAttributes { return o.net.Spec.Attributes }, []string{net4}, []string{net6}, true),
	)
}

// Each field is changed under two live sessions. The wire shows the documented effect at the edited neighbour, and no effect at the
// witness.
func TestChangeClasses(t *testing.T) {
	for _, r := range rows() {
		t.Run(r.name(), func(t *testing.T) {
			t.Parallel()
			given := r.given
			if given == nil {
				given = func(*objects) {}
			}
			l := newLab(t, given)
			l.edit(r.edit)
			switch r.class {
			case inPlace:
				l.wantInPlace(r)
			case deferred:
				if r.started {
					l.wantStarted(r)
				} else {
					l.wantDeferred(r)
				}
			case reset:
				l.wantReset(r)
				if r.everywhere {
					wantConfigChange(t, l.witness)
					return
				}
			case end:
				l.wantEnd()
			}
			if !r.atWitness {
				r.announced, r.withdrawn = nil, nil
			}
			l.witness.wantEffect(t, r.announced, r.withdrawn)
		})
	}
}

// wantEffect asserts that a neighbour saw the difference, and nothing else.
func (v *view) wantEffect(t *testing.T, announced, withdrawn []string) {
	t.Helper()
	got := v.effects()
	if fmt.Sprint(got.announced) != fmt.Sprint(sorted(announced)) || fmt.Sprint(got.withdrawn) != fmt.Sprint(sorted(withdrawn)) ||
		len(got.others) > 0 {
		t.Errorf("%s saw +%v -%v and %v\nwant +%v -%v", v.name, got.announced, got.withdrawn, got.others, sorted(announced), sorted(withdrawn))
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// wantInPlace: the session stays, and the difference is all that is sent.
func (l *lab) wantInPlace(r row) {
	l.t.Helper()
	l.settle()
	l.wantPending()
	l.edited.wantEffect(l.t, r.announced, r.withdrawn)
}

// wantDeferred: nothing is sent until the person sets applyMode Immediate.
func (l *lab) wantDeferred(r row) {
	l.t.Helper()
	l.settle()
	l.wantPending(r.pending)
	l.edited.wantEffect(l.t, nil, nil)
	l.edited.seen = nil
	l.edit(func(o *objects) { o.peer.Spec.ApplyMode = new(v1alpha1.ApplyImmediate) })
	l.wantReset(r)
}

// wantStarted: nothing is sent, whatever applyMode is, and the status shows the pending change.
func (l *lab) wantStarted(r row) {
	l.t.Helper()
	l.edit(func(o *objects) { o.peer.Spec.ApplyMode = new(v1alpha1.ApplyImmediate) })
	l.settle()
	l.wantPending()
	l.edited.wantEffect(l.t, nil, nil)
	if s, _ := l.editedSnapshot(); s.PendingRouterID.String() != r.pending {
		l.t.Errorf("router ID %v, then %v; want %s then", s.RouterID, s.PendingRouterID, r.pending)
	}
}

// wantReset: that session ends with Cease/6, at once and without an UPDATE before it, and comes back. One that moves to other
// addresses does not come back where it was, so its routes are withdrawn, and it ends with Cease/2.
func (l *lab) wantReset(r row) {
	l.t.Helper()
	l.awaitEnd()
	if r.moves {
		wantShutdown(l.t, l.edited)
	} else {
		wantConfigChange(l.t, l.edited)
	}
	if r.away {
		return
	}
	l.settle()
	l.wantPending()
	opens := slices.DeleteFunc(slices.Clone(l.edited.seen), func(m message) bool { return m.kind != wire.TypeOpen })
	if len(opens) != 1 {
		l.t.Errorf("the neighbour was connected to %d times, want once: %v", len(opens), opens)
	}
}

// wantConfigChange asserts that the first message on a neighbour's session is Cease/6.
func wantConfigChange(t *testing.T, v *view) {
	t.Helper()
	live := v.live()
	if len(live) == 0 {
		t.Errorf("%s saw nothing, want Cease/6", v.name)
		return
	}
	if n := live[0].notification; live[0].kind != wire.TypeNotification || n.Code != wire.CodeCease || n.Subcode != wire.CeaseConfigChange {
		t.Errorf("the first that %s saw is %v, want Cease/6", v.name, live[0])
	}
}

// wantShutdown asserts that a neighbour's session ended with withdrawals of everything, and Cease/2.
func wantShutdown(t *testing.T, v *view) {
	t.Helper()
	got := (&view{seen: v.live()}).effects()
	if want := sorted([]string{net4, net6, tenant4}); len(got.announced) > 0 || !slices.Equal(got.withdrawn, want) {
		t.Errorf("%s saw +%v -%v at the end, want -%v", v.name, got.announced, got.withdrawn, want)
	}
	if len(got.others) != 1 || got.others[0].notification.Code != wire.CodeCease || got.others[0].notification.Subcode != wire.CeaseAdminShutdown {
		t.Errorf("%s saw %v at the end, want Cease/2", v.name, got.others)
	}
}

// wantEnd: the announced routes are withdrawn, then the session ends with Cease/2 and stays down.
func (l *lab) wantEnd() {
	l.t.Helper()
	l.awaitEnd()
	last := l.edited.seen[len(l.edited.seen)-1]
	if last.kind != wire.TypeNotification {
		l.t.Fatalf("the last that was seen is %v", last)
	}
	if last.notification.Code != wire.CodeCease || last.notification.Subcode != wire.CeaseAdminShutdown {
		l.t.Errorf("the last that was seen is %v, want Cease/2", last)
	}
	l.edited.seen = l.edited.seen[:len(l.edited.seen)-1]
	l.edited.wantEffect(l.t, nil, []string{net4, net6, tenant4})
	harness.Eventually(l.t, patience, "the peer is gone, or down", func() error {
		if s, known := l.editedSnapshot(); known && (!s.AdminDown || s.State != speaker.StateIdle) {
			return fmt.Errorf("%v", s.State)
		}
		return nil
	})
	if err := l.edited.take(); err != nil {
		l.t.Error(err)
	}
	l.witnessSettles()
}

// witnessSettles is settle for the witness alone.
func (l *lab) witnessSettles() {
	l.t.Helper()
	l.objects.peerGone = true
	l.apply()
	l.settle()
}

func (l *lab) wantPending(fields ...string) {
	l.t.Helper()
	if s, _ := l.editedSnapshot(); !slices.EqualFunc(s.PendingReset, fields, func(p speaker.Parameter, field string) bool { return compile.FieldOf(p) == field }) {
		l.t.Errorf("waiting for a reset: %q, want %q", s.PendingReset, fields)
	}
}
