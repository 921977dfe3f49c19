// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

// patience is when a test gives up on something that should come at once.
const patience = 30 * time.Second

// lab is a speaker that is told what compile makes of objects, and two neighbours of it: the edited and the witness.
type lab struct {
	t       *testing.T
	speaker *speaker.Speaker
	objects objects
	reader  compile.Reader
	// compiler makes output of them.
	compiler *compile.Compiler
	output   *compile.Output
	version  uint32 // of the canary
	slips    bool   // the objects may be such that cannot be used
	edited   *view
	witness  *view
}

// view is a neighbour and how far its messages have been looked at.
type view struct {
	*recorder
	name string
	read int
	// seen are the messages since the last mark, and connection the latest one at that time.
	seen       []message
	connection int
}

// newLab starts the speaker with the objects, and returns once all of them is on the wire.
func newLab(t *testing.T, given func(*objects)) *lab {
	t.Helper()
	l := &lab{
		t:       t,
		speaker: speaker.New(speaker.Options{Logger: testr.NewWithOptions(t, testr.Options{Verbosity: -1})}),
		edited:  &view{name: editedPeer, recorder: newRecorder(t, "192.0.2.101", "127.0.0.2", "127.0.0.2", "127.0.0.4")},
		witness: &view{name: witnessPeer, recorder: newRecorder(t, "192.0.2.102", "127.0.0.3")},
	}
	l.objects = plainObjects(l.edited.listeners, l.witness.listeners[0])
	given(&l.objects)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.speaker.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	l.apply()
	l.settle()
	l.mark()
	return l
}

// edit changes the objects, and hands the outcome to the speaker.
func (l *lab) edit(change func(*objects)) {
	l.t.Helper()
	l.objects.touch(change)
	l.apply()
}

func (l *lab) apply() {
	l.t.Helper()
	if l.compiler == nil {
		l.compiler = compile.NewCompiler(compile.Settings{
			NodeName: l.objects.node.Name, OperatorNamespace: operatorNS, AuthNamespace: operatorNS, SoftwareVersion: "Herald/test",
		})
	}
	in := l.objects.input(&l.reader)
	l.compiler.Complete(&in)
	l.output = l.compiler.Update(&in)
	for _, issue := range l.output.Issues {
		if l.slips && issue.Held {
			continue
		}
		l.t.Fatalf("the objects are not valid: %+v", issue)
	}
	asn, auth := l.objects.neighbour()
	if err := l.edited.expect(asn, auth); err != nil {
		l.t.Fatal(err)
	}
	if err := l.witness.expect(witnessASN, transport.Auth{}); err != nil {
		l.t.Fatal(err)
	}
	if err := l.speaker.Apply(l.output.Config); err != nil {
		l.t.Fatal(err)
	}
}

// settle returns once every session is up, has taken notice of the newest objects, and the neighbour has read all that they
// came to: a canary that changes after them is the last that it reads.
func (l *lab) settle() {
	l.t.Helper()
	l.awaitTold()
	l.version++
	l.edit(func(o *objects) { o.canary.Spec.Attributes.MED = new(int64(l.version)) })
	l.awaitTold()
	for i := range l.output.Config.Peers {
		v, want := l.view(l.output.Config.Peers[i].Name), l.canariesOf(i)
		harness.Eventually(l.t, patience, "the canary at "+v.name, func() error {
			if err := v.take(); err != nil {
				return err
			}
			if seen := v.canaries(l.version); !slices.Equal(seen, want) {
				return fmt.Errorf("%v of %v among %v", seen, want, v.seen)
			}
			return nil
		})
	}
}

