// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// randomInput is a cluster of valid objects, with conflicts, grants and limits among them.
func randomInput(r *rand.Rand) given {
	in := input(func(in *given) {
		in.Peers = nil
		in.Node.Labels = map[string]string{"rack": "a"}
		in.Secrets = map[string]map[string][]byte{"present": {"password": []byte("k")}}
		in.Now = born.Add(time.Duration(r.IntN(10)) * time.Second)
	})
	pick := func(chance float64) bool { return r.Float64() < chance }
	for i := range 2 + r.IntN(6) {
		in.Peers = append(in.Peers, peer(fmt.Sprint("peer-", i), fmt.Sprintf("192.0.2.%d", 1+r.IntN(6)), r.IntN(4), func(p *v1alpha1.BGPPeer) {
			p.Labels = map[string]string{"side": []string{"left", "right"}[r.IntN(2)]}
			p.Spec.AllowedAnnouncements = randomGrants(r)
			if pick(.3) {
				p.Spec.Families = []v1alpha1.Family{family4()}
			}
			if pick(.3) {
				p.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": []v1alpha1.LabelValue{"a", "b"}[r.IntN(2)]}}
			}
			if pick(.3) {
				p.Spec.Authentication = &v1alpha1.Authentication{Type: v1alpha1.AuthenticationTCPMD5, TCPMD5: &v1alpha1.TCPMD5{
					SecretRef: v1alpha1.SecretKeyReference{Name: []string{"present", "missing"}[r.IntN(2)]},
				}}
			}
		}))
	}
	pool := []string{"203.0.113.0/24", "203.0.113.0/28", "203.0.113.16/28", "203.0.113.32/28", "203.0.113.48/28", "198.51.100.0/24", "0.0.0.0/0", "2001:db8::/48", "::/0"}
	for i := range 1 + r.IntN(8) {
		var prefixes []string
		for range 1 + r.IntN(4) {
			prefixes = append(prefixes, pool[r.IntN(len(pool))])
		}
		namespace := []string{"platform", "shop", "shop", "ghost"}[r.IntN(4)]
		in.Announcements = append(in.Announcements, announcement(namespace, fmt.Sprint("ann-", i), r.IntN(4), prefixes, func(a *v1alpha1.Announcement) {
			if pick(.3) {
				a.Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"side": "left"}}
			}
			if pick(.3) {
				a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(r.IntN(3))), Communities: []string{"BLACKHOLE", "64512:1"}}
			}
			if pick(.3) {
				a.Spec.ExpireAfterSeconds = new(int32(1 + r.IntN(12)))
			}
		}))
	}
	return in
}

// randomGrants are entries that overlap, with little room in some.
func randomGrants(r *rand.Rand) *v1alpha1.AllowedAnnouncements {
	pick := func(chance float64) bool { return r.Float64() < chance }
	granted := allow()
	if pick(.3) {
		granted.MaxPrefixes = new(int32(r.IntN(8)))
	}
	if pick(.3) {
		granted.Infrastructure = []v1alpha1.Infrastructure{v1alpha1.InfrastructureDefaultRoute}
	}
	if pick(.2) {
		granted.Families = []v1alpha1.Family{family4()}
	}
	for i := range r.IntN(4) {
		granted.Tenants = append(granted.Tenants, webTenant(func(entry *v1alpha1.Tenant) {
			entry.Name = fmt.Sprint("entry-", (i*7+3)%5)
			if pick(.4) {
				entry.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll}
			}
			if pick(.4) {
				entry.Prefixes = append(entry.Prefixes, v1alpha1.TenantPrefix{CIDR: "0.0.0.0/0", MaxLength: new(int32(32))},
					v1alpha1.TenantPrefix{CIDR: "2001:db8::/32", MaxLength: new(int32(64))})
			}
			if pick(.6) {
				entry.MaxPrefixes = new(int32(r.IntN(5)))
			}
		}))
	}
	return granted
}

