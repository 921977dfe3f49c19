// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// Options say for which node an Engine works, and whom it tells.
type Options struct {
	// NodeName is the name of the Node.
	NodeName string
	// Namespace is the operator's own: it needs no tenant entry.
	Namespace string
	// TrustAll: no namespace needs a tenant entry.
	TrustAll bool
	// AuthNamespace is the namespace of the Secrets with session keys.
	AuthNamespace string
	// Listening: the speaker accepts connections.
	Listening bool
	// SoftwareVersion is told to neighbours whose BGPPeer asks for it.
	SoftwareVersion string
	// RouterID overrides what the Node gives, unless it is the zero Addr.
	RouterID netip.Addr
	// Logger gets a line for each object that is not in use, or not in full; none by default.
	Logger logr.Logger
	// Secrets returns what is known of the Secrets that have these names, without waiting for any: whoever reads them calls Touch once
	// more is known. Where it is nil, there are no Secrets.
	Secrets func(names map[string]bool) map[string]compile.Secret
	// Published is told of each new State, of which there is one whenever objects were read. Changed is told of the sessions whose
	// statuses may have changed, those that are gone among them. Run calls both, one at a time, so neither may block. Either may be nil.
	Published func(*State)
	Changed   func([]speaker.SessionID)
}

// Engine makes a speaker's configuration from the objects of a Source and keeps it up to date. It outlives every Source.
type Engine struct {
	options Options
	speaker *speaker.Speaker

	inbox inbox
	// poke has an element while there is something in the inbox.
	poke chan struct{}

	state     atomic.Pointer[State]
	readiness readiness
	memory    memory
	drift     atomic.Int64

	// Run alone uses the fields below.
	compiler *compile.Compiler
	// source is the Source in use, nil before the first one. hasNode: the Node was seen.
	source  Source
	hasNode bool
	// secrets are the names of the Secrets that the sessions need.
	secrets map[string]bool
	// doubts are the objects that the last check found changed, and that no key has named since.
	doubts map[compile.ObjectName]bool
}

// New returns the engine of a speaker. The caller runs both.
func New(s *speaker.Speaker, options Options) *Engine {
	return &Engine{options: options, speaker: s, poke: make(chan struct{}, 1), compiler: newCompiler(&options)}
}

func newCompiler(o *Options) *compile.Compiler {
	return compile.NewCompiler(compile.Settings{
		NodeName: o.NodeName, OperatorNamespace: o.Namespace, TrustAll: o.TrustAll, AuthNamespace: o.AuthNamespace,
		Listening: o.Listening, SoftwareVersion: o.SoftwareVersion, RouterID: o.RouterID,
	})
}

// Use makes s the source of objects, and has all of them read. It never blocks.
func (e *Engine) Use(s Source) {
	e.inbox.use(s)
	e.wake()
}

// Touch has objects read again that may have changed or gone. It never blocks.
func (e *Engine) Touch(keys ...Key) {
	e.inbox.touch(keys...)
	e.wake()
}

func (e *Engine) wake() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// State is what Run published last, nil before the first configuration.
func (e *Engine) State() *State { return e.state.Load() }

// Drift counts how often a check has found that changes of objects were overlooked. Each is a defect.
func (e *Engine) Drift() int64 { return e.drift.Load() }

// update compiles an input. secrets: a Secret may have changed. It returns nil while no configuration can be made.
func (e *Engine) update(in *Input, secrets bool) *compile.Output {
	e.noteNode(in)
	in.Now = time.Now()
	out := e.compiler.Update(&in.Inputs)
	if e.options.Secrets != nil {
		if names := e.compiler.SecretNames(); secrets || !maps.Equal(names, e.secrets) {
			found := make(map[string]compile.Secret, len(names))
			for name := range e.secrets {
				if !names[name] {
					found[name] = compile.Secret{} // no key stays in memory that no session needs
				}
			}
			maps.Copy(found, e.options.Secrets(names))
			e.secrets = names
			out = e.compiler.Update(&compile.Inputs{Secrets: found})
		}
	}
	if !e.hasNode {
		// Only a Node that was seen can be gone. Where none was seen, the name may be wrong, and nothing is applied.
		e.obstruct(fmt.Errorf("there is no Node %s: --node-name is to be the name of a Node", e.options.NodeName))
		return nil
	}
	return out
}

