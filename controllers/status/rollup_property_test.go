// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// TestRollupIsTheSameStepByStep compares a roll-up that gets only the changes with one that reads everything anew at each step.
// Both must answer the same; the answer on an untouched object must not change; and the counts must match the single sessions.
func TestRollupIsTheSameStepByStep(t *testing.T) {
	const histories, steps = 150, 40
	for seed := range uint64(histories) {
		h := newHistory(t, seed)
		for range steps {
			h.step()
			h.check()
			if t.Failed() {
				return
			}
		}
	}
}

// history is a cluster in which something changes at each step.
type history struct {
	*cluster
	t          *testing.T
	seed, made uint64
	random     *rand.Rand
	log        []string
	namespaces map[string]map[string]string

	// reader, catalog and nodes are the last input of the roll-up that gets only the changes. Nodes remember the last valid
	// versions; both roll-ups belong to a leader that began after the last edit that cannot be used.
	reader          *compile.Reader
	catalog         *compile.Catalog
	changes         compile.Changes
	given           []compile.NodeFacts
	told, anew      *status.Rollup
	reported        map[string]*v1alpha1.BGPSession
	objectsChanged  bool
	nodesChanged    bool
	changed, gone   map[string]bool
	edited          map[string]bool
	memory, another map[string]*status.Confirmation
	answers         map[string]v1alpha1.AnnouncementStatus
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{
		cluster: newCluster(t, 3), t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 3)),
		told: status.NewRollup(), anew: status.NewRollup(), reported: map[string]*v1alpha1.BGPSession{},
		memory: map[string]*status.Confirmation{}, another: map[string]*status.Confirmation{},
		answers: map[string]v1alpha1.AnnouncementStatus{}, objectsChanged: true, nodesChanged: true,
		namespaces: map[string]map[string]string{"platform": {}, "shop": {"team": "web"}},
	}
	h.lost = map[string]bool{}
	h.objects.clock = now
	h.reader, h.objects.reader = &compile.Reader{}, &compile.Reader{}
	h.addPeer("tor-b", "192.0.2.2")
	for range 4 {
		h.addAny()
	}
	return h
}

// pick is one of the values.
func pick[T any](h *history, values ...T) T { return values[h.random.IntN(len(values))] }

// addAny adds an announcement that is unlike most others.
func (h *history) addAny() {
	h.made++
	name := fmt.Sprint("ann-", h.made)
	h.addAnnouncement(name, fmt.Sprintf("203.0.%d.0/24", h.random.IntN(8)), func(a *v1alpha1.Announcement) {
		a.Namespace = pick(h, "platform", "platform", "shop")
		a.UID = uid(a.Namespace, name)
		h.edit(&a.Spec)
	})
	h.edited[h.objects.Announcements[len(h.objects.Announcements)-1].Namespace+"/"+name] = true
}

func (h *history) edit(spec *v1alpha1.AnnouncementSpec) {
	if h.edited == nil {
		h.edited = map[string]bool{}
	}
	spec.Prefixes = []string{fmt.Sprintf("203.0.%d.0/24", h.random.IntN(8))}
	if h.random.IntN(3) == 0 {
		spec.Prefixes = append(spec.Prefixes, "198.51.100.0/24")
	}
	spec.NodeSelector, spec.AdminState, spec.PeerSelector, spec.Peers = nil, nil, nil, nil
	switch h.random.IntN(6) {
	case 0:
		spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
	case 1:
		spec.Peers = []string{pick(h, "tor-b", "tor-c")}
	}
	if h.random.IntN(2) == 0 {
		spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": pick[v1alpha1.LabelValue](h, "node-1", "node-2", "other")}}
	}
	if spec.ExpireAfterSeconds = nil; h.random.IntN(4) == 0 {
		spec.ExpireAfterSeconds = new(pick(h, int32(1), 10, 30, 60))
	}
	if h.random.IntN(8) == 0 {
		spec.AdminState = new(v1alpha1.AdminStateDown)
	}
	if h.random.IntN(8) == 0 {
		spec.Prefixes = []string{"nonsense"}
		h.reader = &compile.Reader{}
	}
}

// step changes something, or a few things.
func (h *history) step() {
	h.changed, h.gone, h.edited = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for range 1 + h.random.IntN(2) {
		before := len(h.log)
		h.change()
		if len(h.log) == before {
			h.log = append(h.log, "nothing")
		}
	}
}

func (h *history) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

