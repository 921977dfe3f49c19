// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// newEngine is the engine of node-1 with a speaker that nobody runs.
func newEngine(options Options) *Engine {
	options.NodeName = "node-1"
	return New(speaker.New(speaker.Options{}), options)
}

// recorded is a logger, and the lines that it was given.
func recorded() (logr.Logger, *[]string) {
	lines := &[]string{}
	return funcr.New(func(_, line string) { *lines = append(*lines, line) }, funcr.Options{}), lines
}

// shutDown is a peer at that generation with which no session is opened.
func shutDown(name string, generation int64) v1alpha1.BGPPeer {
	return v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Generation: generation},
		Spec: v1alpha1.BGPPeerSpec{
			AdminState: new(v1alpha1.AdminStateDown),
			LocalASN:   new(int64(64512)),
			PeerASN:    new(int64(64500)),
		},
	}
}

// input is these peers on node-1, with addresses from 192.0.2.100 on.
func input(peers ...v1alpha1.BGPPeer) *given {
	for i := range peers {
		peers[i].Spec.Address = netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)}).String()
	}
	return &given{peers: peers, Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}}
}

// given is a source of objects as they are written.
type given struct {
	mu            sync.Mutex // of a test that changes it while the engine runs
	peers         []v1alpha1.BGPPeer
	announcements []v1alpha1.Announcement
	namespaces    map[string]map[string]string // labels by name
	Node          *corev1.Node                 // nil for none
	reader        compile.Reader
	err           error
}

func (g *given) ReadAll(_ context.Context, into *Input) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	into.Inputs = g.reader.ReadAll(g.peers, g.announcements)
	into.Namespaces = map[string]compile.Namespace{}
	for name, labels := range g.namespaces {
		into.Namespaces[name] = compile.Namespace{Exists: true, Labels: labels}
	}
	into.Node, into.NodeGone = g.Node, g.Node == nil
	return g.err
}

func (g *given) Read(_ context.Context, key Key, into *Input) error {
	i := slices.IndexFunc(g.announcements, func(a v1alpha1.Announcement) bool { return a.Namespace == key.Namespace && a.Name == key.Name })
	var reading compile.Reading[compile.Announcement]
	if i >= 0 {
		reading = g.reader.Announcement(&g.announcements[i])
	}
	into.Announcements[key.Namespace+"/"+key.Name] = reading
	return g.err
}

// take has the engine take all of a source.
func (e *Engine) take(g *given) {
	e.Use(g)
	if err := e.work(context.Background()); err != nil {
		panic(err)
	}
}

// expectTakenUp waits until there is a status of a session.
func expectTakenUp(t *testing.T, e *Engine, session *compile.Session) {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		if _, known := e.Status(session, nil, Full); known {
			return
		}
		select {
		case <-e.speaker.Changed():
		case <-deadline:
			t.Fatalf("the speaker has not taken up %s", session.Peer.Ref.Name)
		}
	}
}

// told is an engine whose speaker has taken up a configuration and takes up no other.
func told(t *testing.T, in *given) *Engine {
	t.Helper()
	e := newEngine(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.speaker.Run(ctx) }()
	e.take(in)
	expectTakenUp(t, e, &e.State().Sessions[0])
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return e
}