// noteNode takes the facts of the Node.
func (e *Engine) noteNode(in *Input) {
	facts := e.factsOf(in)
	if facts != nil && facts.Gone && !e.compiler.Node().Gone {
		e.options.Logger.Info("the Node is gone: its sessions end")
	}
	in.Inputs.Node, e.hasNode = facts, e.hasNode || facts != nil
}

// factsOf returns the facts of the Node, nil where an input says nothing of it. Where an annotation cannot be read, what it said before counts.
func (e *Engine) factsOf(in *Input) *compile.NodeFacts {
	switch {
	case in.Node != nil:
		facts := compile.FactsOf(in.Node, *e.compiler.Node())
		return &facts
	case in.NodeGone && e.hasNode:
		return &compile.NodeFacts{Name: e.options.NodeName, Gone: true}
	}
	return nil
}

// apply hands a new configuration to the speaker, and publishes the state. read: objects were read for it, which is news to
// whoever waits for that, even if the configuration stays the same.
func (e *Engine) apply(out *compile.Output, read bool) {
	former := e.state.Load()
	if former != nil && former.output == out && !read && former.Refusal == nil {
		e.readiness.free()
		return
	}
	if former == nil || former.Config != out.Config {
		if err := e.speaker.Apply(out.Config); err != nil {
			e.refused(former, err)
			return
		}
		e.readiness.applied(time.Now(), out.Config)
	}
	e.readiness.free()
	next := &State{
		Config: out.Config, Sessions: out.Sessions, Issues: out.Issues,
		Node: *e.compiler.Node(), Source: e.source, Time: time.Now(), output: out, nodeName: e.options.NodeName,
	}
	e.publish(former, next)
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
	e.publish(former, &now)
}

// publish makes a state the one that others see, and tells of what is new in it.
func (e *Engine) publish(former, next *State) {
	if former == nil || !compile.SameSlice(former.Sessions, next.Sessions) {
		e.memory.keep(next.Sessions)
	}
	e.state.Store(next)
	if e.options.Published != nil {
		e.options.Published(next)
	}
	if former == nil || !compile.SameSlice(former.Issues, next.Issues) {
		e.logIssues(former, next)
	}
	if former == nil || !compile.SameSlice(former.Sessions, next.Sessions) {
		e.tell(changedSessions(former, next))
	}
}

// logIssues logs the issues that are new. A Node has no condition of ours, so this is where a bad annotation shows.
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

// Recall notes which sessions there were before this process started, where that is known: readiness waits for no others. It is
// called before the first Use.
func (e *Engine) Recall(had func(speaker.SessionID) bool) { e.readiness.recall(had) }

// Obstructed notes what keeps the node from its first configuration, for whoever asks why it is not ready. The caller logs it.
func (e *Engine) Obstructed(err error) { e.readiness.obstructed(err) }

// obstruct notes, and logs where it is news, what keeps the node from a configuration.
func (e *Engine) obstruct(err error) {
	switch {
	case !e.readiness.obstructed(err):
	case e.State() == nil:
		e.options.Logger.Error(err, "no configuration yet, and no session")
	default:
		e.options.Logger.Error(err, "the configuration stays as it is")
	}
}

// Ready returns nil once the process is of use: the first complete configuration was applied, and each peer that had a session
// before this process started has had its End-of-RIB or one failed attempt, 10 s at most.
func (e *Engine) Ready() error {
	if e.readiness.reached() {
		return nil // not even a snapshot is needed
	}
	return e.readiness.check(time.Now(), e.speaker.Snapshot())
}