// clone is a deep copy of the objects, so that what Compile does to its input shows.
func clone(in given) given {
	out := in
	out.Peers, out.Announcements = nil, nil
	for i := range in.Peers {
		out.Peers = append(out.Peers, *in.Peers[i].DeepCopy())
	}
	for i := range in.Announcements {
		out.Announcements = append(out.Announcements, *in.Announcements[i].DeepCopy())
	}
	return out
}

func shuffle(r *rand.Rand, in *given) {
	r.Shuffle(len(in.Peers), func(i, j int) { in.Peers[i], in.Peers[j] = in.Peers[j], in.Peers[i] })
	r.Shuffle(len(in.Announcements), func(i, j int) {
		in.Announcements[i], in.Announcements[j] = in.Announcements[j], in.Announcements[i]
	})
	for i := range in.Announcements {
		prefixes := in.Announcements[i].Spec.Prefixes
		r.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	}
}

func TestCompileProperties(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		in := randomInput(r)
		before := clone(in)
		var h history
		out := h.compile(in)
		if !reflect.DeepEqual(in, before) {
			t.Fatalf("seed %d: the input changed", seed)
		}

		shuffled := clone(in)
		shuffle(r, &shuffled)
		if a, b := describe(out), describe(compileGiven(shuffled)); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: another order gives another output:\n%s", seed, difference(a, b))
		}
		if again := h.compile(shuffled); again.Config != out.Config {
			t.Fatalf("seed %d: nothing changed, but the configuration is not the one before", seed)
		}
		spoil(t, seed, r, in, &h, out)
	}
}

// spoil adds objects that are not valid, and asserts that nobody else notices.
func spoil(t *testing.T, seed uint64, r *rand.Rand, in given, h *history, out compiled) {
	t.Helper()
	bad := clone(in)
	bad.Peers = append(bad.Peers, peer("bad-peer", "192.0.2.1", -1, func(p *v1alpha1.BGPPeer) { p.Spec.Port = new(int32(0)) }))
	bad.Announcements = append(bad.Announcements, announcement("platform", "bad-announcement", -1, []string{"203.0.113.1/24"}))
	shuffle(r, &bad)
	spoiled := h.compile(bad)
	if spoiled.Config != out.Config {
		t.Fatalf("seed %d: objects that are not valid changed the others' configuration", seed)
	}
	if len(spoiled.Issues) != len(out.Issues)+2 {
		t.Fatalf("seed %d: issues %v, and with two bad objects %v", seed, out.Issues, spoiled.Issues)
	}
}

// described is what a configuration says, without pointers.
type described struct {
	parameters []speaker.Peer
	guards     []*rib.Guard
	defaults   []rib.Attributes
	all        []rib.Announcement
	sessions   []compile.OracleSession
}

// describe says what a configuration says. Reasons and sums are as the oracle has them.
func describe(out compiled) (d described) {
	for a := range out.Config.Announcements.All() {
		d.all = append(d.all, announced(a))
	}
	for i, p := range out.Config.Peers {
		export := out.Config.Exports[i]
		of := sessionAt(out, i)
		session := compile.OracleSession{Peer: p.Name, Reasons: verdicts(of)}
		for _, a := range of.Export.Announcements {
			session.Sent = append(session.Sent, compile.OracleSent{
				ID: a.ID, Prefixes: slices.Collect(a.Prefixes.All()),
			})
		}
		decisions := compile.DecisionsOf(export.Token)
		session.Sums, session.Going = decisions.Sums, decisions.Sent
		d.sessions = append(d.sessions, session)
		d.parameters = append(d.parameters, *p)
		d.guards, d.defaults = append(d.guards, export.Guard), append(d.defaults, export.Defaults)
	}
	return d
}

// announced is an announcement without what it was made from.
func announced(a *rib.Announcement) rib.Announcement {
	bare := *a
	bare.Note = nil
	return bare
}

