// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// mortal is an announcement that lives a minute.
func mortal(name string, change ...func(*v1alpha1.Announcement)) v1alpha1.Announcement {
	return announcement("platform", name, 0, []string{"203.0.113.0/24"}, append([]func(*v1alpha1.Announcement){func(a *v1alpha1.Announcement) {
		a.Spec.ExpireAfterSeconds = new(int32(60))
	}}, change...)...)
}

func renewedAt(at time.Time) func(*v1alpha1.Announcement) {
	return func(a *v1alpha1.Announcement) {
		a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: at.Format(time.RFC3339)}
	}
}

func TestExpiry(t *testing.T) {
	after := func(seconds int) time.Time { return born.Add(time.Duration(seconds) * time.Second) }
	tests := []struct {
		name    string
		given   v1alpha1.Announcement
		at      time.Time
		expired bool
		expires time.Time
		pause   time.Duration // 0 for never
	}{
		{name: "new", given: mortal("a"), at: born, expires: after(60), pause: 10 * time.Second},
		{name: "just before", given: mortal("a"), at: after(60).Add(-time.Second), expires: after(60), pause: time.Second},
		{name: "in time", given: mortal("a"), at: after(60), expired: true, expires: after(60), pause: 10 * time.Second},
		{name: "long after", given: mortal("a"), at: after(1e6), expired: true, expires: after(60), pause: 10 * time.Second},
		{name: "in the far future", given: mortal("a", renewedAt(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))), at: after(1e6), expired: true, expires: after(60), pause: 10 * time.Second},
		{name: "in a year without nanoseconds", given: mortal("a", renewedAt(time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC))), at: after(1e6), expired: true, expires: after(60), pause: 10 * time.Second},
		{name: "in the far past", given: mortal("a", renewedAt(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC))), at: after(1e6), expired: true, expires: after(60), pause: 10 * time.Second},
		{name: "renewed", given: mortal("a", renewedAt(after(50))), at: after(60), expires: after(110), pause: 10 * time.Second},
		{name: "renewed before it was created", given: mortal("a", renewedAt(after(-50))), at: after(59), expires: after(60), pause: time.Second},
		{name: "renewed too late", given: mortal("a", renewedAt(after(70))), at: after(71), expires: after(130), pause: 10 * time.Second},
		{name: "by a fast clock", given: mortal("a", renewedAt(after(110))), at: after(50), expires: after(170), pause: 10 * time.Second},
		{name: "by a wrong clock", given: mortal("a", renewedAt(after(121))), at: after(60), expired: true, expires: after(60), pause: time.Second},
		{name: "by a wrong clock, later", given: mortal("a", renewedAt(after(121))), at: after(61), expires: after(181), pause: 10 * time.Second},
		{
			name: "for ever", given: announcement("platform", "a", 0, []string{"203.0.113.0/24"}, renewedAt(born)), at: after(1e9),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) { in.Announcements, in.Now = []v1alpha1.Announcement{test.given}, test.at }))
			sent, reason := []string{"platform/a 203.0.113.0/24"}, "ok"
			if test.expired {
				sent, reason = nil, v1alpha1.ReasonExpired
			}
			wantStrings(t, "routes", routes(sessionPeer(t, out)), sent...)
			wantStrings(t, "verdicts", verdicts(sessionPeer(t, out)), "platform/a "+reason)
			catalog := out.compiler.Catalog()
			if at := catalog.Expiry("platform/a").At; !at.Equal(test.expires) {
				t.Errorf("it expires at %v, want %v", at, test.expires)
			}
			if pause := catalog.Pause(test.at); pause != test.pause {
				t.Errorf("look again after %v, want %v", pause, test.pause)
			}
		})
	}
}

// TestRenewalChangesNothing renews an announcement before it expires: the configuration and the digest stay.
func TestRenewalChangesNothing(t *testing.T) {
	var h history
	in := input(func(in *given) { in.Announcements, in.Now = []v1alpha1.Announcement{mortal("a")}, born })
	before := h.compile(in)
	for i := range 1000 {
		in.Now = born.Add(time.Duration(i) * 30 * time.Second)
		in.Announcements = []v1alpha1.Announcement{mortal("a", renewedAt(in.Now))}
		if now := h.update(in); now.Output != before.Output {
			t.Fatalf("renewal %d changed the output", i)
		}
	}
	if n := compile.Deadlines(before.compiler); n > 100 {
		t.Errorf("%d deadlines of one announcement are kept", n)
	}
	in.Now = in.Now.Add(time.Minute)
	wantStrings(t, "verdicts", verdicts(sessionPeer(t, h.update(in))), "platform/a Expired")
}

