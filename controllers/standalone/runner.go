// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// state is what the statuses are of, nil before the first, and objects is what it was made from.
	state   *engine.State
	objects Objects
	// problems are those of the manifests, and nodeProblems those of the Node. memory says what a restart would know.
	problems, nodeProblems []Problem
	memory                 memory
	statuses               statuses
	// news has an element when the statuses are to be looked at.
	news chan struct{}
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
		speaker: speaker.New(speaker.Options{Logger: log.WithName("speaker"), Listen: o.Listen}),
	}
	r.engine = engine.New(r.speaker, engine.Options{
		NodeName:        o.NodeName,
		TrustAll:        true, // whoever may write the files is the platform team
		AuthNamespace:   o.AuthNamespace,
		Listening:       len(o.Listen) > 0,
		SoftwareVersion: o.SoftwareVersion,
		RouterID:        o.RouterID,
		Logger:          log.WithName("config"),
		Published:       r.published,
		Changed:         func([]speaker.SessionID) { r.poke() },
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
	group.Go(func() error { return r.source.Run(ctx, r.apply) })
	group.Go(func() error { return r.engine.Run(ctx) })
	group.Go(func() error { r.follow(ctx); return nil })
	return group.Wait()
}

// apply takes the problems of the manifests, and hands what is in force to the engine where that has changed.
func (r *Runner) apply(objects Objects) {
	r.mu.Lock()
	r.problems, r.memory = objects.Problems, objects.memory
	r.mu.Unlock()
	if r.handed && objects.changes.none() {
		if state := r.engine.State(); state != nil {
			r.logApplied(&objects, state)
		}
		r.poke()
		return
	}
	r.handed = true
	objects.nodeName, objects.authNamespace = r.options.NodeName, r.options.AuthNamespace
	r.engine.Use(&objects)
}

// published says what the speaker was told, and has the statuses looked at.
func (r *Runner) published(state *engine.State) {
	if objects, ok := state.Source.(*Objects); ok {
		r.logApplied(objects, state)
	}
	r.poke()
}

func (r *Runner) logApplied(objects *Objects, state *engine.State) {
	r.log.Info("manifests applied", "peers", len(objects.Peers), "announcements", len(objects.Announcements),
		"sessions", len(state.Sessions), "problems", len(objects.Problems)+len(ofNodes(state.Issues, objects, nil, state.Time)))
}

// poke has the statuses looked at.
func (r *Runner) poke() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

const (
	// refreshInterval is how long news gathers before the statuses are made anew.
	refreshInterval = 100 * time.Millisecond
	// refreshShare bounds what that takes of a core, to one part in so many: with ten thousand objects it is work. But news
	// waits no longer than maxPause.
	refreshShare = 20
	maxPause     = 5 * time.Second
)

// follow looks at the statuses whenever there is news, so that a condition's time is that of its change, until ctx ends.
func (r *Runner) follow(ctx context.Context) {
	refresh := time.NewTimer(0)
	refresh.Stop()
	defer refresh.Stop()
	look := time.NewTimer(0) // when an announcement may expire
	look.Stop()
	defer look.Stop()
	pending, rested := false, time.Now() // when the next refresh would be too soon no more
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		case <-refresh.C:
			pending = false
			took := r.refresh()
			rested = time.Now().Add(min(refreshShare*took, maxPause))
			if pause := r.pause(time.Now()); pause > 0 {
				look.Reset(pause)
			}
			continue
		case <-look.C:
		}
		if !pending {
			refresh.Reset(max(refreshInterval, time.Until(rested)))
			pending = true
		}
	}
}

// refresh returns how long it took.
func (r *Runner) refresh() time.Duration {
	began := time.Now()
	r.update(began, nil)
	return time.Since(began)
}