// TestHistoriesLeaveNoTrace changes a few things after the other: what is compiled step by step is what is compiled at once of the
// objects as they are in force, and what the oracle finds. No list changes once it was published.
func TestHistoriesLeaveNoTrace(t *testing.T) {
	held, bound, expired := 0, 0, 0
	for seed := range uint64(histories()) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := randomInput(r)
		valid := lastValid{}
		valid.inForce(in)
		var h history
		published := map[*rib.List][]*rib.Announcement{}
		out := h.compile(in)
		for step := range 24 {
			next := clone(in)
			for range 1 + r.IntN(3) {
				edit(r, &next)
			}
			before, now := describe(out), h.update(next)
			inForce := valid.inForce(next)
			fresh := compileGiven(inForce)
			got, want := describe(now), describe(fresh)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, step %d: what came before shows in the output:\n%s", seed, step, difference(got, want))
			}
			inputs := next.read(&h.reader)
			for _, a := range inForce.Announcements {
				reading := inputs.Announcements[a.Namespace+"/"+a.Name]
				reading.Renewed = compile.RenewalOf(&a.ObjectMeta)
				inputs.Announcements[a.Namespace+"/"+a.Name] = reading
			}
			if oracle := compile.Oracle(&inputs, next.Settings); !reflect.DeepEqual(got.sessions, oracle) {
				t.Fatalf("seed %d, step %d: the oracle finds another output:\n%s", seed, step, difference(got, described{sessions: oracle}))
			}
			issues := slices.DeleteFunc(slices.Clone(now.Issues), func(i compile.Issue) bool { return i.Held })
			if !slices.Equal(issues, fresh.Issues) {
				t.Fatalf("seed %d, step %d: issues %v, want %v", seed, step, issues, fresh.Issues)
			}
			held += len(now.Issues) - len(issues)
			bound += compile.Bound(now.compiler)
			for _, session := range got.sessions {
				for _, reason := range session.Reasons {
					expired += strings.Count(reason, v1alpha1.ReasonExpired)
				}
			}
			if problem := compile.CheckTotals(now.compiler); problem != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, problem)
			}
			if now.Config == out.Config && !reflect.DeepEqual(withoutReasons(got), withoutReasons(before)) {
				t.Fatalf("seed %d, step %d: another configuration in the same place: %s", seed, step, difference(got, before))
			}
			for _, export := range now.Config.Exports {
				published[export.Announcements] = slices.Collect(export.Announcements.All())
			}
			published[now.Config.Announcements] = slices.Collect(now.Config.Announcements.All())
			in, out = next, now
		}
		for list, was := range published {
			if !slices.Equal(slices.Collect(list.All()), was) {
				t.Fatalf("seed %d: a list changed after it was published", seed)
			}
		}
	}
	if held == 0 || bound == 0 || expired == 0 {
		t.Errorf("an older version was in force %d times, a limit bound %d times, %d verdicts were Expired: too few to tell", held, bound, expired)
	}
}

// histories is how many random histories are gone through.
func histories() int {
	if n, err := strconv.Atoi(os.Getenv("HERALD_SIM_HISTORIES")); err == nil {
		return n
	}
	return 300
}

// withoutReasons leaves out why nothing is sent of an announcement, which is no part of a configuration.
func withoutReasons(d described) described {
	d.sessions = slices.Clone(d.sessions)
	for i := range d.sessions {
		d.sessions[i].Reasons = nil
	}
	return d
}

// difference shows the first session that differs, or else everything.
func difference(a, b described) string {
	for i := range min(len(a.sessions), len(b.sessions)) {
		x, y := a.sessions[i], b.sessions[i]
		if sums := x.Sums != y.Sums; !reflect.DeepEqual(x, y) {
			x.Sums, y.Sums = compile.Sums{}, compile.Sums{}
			return strings.ReplaceAll(fmt.Sprintf("%+v\n%+v, sums differ: %v", x, y, sums), fmt.Sprintf("%+v", compile.Sums{}), "")
		}
	}
	return fmt.Sprintf("%+v\n%+v", a, b)
}

