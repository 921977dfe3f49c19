// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// Options say for which node an Engine works, and whom it tells.
type Options struct {
	// NodeName is the name of the Node.
	NodeName string
	// Namespace is the operator's own: it needs no tenant entry.
	Namespace string
	// TrustAll: every namespace is the operator's own.
	TrustAll bool
	// AuthNamespace is the namespace of the Secrets with session keys.
	AuthNamespace string
	// Listening: the speaker accepts connections.
	Listening bool
	// SoftwareVersion is what neighbours are told whose BGPPeer says so.
	SoftwareVersion string
	// RouterID overrides what the Node gives, unless it is the zero Addr.
	RouterID netip.Addr
	// Logger gets a line for each object that is not in use, or not in full; none by default.
	Logger logr.Logger
	// Published is told of each new State, and Changed of the sessions whose statuses may have changed, those that are gone
	// among them. Run calls both, one at a time, so neither may block. Either may be nil.
	Published func(*State)
	Changed   func([]speaker.SessionID)
}

// Input is everything that the configuration of a node is made from, beside the options. It is read, never changed.
type Input struct {
	// Objects are what people wrote, with the labels of the namespaces.
	Objects compile.Objects
	// Node is the node's own object, nil while there is none: then there is nothing to announce.
	Node *corev1.Node
	// Secrets are those of the namespace of the keys, by name and entry; SecretProblems say why one cannot be read.
	Secrets        map[string]map[string][]byte
	SecretProblems map[string]string
	// Origin is the caller's own, for the State that is made of this.
	Origin any
}

// Engine keeps a speaker's configuration what the objects say. It outlives every source of objects.
type Engine struct {
	options Options
	speaker *speaker.Speaker

	// inbox is the newest input that Run has not taken, and poke has an element while there is one.
	inbox atomic.Pointer[Input]
	poke  chan struct{}

	state     atomic.Pointer[State]
	readiness readiness
	memory    memory

	// What follows is Run's alone. node is what was last known of the Node, which may be gone.
	node compile.NodeFacts
	gone bool
}

// New returns the engine of a speaker. The caller runs both.
func New(s *speaker.Speaker, options Options) *Engine {
	return &Engine{options: options, speaker: s, poke: make(chan struct{}, 1)}
}

// Update makes an input the newest. It never blocks: Run takes the newest when it comes to it, and leaves out those before.
func (e *Engine) Update(in Input) {
	e.inbox.Store(&in)
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// State is what Run published last, nil before the first configuration.
func (e *Engine) State() *State { return e.state.Load() }

// Run is the one goroutine that makes configurations and hands them to the speaker, and that takes the speaker's news, until
// ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.poke:
			if in := e.inbox.Swap(nil); in != nil {
				e.take(in)
			}
		case <-e.speaker.Changed():
			e.tell(e.changed(e.speaker.TakeChanged()))
			// An End-of-RIB on a session that is lost before anybody asks still counts.
			_ = e.Ready()
		}
	}
}

// take makes a configuration, and hands it to the speaker if it is another than the last.
func (e *Engine) take(in *Input) {
	former := e.state.Load()
	if in.Node == nil && former == nil {
		// Nothing is to end for a Node that was never seen.
		e.obstruct(fmt.Errorf("there is no Node %s: --node-name is to be the name of a Node", e.options.NodeName))
		return
	}
	e.noteNode(in.Node)
	next := e.compile(in, former)
	if former == nil || former.Config != next.Config {
		if err := e.speaker.Apply(next.Config); err != nil {
			e.refused(former, err)
			return
		}
		e.readiness.applied(time.Now(), next.Config)
	}
	e.memory.keep(next.Sessions)
	e.publish(next)
	e.logIssues(former, next)
	e.tell(changedSessions(former, next))
}

// noteNode takes the facts of the Node. What it said last counts where its annotation cannot be read.
func (e *Engine) noteNode(node *corev1.Node) {
	if node != nil {
		e.node = compile.FactsOf(node, e.node)
	} else if !e.gone {
		e.options.Logger.Info("the Node is gone: its sessions end")
	}
	e.gone = node == nil
}

// compile makes the state of an input. Whatever is equal in the former state is shared with it.
func (e *Engine) compile(in *Input, former *State) *State {
	o := &e.options
	complete := compile.Input{
		Node:      compile.NodeFacts{Name: o.NodeName},
		Listening: o.Listening, SoftwareVersion: o.SoftwareVersion, RouterID: o.RouterID, AuthNamespace: o.AuthNamespace,
	}
	if !e.gone {
		complete.Node, complete.Objects = e.node, in.Objects
		complete.Secrets, complete.SecretProblems = in.Secrets, in.SecretProblems
	}
	complete.OperatorNamespace, complete.TrustAll = o.Namespace, o.TrustAll
	var before *compile.Output
	if former != nil {
		before = former.output
	}
	output := compile.Compile(complete, before)
	return &State{
		Config: output.Config, Sessions: output.Sessions, Issues: output.Issues, Catalog: output.Catalog(),
		Node: complete.Node, Origin: in.Origin, Time: time.Now(), output: output, nodeName: o.NodeName,
	}
}

// refused notes that the speaker did not take a configuration. What compile makes is valid, so this is a defect; the speaker
// goes on as before, and the next input is another attempt.
func (e *Engine) refused(former *State, err error) {
	if former == nil {
		e.obstruct(err)
		return
	}
	since := time.Now()
	if r := former.Refusal; r != nil && r.Err.Error() == err.Error() {
		since = r.Since
	} else {
		e.options.Logger.Error(err, "configuration refused by the speaker, which goes on with the one before")
	}
	now := *former
	now.Refusal = &Refusal{Err: err, Since: since}
	e.publish(&now)
}

func (e *Engine) publish(next *State) {
	e.state.Store(next)
	if e.options.Published != nil {
		e.options.Published(next)
	}
}

// logIssues logs what was not an issue before. A Node has no condition of ours, so this is where a bad annotation shows.
func (e *Engine) logIssues(former, next *State) {
	known := map[compile.Issue]bool{}
	if former != nil {
		for _, issue := range former.Issues {
			known[issue] = true
		}
	}
	for _, issue := range next.Issues {
		if !known[issue] {
			e.options.Logger.Info(issue.Headline(), "kind", issue.Kind, "object", issue.Ref.String(),
				"reason", issue.Reason, "message", issue.Message)
		}
	}
}

func (e *Engine) tell(changed []speaker.SessionID) {
	if len(changed) > 0 && e.options.Changed != nil {
		e.options.Changed(changed)
	}
}

// Recall notes which sessions there were before this process started, where that is known: readiness waits for no others. It
// is called before the first Update.
func (e *Engine) Recall(had func(speaker.SessionID) bool) { e.readiness.recall(had) }

// Obstructed notes what keeps the node from its first configuration, for whoever asks why it is not ready. The caller logs it.
func (e *Engine) Obstructed(err error) { e.readiness.obstructed(err) }

// obstruct notes, and logs where it is news, what keeps the node from its first configuration.
func (e *Engine) obstruct(err error) {
	if e.readiness.obstructed(err) {
		e.options.Logger.Error(err, "no configuration yet, and no session")
	}
}

// Ready returns nil once the process is of use: the first complete configuration was applied, and each peer that had a session
// before this process started has had its End-of-RIB or one failed attempt, 10 s at most.
func (e *Engine) Ready() error { return e.readiness.check(time.Now(), e.speaker.Snapshot()) }