// TestRunTakesTheNewest: of inputs that follow each other quickly only the newest counts, and each is taken once.
func TestRunTakesTheNewest(t *testing.T) {
	published := make(chan *State, 8)
	e := newEngine(Options{Published: func(s *State) { published <- s }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	e.Use(input(shutDown("tor-a", 1)))
	newest := input(shutDown("tor-b", 1))
	e.Use(newest)
	go func() { ended <- e.Run(ctx) }()
	await := func() *State {
		t.Helper()
		select {
		case state := <-published:
			return state
		case <-time.After(20 * time.Second):
			t.Fatal("nothing is published")
			return nil
		}
	}
	first := await()
	if first != e.State() || first.Source != newest || first.IDs()[0].Peer != "tor-b" {
		t.Errorf("it took %v of %v", first.IDs(), first.Source)
	}
	e.Use(input(shutDown("tor-b", 1)))
	if second := await(); second.Config != first.Config {
		t.Error("an equal input gives another configuration")
	}
	cancel()
	if err := <-ended; err != nil || len(published) != 0 {
		t.Errorf("it ends with %v, and %d more states", err, len(published))
	}
}

// TestReadyOnlyWithAConfiguration: neither before, nor for want of peers.
func TestReadyOnlyWithAConfiguration(t *testing.T) {
	e := newEngine(Options{})
	if e.Ready() == nil || e.Problem() == nil {
		t.Error("ready before there was a configuration")
	}
	e.take(input())
	if err := e.Ready(); err != nil {
		t.Errorf("not ready with a configuration without peers: %v", err)
	}
	if problem := e.Problem(); problem != nil {
		t.Errorf("a problem: %s", problem.Message)
	}
}

// TestChangedSessions: whoever reports them hears of those that come, change or go, and of no others.
func TestChangedSessions(t *testing.T) {
	var told []string
	e := newEngine(Options{Changed: func(ids []speaker.SessionID) {
		for _, id := range ids {
			told = append(told, id.Peer+" "+id.Remote.String())
		}
	}})
	for _, step := range []struct {
		name string
		in   *given
		want []string
	}{
		{"two come", input(shutDown("tor-a", 1), shutDown("tor-b", 1)), []string{"tor-a 192.0.2.100", "tor-b 192.0.2.101"}},
		{"nothing changes", input(shutDown("tor-a", 1), shutDown("tor-b", 1)), nil},
		{"one is edited", input(shutDown("tor-a", 1), shutDown("tor-b", 2)), []string{"tor-b 192.0.2.101"}},
		{"one goes", input(shutDown("tor-a", 1)), []string{"tor-b 192.0.2.101"}},
		{"one has another address", input(shutDown("tor-c", 1), shutDown("tor-a", 2)),
			[]string{"tor-a 192.0.2.100", "tor-a 192.0.2.101", "tor-c 192.0.2.100"}},
		{"the Node goes", &given{}, []string{"tor-a 192.0.2.101", "tor-c 192.0.2.100"}},
	} {
		told = nil
		e.take(step.in)
		if slices.Sort(told); !slices.Equal(told, step.want) {
			t.Errorf("%s: it tells of %q, want %q", step.name, told, step.want)
		}
	}
}

// TestRefusedConfiguration: the speaker goes on with the one before, people are told, and the next is another attempt.
func TestRefusedConfiguration(t *testing.T) {
	logger, lines := recorded()
	e := newEngine(Options{Logger: logger})
	routerID := func(text string) {
		e.options.RouterID = netip.MustParseAddr(text)
		e.compiler = newCompiler(&e.options)
	}
	routerID("::1")
	e.take(input())
	if e.State() != nil || e.Ready() == nil || !strings.Contains(e.Problem().Message, "router ID") {
		t.Errorf("the first is refused, and it says %v, %+v", e.Ready(), e.Problem())
	}
	routerID("192.0.2.1")
	e.take(input(shutDown("tor-a", 1)))
	before := e.State()
	routerID("::1")
	*lines = nil
	e.take(input(shutDown("tor-b", 1)))
	since := e.State().Refusal.Since
	e.take(input(shutDown("tor-b", 2)))
	if after := e.State(); after.Config != before.Config || !slices.Equal(after.IDs(), before.IDs()) || !after.Refusal.Since.Equal(since) {
		t.Errorf("after two refusals the state is %+v, want that of tor-a and the time of the first", after)
	}
	if problem := e.Problem(); problem == nil || !strings.Contains(problem.Message, "router ID") {
		t.Errorf("the problem is %+v", problem)
	}
	if len(*lines) != 1 {
		t.Errorf("it logs %q, want one line", *lines)
	}
	routerID("192.0.2.1")
	e.take(input(shutDown("tor-b", 2)))
	if after := e.State(); after.Refusal != nil || after.IDs()[0].Peer != "tor-b" || e.Problem() != nil {
		t.Errorf("after the repair it is %+v, %+v", after, e.Problem())
	}
}

// TestNodeThatIsNotThere: one that was never seen ends nothing, and one that goes has no sessions any more. Either is logged once.
func TestNodeThatIsNotThere(t *testing.T) {
	logger, lines := recorded()
	e := newEngine(Options{Logger: logger})
	for range 2 {
		e.take(&given{})
	}
	if err := e.Ready(); e.State() != nil || err == nil || !strings.Contains(err.Error(), "there is no Node node-1") {
		t.Errorf("without a Node it is %+v, %v", e.State(), err)
	}
	e.take(input(shutDown("tor-a", 1)))
	for range 2 {
		gone := input(shutDown("tor-a", 1))
		gone.Node = nil
		e.take(gone)
	}
	if n := len(e.State().Sessions); n != 0 {
		t.Errorf("%d sessions without a Node", n)
	}
	if len(*lines) != 2 || !strings.Contains((*lines)[1], "the Node is gone") {
		t.Errorf("it logs %q, want two lines", *lines)
	}
	e.take(input(shutDown("tor-a", 1)))
	if n := len(e.State().Sessions); n != 1 {
		t.Errorf("%d sessions with the Node back", n)
	}
}

// TestRecall: readiness waits for the peers that had a session, and for no others.
func TestRecall(t *testing.T) {
	e := newEngine(Options{})
	had := speaker.SessionID{Peer: "tor-b", Remote: netip.MustParseAddr("192.0.2.101")}
	e.Recall(func(id speaker.SessionID) bool { return id == had })
	up := func(name string) v1alpha1.BGPPeer {
		peer := shutDown(name, 1)
		peer.Spec.AdminState = nil
		return peer
	}
	e.take(input(up("tor-a"), up("tor-b")))
	if err := e.Ready(); err == nil || !strings.HasSuffix(err.Error(), "the End-of-RIB to tor-b") {
		t.Errorf("it waits: %v", err)
	}
}

// TestIssuesAreLoggedOnce: a bad annotation of the Node shows nowhere else.
func TestIssuesAreLoggedOnce(t *testing.T) {
	logger, lines := recorded()
	e := newEngine(Options{Logger: logger})
	for _, step := range []struct {
		asn, routerID string
		want          []string // a part of each new line
	}{
		{asn: "65000.1", routerID: "192.0.2.1", want: []string{v1alpha1.AnnotationASN}},
		{asn: "65000.1", routerID: "192.0.2.1"},
		{asn: "65000.1", routerID: "::1", want: []string{v1alpha1.AnnotationRouterID}},
		{asn: "65001", routerID: "192.0.2.1"},
		{asn: "65000.1", routerID: "192.0.2.1", want: []string{v1alpha1.AnnotationASN}},
	} {
		*lines = nil
		in := input()
		in.Node.Annotations = map[string]string{v1alpha1.AnnotationASN: step.asn, v1alpha1.AnnotationRouterID: step.routerID}
		e.take(in)
		if len(*lines) != len(step.want) {
			t.Fatalf("with %s and %s it logs %q, want %d lines", step.asn, step.routerID, *lines, len(step.want))
		}
		for i, want := range step.want {
			if !strings.Contains((*lines)[i], want) || !strings.Contains((*lines)[i], `"object"="node-1"`) {
				t.Errorf("it logs %s, want %s of node-1 in it", (*lines)[i], want)
			}
		}
	}
}