// edit changes one thing, and returns the name of the announcement that it was, if it was one.
func edit(r *rand.Rand, in *given) (announcement string) {
	switch r.IntN(20) {
	case 16, 17: // also back
		in.Now = in.Now.Add(time.Duration(r.IntN(9)-2) * time.Second)
	case 18, 19:
		renew(r, &in.Announcements[r.IntN(len(in.Announcements))], in.Now)
	case 12:
		comeOrGo(r, in)
	case 13:
		in.Namespaces = []map[string]map[string]string{nil, {"ghost": {"team": "web"}}, {"shop": nil, "ghost": {"team": "web"}}}[r.IntN(3)]
	case 14:
		in.Node.Gone = r.IntN(3) == 0
		in.Node.Addresses = [][]netip.Addr{addrs("192.0.2.10", "2001:db8::10"), addrs("192.0.2.11"), nil}[r.IntN(3)]
	case 15: // as new objects of those names, in the same second
		p, a := &in.Peers[r.IntN(len(in.Peers))], &in.Announcements[r.IntN(len(in.Announcements))]
		p.UID, p.Generation, p.DeletionTimestamp = p.UID+"-again", 1, nil
		a.UID, a.Generation, a.DeletionTimestamp = a.UID+"-again", 1, nil
	case 0:
		in.Peers[r.IntN(len(in.Peers))].Labels = map[string]string{"side": []string{"left", "right"}[r.IntN(2)]}
	case 1:
		p := &in.Peers[r.IntN(len(in.Peers))]
		p.Generation++
		p.Spec.AllowedAnnouncements = randomGrants(r)
	case 2:
		in.Namespaces = map[string]map[string]string{"shop": {"team": []string{"web", "other"}[r.IntN(2)]}, "platform": {}}
	case 3:
		in.Node.Labels = map[string]string{"rack": []string{"a", "b"}[r.IntN(2)]}
	case 4:
		in.Secrets = []map[string]map[string][]byte{nil, {"present": {"password": []byte("other")}}, {"missing": {"password": []byte("k")}}}[r.IntN(3)]
	case 5: // as new objects of those names
		p := &in.Peers[r.IntN(len(in.Peers))]
		p.UID += "-again"
		i := r.IntN(len(in.Announcements))
		a := &in.Announcements[i]
		a.UID += "-again"
		a.CreationTimestamp.Time = a.CreationTimestamp.Add(10 * time.Second)
		return a.Namespace + "/" + a.Name
	case 6, 7:
		editPeer(r, &in.Peers[r.IntN(len(in.Peers))])
	case 8, 9:
		a := &in.Announcements[r.IntN(len(in.Announcements))]
		editAnnouncement(r, a)
		return a.Namespace + "/" + a.Name
	default:
		other := randomInput(r).Announcements[0]
		a := &in.Announcements[r.IntN(len(in.Announcements))]
		a.Generation++
		a.Spec = other.Spec
		if r.IntN(4) == 0 {
			a.Spec.Prefixes = []string{"203.0.113.1/24"}
		}
		return a.Namespace + "/" + a.Name
	}
	return ""
}

// TestEachVersionIsReadOnce changes one of the announcements without a new generation: nobody looks at it.
func TestEachVersionIsReadOnce(t *testing.T) {
	var reader compile.Reader
	in := input(func(in *given) {
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "a", 0, []string{"203.0.113.0/28"}), announcement("platform", "b", 0, []string{"203.0.113.16/28"}),
		}
	})
	before := in.read(&reader)
	for i := range in.Announcements {
		in.Announcements[i].Spec.Prefixes[0] = "198.51.100.0/24"
	}
	in.Announcements[1].Generation++
	after := in.read(&reader)
	if before.Announcements["platform/a"].InForce != after.Announcements["platform/a"].InForce || before.Peers["tor-a"].InForce != after.Peers["tor-a"].InForce {
		t.Error("what has the generation of before was read again")
	}
	if got := after.Announcements["platform/b"].InForce.PrefixTexts(); len(got) != 1 || got[0] != "198.51.100.0/24" {
		t.Errorf("prefixes %v of the new generation", got)
	}
}