// TestManyExpireAtOnce: what expires in one second is one change, for which it is enough to tell the time.
func TestManyExpireAtOnce(t *testing.T) {
	in := input(func(in *given) {
		in.Now = born
		for i := range 5000 {
			in.Announcements = append(in.Announcements, mortal(fmt.Sprint("a-", i)))
		}
	})
	var h history
	if n := len(routes(sessionPeer(t, h.compile(in)))); n != 5000 {
		t.Fatalf("%d routes, want 5000", n)
	}
	h.compiler.Update(&compile.Inputs{Now: born.Add(30 * time.Second)})
	out := compiled{h.compiler.Update(&compile.Inputs{Now: born.Add(time.Minute)}), h.compiler}
	wantStrings(t, "routes", routes(sessionPeer(t, out)))
	h.compiler.Update(&compile.Inputs{Now: born.Add(2 * time.Minute)})
	if n := compile.Deadlines(h.compiler); n != 0 {
		t.Errorf("%d deadlines are left", n)
	}
	if pause := h.compiler.Catalog().Pause(born.Add(2 * time.Minute)); pause != 10*time.Second {
		t.Errorf("the clock may be set back, and nobody looks for %v", pause)
	}
	out.Output = h.compiler.Update(&compile.Inputs{Now: born.Add(30 * time.Second)}) // the clock is set back
	if n := len(routes(sessionPeer(t, out))); n != 5000 {
		t.Fatalf("%d routes, want 5000", n)
	}
}

// TestShorterLifetimeActsAtOnce: an edit that cannot be used shortens a life, and never lengthens it.
func TestShorterLifetimeActsAtOnce(t *testing.T) {
	for _, test := range []struct {
		before, edit *int32
		want         string
	}{
		{new(int32(60)), new(int32(20)), "Expired"},
		{nil, new(int32(20)), "Expired"},
		{new(int32(20)), new(int32(60)), "Expired"},
		{new(int32(20)), nil, "Expired"},
		{new(int32(60)), nil, "ok"},
		{new(int32(60)), new(int32(0)), "ok"},
		{new(int32(60)), new(int32(-5)), "ok"},
	} {
		for _, unsupported := range []bool{false, true} {
			var h history
			in := input(func(in *given) { in.Announcements, in.Now = []v1alpha1.Announcement{mortal("a")}, born })
			in.Announcements[0].Spec.ExpireAfterSeconds = test.before
			h.compile(in)
			a := in.Announcements[0].DeepCopy()
			a.Generation++
			a.Spec.ExpireAfterSeconds = test.edit
			if unsupported {
				a.Spec.UnknownFields = []string{"healthCheck"}
			} else {
				a.Spec.PathID = new(int64(-1))
			}
			in.Announcements, in.Now = []v1alpha1.Announcement{*a}, born.Add(30*time.Second)
			wantStrings(t, fmt.Sprint(test, unsupported), verdicts(sessionPeer(t, h.update(in))), "platform/a "+test.want)
		}
	}
}

// TestRenewalThatCannotBeUsed: what does not count takes nothing away from the renewal before it.
func TestRenewalThatCannotBeUsed(t *testing.T) {
	now := born.Add(24 * time.Hour)
	for text, problem := range map[string]string{
		"2026-13-01": "is no time such as",
		"":           `"" is no time such as`, // a script that failed
		now.Add(2 * time.Minute).Format(time.RFC3339): "lies more than a minute ahead, and renews nothing yet",
	} {
		var h history
		in := input(func(in *given) { in.Announcements, in.Now = []v1alpha1.Announcement{mortal("a", renewedAt(now))}, now })
		h.compile(in)
		in.Announcements[0].Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: text}
		out := h.update(in)
		wantStrings(t, text, verdicts(sessionPeer(t, out)), "platform/a ok")
		if e := out.compiler.Catalog().Expiry("platform/a"); !e.At.Equal(now.Add(time.Minute)) || !strings.Contains(e.Problem, problem) {
			t.Errorf("%s: %+v", text, e)
		}
		in.Announcements[0].Annotations = nil
		wantStrings(t, "without the annotation", verdicts(sessionPeer(t, h.update(in))), "platform/a Expired")
	}
}

// TestSelectorsAreForgotten: an announcement that is edited for ever leaves no memory of its former selectors.
func TestSelectorsAreForgotten(t *testing.T) {
	var h history
	in := input(func(in *given) { in.Announcements = []v1alpha1.Announcement{mortal("a")} })
	for i := range 1000 {
		a := &in.Announcements[0]
		a.Generation++
		a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": v1alpha1.LabelValue(fmt.Sprint(i))}}
		a.Spec.PeerSelector = a.Spec.NodeSelector
		if i%2 == 0 {
			a.Spec.NodeSelector = nil
		}
		h.compile(in)
	}
	if n := compile.Answers(h.compiler); n > 200 {
		t.Errorf("%d answers about selectors are kept", n)
	}
}

func TestExpiredTermIsAnother(t *testing.T) {
	in := input(func(in *given) { in.Announcements, in.Now = []v1alpha1.Announcement{mortal("a")}, born })
	alive := in.catalog().Announcement("platform/a").Term()
	in.Now = born.Add(time.Minute)
	expired := in.catalog().Announcement("platform/a").Term()
	if alive == expired || alive.Bucket() != expired.Bucket() {
		t.Errorf("terms %v and %v, want two of one bucket", alive, expired)
	}
}
