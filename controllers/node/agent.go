// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker"
)

// Options say which node an Agent speaks for.
type Options struct {
	// NodeName is the name of the Node.
	NodeName string
	// Namespace is the operator's own; AuthNamespace is that of the Secrets with session keys.
	Namespace, AuthNamespace string
	// Listening: the speaker accepts connections.
	Listening bool
	// SoftwareVersion is what neighbours are told whose BGPPeer says so.
	SoftwareVersion string
	// Logger gets a line for each object that is not in use, or not in full; none by default.
	Logger logr.Logger
}

// Agent is what connects a speaker with the API server and outlives every manager: what the speaker was last told, and
// where news of it goes.
type Agent struct {
	options   Options
	speaker   *speaker.Speaker
	output    atomic.Pointer[compile.Output]
	reader    compile.Reader
	readiness nodeapi.Readiness
	// had says which peers had a session before this process started; nil while nobody knows.
	had func(peer string) bool
	// node is what the config controller read last of this node.
	node    compile.NodeFacts
	written *kube.Written
	said    memory
	keys    *keyring
	foreign foreign

	mu sync.Mutex
	// queue is the status controller's, of the newest manager, and configQueue the config controller's; nil before the first.
	queue, configQueue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// NewAgent returns the agent of a speaker, which the caller runs beside it.
func NewAgent(s *speaker.Speaker, options Options) *Agent {
	a := &Agent{options: options, speaker: s, written: kube.NewWritten(countsInterval)}
	a.keys = newKeyring(options.AuthNamespace, a.reconfigure)
	return a
}

// Run carries news of the speaker to the status controller until ctx ends. It runs beside the managers, not in them:
// what happens between the end of one and the start of the next is not lost, and the speaker never waits for either.
func (a *Agent) Run(ctx context.Context) error {
	defer a.keys.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.speaker.Changed():
			a.enqueuePeers(a.speaker.TakeChanged())
			// An End-of-RIB on a session that is lost before anybody asks still counts.
			_ = a.Ready()
		}
	}
}

// configure hands a configuration to the speaker, if it is another than the last.
func (a *Agent) configure(out *compile.Output) error {
	before := a.output.Load()
	if before == nil || before.Config != out.Config {
		if err := a.speaker.Apply(out.Config); err != nil {
			return err
		}
		a.readiness.Applied(time.Now(), out.Config, a.had)
	}
	a.output.Store(out)
	a.logIssues(before, out)
	if before == nil || !sameSessions(before, out) {
		a.enqueuePeers(peersOf(before, out))
	}
	return nil
}

// logIssues logs what was not an issue before. A Node has no condition of ours, so this is where a bad annotation shows.
func (a *Agent) logIssues(before, out *compile.Output) {
	known := map[compile.Issue]bool{}
	if before != nil {
		for _, issue := range before.Issues {
			known[issue] = true
		}
	}
	for _, issue := range out.Issues {
		if !known[issue] {
			a.options.Logger.Info(issue.Headline(), "kind", issue.Kind, "object", issue.Ref.String(),
				"reason", issue.Reason, "message", issue.Message)
		}
	}
}

// sameSessions reports whether no session's status can differ for what was compiled. What the speaker does with a
// configuration it tells by itself.
func sameSessions(a, b *compile.Output) bool {
	if len(a.Sessions) != len(b.Sessions) || !reflect.DeepEqual(a.Issues, b.Issues) {
		return false
	}
	for i := range a.Sessions {
		if a.Sessions[i].Peer.Ref != b.Sessions[i].Peer.Ref {
			return false
		}
	}
	return true
}

// peersOf are the names of the peers in any of the outputs, which may be nil.
func peersOf(outputs ...*compile.Output) []string {
	var names []string
	seen := map[string]bool{}
	for _, out := range outputs {
		if out == nil {
			continue
		}
		for i := range out.Sessions {
			if name := out.Sessions[i].Peer.Ref.Name; !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// enqueuePeers asks the status controller to look at the sessions with these peers. It never blocks.
func (a *Agent) enqueuePeers(peers []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queue == nil {
		return // the source of the first manager starts with every session
	}
	for _, peer := range peers {
		a.queue.Add(a.request(peer))
	}
}

// enqueueSessions asks the status controller to look at BGPSessions, by name.
func (a *Agent) enqueueSessions(names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range names {
		a.queue.Add(reconcile.Request{NamespacedName: client.ObjectKey{Name: name}})
	}
}

// useQueue makes queue the one that news goes to, and fills it with every session: what a queue before it was told may
// not have been done.
func (a *Agent) useQueue(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue = queue
	queue.Add(everySession)
	for _, peer := range peersOf(a.output.Load()) {
		queue.Add(a.request(peer))
	}
}

// useConfigQueue makes queue the one of the config controller.
func (a *Agent) useConfigQueue(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.configQueue = queue
}

// reconfigure asks the config controller to look at everything. It never blocks.
func (a *Agent) reconfigure() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.configQueue != nil {
		a.configQueue.Add(theConfig)
	}
}

// request names the BGPSession with a peer.
func (a *Agent) request(peer string) reconcile.Request {
	var request reconcile.Request
	request.Name = compile.SessionName(peer, a.options.NodeName)
	return request
}

// obstructed notes and logs what keeps this node from its first configuration.
func (a *Agent) obstructed(err error) {
	if a.readiness.Obstructed(err) {
		a.options.Logger.Error(err, "no configuration yet, and no session")
	}
}

// Ready returns nil once the process is of use: see nodeapi.Readiness.
func (a *Agent) Ready() error { return a.readiness.Check(time.Now(), a.speaker.Snapshot()) }