// canariesOf are the prefixes of the canary that a session is sent, by its place: those allowed, of the families negotiated.
func (l *lab) canariesOf(i int) []string {
	l.t.Helper()
	p := l.output.Config.Peers[i]
	var list []string
	s, _ := l.speaker.Peer(p.ID())
	for a := range l.output.Config.Exports[i].Announcements.All() {
		if a.Name != operatorNS+"/canary" {
			continue
		}
		for r := range a.Prefixes.All() {
			family := wire.IPv6Unicast
			if r.Prefix.Addr().Is4() {
				family = wire.IPv4Unicast
			}
			if slices.Contains(s.Negotiated.Families, family) {
				list = append(list, r.Prefix.String())
			}
		}
	}
	if len(list) == 0 {
		l.t.Fatalf("%s has no canary", p.Name)
	}
	return sorted(list)
}

// canaries are the prefixes that were seen of a version of the canary.
func (v *view) canaries(version uint32) []string {
	var list []string
	for _, m := range v.seen {
		if m.version == version {
			list = append(list, m.canaries...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// editedSnapshot is what the speaker says of its session with the edited peer, wherever that is.
func (l *lab) editedSnapshot() (speaker.PeerSnapshot, bool) {
	for _, s := range l.speaker.Snapshot() {
		if s.ID.Peer == editedPeer {
			return s, true
		}
	}
	return speaker.PeerSnapshot{}, false
}

// awaitTold returns once the speaker says that it has written everything of the newest configuration to every socket.
func (l *lab) awaitTold() {
	l.t.Helper()
	for i, p := range l.output.Config.Peers {
		if p.AdminDown {
			continue
		}
		harness.Eventually(l.t, patience, p.Name+" is told", func() error {
			s, _ := l.speaker.Peer(p.ID())
			if s.State != speaker.StateEstablished || s.Revision != p.Revision || s.Routes.Token != l.output.Config.Exports[i].Token {
				return fmt.Errorf("%v of %v, last error %+v", s.State, s.Revision, s.LastError)
			}
			return nil
		})
	}
}

func (l *lab) view(name string) *view {
	if name == editedPeer {
		return l.edited
	}
	return l.witness
}

// take adds what came to what was seen.
func (v *view) take() error {
	list, n, err := v.since(v.read)
	v.read = v.read + len(list)
	v.seen = append(v.seen, list...)
	if n != v.read {
		return fmt.Errorf("%d messages, of which %d were read", n, v.read)
	}
	return err
}

// mark forgets what was seen so far.
func (l *lab) mark() {
	for _, v := range []*view{l.edited, l.witness} {
		for _, m := range v.seen {
			v.connection = max(v.connection, m.connection)
		}
		v.seen = nil
	}
}

// live are the messages of the connection that was there at the last mark.
func (v *view) live() []message {
	return slices.DeleteFunc(slices.Clone(v.seen), func(m message) bool { return m.connection > v.connection })
}

// effect is what became of prefixes, whatever messages told it.
type effect struct {
	announced, withdrawn []string
	// others are the messages that are no UPDATE.
	others []message
}

// effects sums up what a neighbour saw.
func (v *view) effects() effect {
	var e effect
	for _, m := range v.seen {
		if m.kind != wire.TypeUpdate {
			e.others = append(e.others, m)
			continue
		}
		e.announced = append(e.announced, m.announced...)
		e.withdrawn = append(e.withdrawn, m.withdrawn...)
	}
	slices.Sort(e.announced)
	slices.Sort(e.withdrawn)
	return e
}

// awaitEnd returns once a NOTIFICATION came.
func (l *lab) awaitEnd() {
	l.t.Helper()
	harness.Eventually(l.t, patience, "the end of the session", func() error {
		if err := l.edited.take(); err != nil {
			return err
		}
		if !slices.ContainsFunc(l.edited.live(), func(m message) bool { return m.kind == wire.TypeNotification }) {
			return fmt.Errorf("no NOTIFICATION among %v", l.edited.seen)
		}
		return nil
	})
}

// localAddress is where the speaker connects from unless its peer says otherwise.
var localAddress = netip.MustParseAddr("127.0.0.1")
