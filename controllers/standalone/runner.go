// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/controllers/admission"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/speaker"
)

// Options of a Runner.
type Options struct {
	// Directory holds the manifests.
	Directory string
	// StateDirectory keeps what is in force, and its age, for the next process; empty keeps nothing.
	StateDirectory string
	// NodeName chooses the Node among the manifests; without one of that name there is a Node without labels and
	// addresses.
	NodeName string
	// RouterID overrides what the Node gives, unless it is the zero Addr.
	RouterID netip.Addr
	// Listen is where BGP connections are accepted, none by default.
	Listen []netip.AddrPort
	// AuthNamespace is the namespace of the Secrets with session keys.
	AuthNamespace string
	// SoftwareVersion is what neighbours are told whose peer says so.
	SoftwareVersion string
	// Logger of the speaker and of what is wrong with the manifests.
	Logger logr.Logger
}

// Runner announces what a directory of manifests says.
type Runner struct {
	options Options
	log     logr.Logger
	source  *Source
	speaker *speaker.Speaker
	engine  *engine.Engine

	// handed is set once the engine was handed what is in force. It is the source's.
	handed bool

	mu sync.Mutex
	// unseen are the news that the statuses are not of yet.
	unseen unseen
	// news has an element when the statuses are to be looked at.
	news chan struct{}

	// turn has an element while the statuses are at work.
	turn     chan struct{}
	statuses *statuses
}

// unseen is what happened since the statuses were brought up to date.
type unseen struct {
	// objects are those that came, changed or went, and sessions those of which the speaker has news.
	objects  map[identity]bool
	sessions map[speaker.SessionID]bool
	// problems are those of the manifests, and lost says why a restart would know nothing of what is in force.
	problems []Problem
	lost     string
}

// NewRunner prepares a Runner. It fails when the directory does not exist; what is wrong in the directory is reported
// later, and never fatal.
func NewRunner(o Options) (*Runner, error) {
	admitter, err := admission.New()
	if err != nil {
		return nil, err
	}
	if o.AuthNamespace == "" {
		o.AuthNamespace = metav1.NamespaceDefault
	}
	log := o.Logger.WithValues("node", o.NodeName)
	source, err := Open(o.Directory, o.StateDirectory, admitter, log.WithName("manifests"))
	if err != nil {
		return nil, err
	}
	r := &Runner{
		options: o,
		log:     log,
		source:  source,
		news:    make(chan struct{}, 1),
		turn:    make(chan struct{}, 1),
		speaker: speaker.New(speaker.Options{Logger: log.WithName("speaker"), Listen: o.Listen}),
	}
	source.objects.nodeName, source.objects.authNamespace = o.NodeName, o.AuthNamespace
	r.statuses = newStatuses(source.objects)
	r.engine = engine.New(r.speaker, engine.Options{
		NodeName:        o.NodeName,
		TrustAll:        true, // whoever may write the files is the platform team
		AuthNamespace:   o.AuthNamespace,
		Listening:       len(o.Listen) > 0,
		SoftwareVersion: o.SoftwareVersion,
		RouterID:        o.RouterID,
		Logger:          log.WithName("config"),
		Secrets:         source.objects.secrets,
		Published:       r.published,
		Changed:         r.sessionsChanged,
	})
	return r, nil
}

// Engine is what the Runner drives.
func (r *Runner) Engine() *engine.Engine { return r.engine }

// Speaker is what the Runner drives, for its metrics.
func (r *Runner) Speaker() *speaker.Speaker { return r.speaker }

// Run announces until ctx ends, whose cause says how the sessions end: see speaker.ErrDecommission. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.speaker.Run(ctx) })
	group.Go(func() error { return r.source.Run(ctx, r.hand) })
	group.Go(func() error { return r.engine.Run(ctx) })
	group.Go(func() error { r.follow(ctx); return nil })
	return group.Wait()
}