func (h *history) change() {
	announcements, peers := h.objects.Announcements, h.objects.Peers
	switch n := h.random.IntN(26); {
	case n >= 24:
		h.objects.clock = h.objects.clock.Add(time.Duration(h.random.IntN(20)) * time.Second)
		h.note("the clock says %v", h.objects.clock)
		h.objectsChanged = true
	case n >= 22 && len(announcements) > 0:
		h.objects.Announcements = slices.Clone(announcements)
		a := &h.objects.Announcements[h.random.IntN(len(announcements))]
		a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: h.objects.clock.Add(time.Duration(h.random.IntN(70)-10) * time.Second).Format(time.RFC3339)}
		h.edited[a.Namespace+"/"+a.Name] = true
		h.note("renew %s: %v", a.Name, a.Annotations)
		h.objectsChanged = true
	case n < 7:
		h.reportAny()
	case n < 9:
		h.addAny()
		h.note("add an announcement")
		h.objectsChanged = true
	case n < 10 && len(announcements) > 1:
		i := h.random.IntN(len(announcements)) / pick(h, 1, 4) // an old announcement shifts the places of all others
		h.note("delete %s", announcements[i].Name)
		h.objects.Announcements = slices.Delete(slices.Clone(announcements), i, i+1)
		h.objectsChanged = true
	case n < 13 && len(announcements) > 0:
		h.objects.Announcements = slices.Clone(announcements)
		a := &h.objects.Announcements[h.random.IntN(len(announcements))]
		h.edit(&a.Spec)
		a.Generation++
		h.edited[a.Namespace+"/"+a.Name] = true
		h.note("edit %s: %+v", a.Name, a.Spec)
		h.objectsChanged = true
	case n < 15:
		h.objects.Peers = slices.Clone(peers)
		h.editPeer(&h.objects.Peers[h.random.IntN(len(peers))])
	case n < 16:
		h.namespaces = maps.Clone(h.namespaces)
		h.namespaces["shop"] = map[string]string{"team": pick(h, "web", "db")}
		h.note("namespace shop: %v", h.namespaces["shop"])
		h.objectsChanged = true
	case n < 17:
		h.nodes = slices.Clone(h.nodes)
		node := &h.nodes[h.random.IntN(len(h.nodes))]
		node.Labels = map[string]string{"name": pick(h, "node-1", "node-2", "node-3", "other")}
		h.note("node %s: %v", node.Name, node.Labels)
		h.nodesChanged = true
	case n < 18:
		name := pick(h, "node-1", "node-2", "node-3")
		h.speakers[name], h.lost[name] = h.random.IntN(2) == 0, h.random.IntN(3) == 0
		h.note("node %s: speaker %v, lost %v", name, h.speakers[name], h.lost[name])
	case n < 19:
		for name := range h.sessions {
			delete(h.sessions, name)
			h.gone[name] = true
			h.note("BGPSession %s is gone", name)
			return
		}
	case n < 21:
		h.comeOrGo()
	default:
		node := h.nodes[h.random.IntN(len(h.nodes))]
		h.note("report of %s", node.Name)
		h.reportSkewed(node, nil)
		h.markNode(node.Name)
	}
}

// comeOrGo lets a node, a BGPPeer, a namespace or an Announcement come or go, or makes it again.
func (h *history) comeOrGo() {
	switch h.random.IntN(4) {
	case 0:
		all := newCluster(h.t, 4).nodes
		h.nodes = slices.DeleteFunc(all, func(compile.NodeFacts) bool { return h.random.IntN(4) == 0 })
		if len(h.nodes) == 0 {
			h.nodes = newCluster(h.t, 1).nodes
		}
		h.nodesChanged = true
		h.note("the nodes are %+v", h.nodes)
	case 1:
		peers := slices.DeleteFunc(slices.Clone(h.objects.Peers), func(p v1alpha1.BGPPeer) bool { return p.Name == "tor-c" })
		if h.objects.Peers = peers; h.random.IntN(3) > 0 {
			h.addPeer("tor-c", pick(h, "192.0.2.1", "192.0.2.3", "nonsense"), func(p *v1alpha1.BGPPeer) { p.UID = h.newUID() })
		}
		h.note("the peers are %+v", h.objects.Peers)
		h.objectsChanged = true
	case 2:
		h.namespaces = maps.Clone(h.namespaces)
		delete(h.namespaces, "shop")
		h.note("the namespace shop is gone")
		h.objectsChanged = true
	case 3:
		h.objects.Announcements = slices.Clone(h.objects.Announcements)
		a := &h.objects.Announcements[h.random.IntN(len(h.objects.Announcements))]
		h.edit(&a.Spec)
		a.UID, a.Generation = h.newUID(), 1
		name := a.Namespace + "/" + a.Name
		h.edited[name] = true
		delete(h.memory, name)
		delete(h.another, name)
		h.note("%s is made again: %+v", name, a.Spec)
		h.objectsChanged = true
	}
}