// hand takes the news of the directory, and has the engine read what changed.
func (r *Runner) hand(n news) {
	ids := n.changes.all()
	if !r.handed {
		ids = r.source.objects.all() // what a former process left, and no manifest changed, is new to this one
	}
	r.mu.Lock()
	r.unseen.problems, r.unseen.lost = n.problems, n.lost
	if r.unseen.objects == nil {
		r.unseen.objects = make(map[identity]bool, len(ids))
	}
	for _, id := range ids {
		r.unseen.objects[id] = true
	}
	r.mu.Unlock()
	switch {
	case !r.handed:
		r.handed = true
		r.engine.Use(r.source.objects)
	case len(ids) > 0:
		keys := make([]engine.Key, 0, len(ids))
		for _, id := range ids {
			keys = append(keys, engine.Key{Kind: id.Kind, Namespace: id.Namespace, Name: id.Name})
		}
		r.engine.Touch(keys...)
	default:
		if state := r.engine.State(); state != nil {
			r.logApplied(state)
		}
		r.poke()
	}
}

// published says what the speaker was told, and has the statuses looked at.
func (r *Runner) published(state *engine.State) {
	r.logApplied(state)
	r.poke()
}

func (r *Runner) logApplied(state *engine.State) {
	r.mu.Lock()
	problems := len(r.unseen.problems)
	r.mu.Unlock()
	r.log.Info("manifests applied", "peers", r.source.objects.count("BGPPeer"), "announcements", r.source.objects.count(announcementKind.Kind),
		"sessions", len(state.Sessions), "problems", problems+len(ofNodes(state.Issues, r.source.objects, nil, state.Time)))
}

// sessionsChanged has the statuses of sessions looked at.
func (r *Runner) sessionsChanged(ids []speaker.SessionID) {
	r.mu.Lock()
	if r.unseen.sessions == nil {
		r.unseen.sessions = make(map[speaker.SessionID]bool, len(ids))
	}
	for _, id := range ids {
		r.unseen.sessions[id] = true
	}
	r.mu.Unlock()
	r.poke()
}

// poke has the statuses looked at.
func (r *Runner) poke() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

const (
	// refreshInterval is how long news gathers before the statuses are looked at.
	refreshInterval = 100 * time.Millisecond
	// refreshShare bounds what that takes of a core, to one part in so many: a session that comes or goes changes all statuses.
	refreshShare = 10
)

// follow looks at the statuses whenever there is news, so that a condition's time is that of its change, until ctx ends.
func (r *Runner) follow(ctx context.Context) {
	refresh, look := time.NewTimer(0), time.NewTimer(0) // look: when an announcement may expire
	refresh.Stop()
	look.Stop()
	defer refresh.Stop()
	defer look.Stop()
	started := false
	pending, rested := false, time.Now() // when the next refresh would be too soon no more
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		case <-refresh.C:
			began := time.Now()
			if pause := r.refresh(); pause > 0 {
				look.Reset(pause)
			}
			if !started && r.engine.State() != nil {
				// To read and admit all manifests takes twice the memory of what is kept of them.
				started = true
				debug.FreeOSMemory()
			}
			pending, rested = false, time.Now().Add(refreshShare*time.Since(began))
			continue
		case <-look.C:
		}
		if !pending {
			refresh.Reset(max(refreshInterval, time.Until(rested)))
			pending = true
		}
	}
}

// refresh brings the statuses up to date. It returns how long to wait before they may change with time alone, 0 where they cannot.
func (r *Runner) refresh() time.Duration {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.update(false)
	return r.statuses.catalog.Pause(time.Now())
}

// update brings the statuses up to date. everySession: the speaker is asked about all sessions, not only about those with news. The caller
// has the turn.
func (r *Runner) update(everySession bool) {
	state := r.engine.State()
	if state == nil {
		return
	}
	r.mu.Lock()
	news := r.unseen
	r.unseen.objects, r.unseen.sessions = nil, nil
	r.mu.Unlock()
	if everySession {
		news.sessions = r.statuses.everySession(state)
	}
	// The caller may have waited for the turn: the time is taken now, so that it never goes back.
	r.statuses.update(r.engine, state, &news, time.Now())
}

// Status returns the objects of the endpoint: what is in force with its status, then what is not.
func (r *Runner) Status(ctx context.Context) ([]runtime.Object, error) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.update(true)
	shown := r.statuses.shown()
	<-r.turn
	list := shown.objects()
	if problem := r.engine.Problem(); problem != nil {
		list = append(list, problem)
	}
	return list, nil
}