func (h *history) newUID() types.UID { return types.UID(fmt.Sprint("made-", h.random.Uint64())) }

func (h *history) editPeer(p *v1alpha1.BGPPeer) {
	p.Generation++
	h.objectsChanged = true
	p.Spec.Port, p.Labels = nil, map[string]string{"rack": pick(h, "a", "b")}
	switch h.random.IntN(5) {
	case 0:
		p.Spec.Port = new(int32(0))
		h.reader = &compile.Reader{}
	case 1:
		p.Spec.Description = new(fmt.Sprint("generation ", p.Generation))
	case 2:
		p.Spec.LocalASN = new(int64(64512 + h.random.IntN(2)))
	case 3:
		p.Spec.NodeSelector = nil
		if h.random.IntN(2) == 0 {
			p.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-1"}}
		}
	default:
		p.Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(pick(h, int32(2), 4, 1000))}
		if h.random.IntN(2) == 0 {
			p.Spec.AllowedAnnouncements.Tenants = []v1alpha1.Tenant{{
				Name: "web",
				Namespaces: v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.LabelSelector{
					MatchLabels: map[string]v1alpha1.LabelValue{"team": "web"},
				}},
				Prefixes: []v1alpha1.TenantPrefix{{CIDR: "203.0.0.0/22", MaxLength: new(int32(24))}},
			}, {
				Name: "any", Namespaces: v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll},
				Prefixes: []v1alpha1.TenantPrefix{{CIDR: "203.0.6.0/23", MaxLength: new(int32(24))}},
			}}
		}
	}
	h.note("edit %s: %+v", p.Name, p.Spec)
}

// reportAny lets a node report with exceptions, or repeat an old report.
func (h *history) reportAny() {
	node := h.nodes[h.random.IntN(len(h.nodes))]
	var change []func(*speaker.PeerSnapshot)
	var what []string
	for range h.random.IntN(3) {
		a := h.objects.Announcements[h.random.IntN(len(h.objects.Announcements))]
		reason := pick(h, rib.ReasonConflict, rib.ReasonNoNextHop, rib.ReasonTooLong)
		what = append(what, fmt.Sprint(a.Name, " ", reason))
		change = append(change, func(s *speaker.PeerSnapshot) {
			s.Routes.Withheld = append(s.Routes.Withheld, rib.Withheld{
				Announcement: &rib.Announcement{ID: a.Namespace + "/" + a.Name}, Reason: reason, Prefixes: 1, Winner: winnerOf(reason),
			})
		})
	}
	if h.random.IntN(4) == 0 {
		change, what = append(change, isDown), append(what, "down")
	}
	h.note("report of %s: %v", node.Name, what)
	h.reportSkewed(node, change)
	for name, session := range h.sessions {
		if session.Spec.NodeName != node.Name || session.Status.Announcements == nil {
			continue
		}
		switch h.random.IntN(6) {
		case 0:
			session.Status.Announcements.Digest = "of an older release"
			h.note("… with a digest of an older release")
		case 1, 2:
			session.Status.Announcements.Truncated = []v1alpha1.TruncatedReason{{Reason: v1alpha1.ReasonTooLong, Count: 7}}
			h.note("… %s truncated", name)
		case 3:
			session.Status.Since = new(metav1.NewTime(session.Status.Since.Add(1e9)))
		}
	}
	h.markNode(node.Name)
}

// reportSkewed lets a node report whose clock is a little fast or slow.
func (h *history) reportSkewed(node compile.NodeFacts, change []func(*speaker.PeerSnapshot)) {
	clock := h.objects.clock
	h.objects.clock = clock.Add(time.Duration(h.random.IntN(41)-20) * time.Second)
	h.reportNode(node, change)
	h.objects.clock = clock
}

func (h *history) markNode(node string) {
	for name, session := range h.sessions {
		if session.Spec.NodeName == node {
			h.changed[name] = true
		}
	}
}
