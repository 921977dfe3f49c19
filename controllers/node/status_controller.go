// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/kube"
)

const (
	// fieldOwner is the manager of what this role writes of a status.
	fieldOwner client.FieldOwner = "herald-node"

	// firstConfigInterval is how often a BGPSession is looked at before the first configuration: until then nobody knows whether
	// the node is to have the session.
	firstConfigInterval = time.Second

	// countsInterval is about the least time between two writes of a status in which only counts have changed: a burst of announcements
	// costs the API server one write, not one each.
	countsInterval = time.Second

	// missingInterval is how soon a BGPSession is read again after somebody else deleted or created it.
	missingInterval = 100 * time.Millisecond

	// conflictInterval is how often we look whether the name of our BGPSession still belongs to another node.
	conflictInterval = 10 * time.Second
)

// everySession is the key of all BGPSessions of this node: they are listed the first time, and read anew after that.
var everySession reconcile.Request

// StatusReconciler keeps the BGPSessions of this node what the speaker says. Its keys are their names.
type StatusReconciler struct {
	client client.Client
	stored *stored
	agent  *Agent
}

// Reconcile writes the status of one BGPSession where it differs, creates the object first where there is none, and
// deletes one that belongs to no session of this node.
func (r *StatusReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if err := r.stored.list(ctx); err != nil {
		return reconcile.Result{}, err
	}
	found := r.stored.takeFound()
	if request == everySession && found == nil {
		found = r.stored.doubt()
	}
	r.agent.enqueueNames(found)
	if request == everySession {
		return reconcile.Result{}, nil
	}
	next, err := r.look(ctx, request.Name)
	if err != nil || !next.inLine {
		r.agent.line.leave(request.Name)
	}
	return reconcile.Result{RequeueAfter: next.after}, err
}

// nextLook says when a BGPSession is looked at again; after 0 only if something happens. inLine: its counts wait in the line for their turn.
type nextLook struct {
	after  time.Duration
	inLine bool
}

// look makes one BGPSession what it is to be.
func (r *StatusReconciler) look(ctx context.Context, name string) (nextLook, error) {
	state := r.agent.engine.State()
	if state == nil {
		return nextLook{after: firstConfigInterval}, nil
	}
	stored, err := r.stored.get(ctx, name)
	if err != nil {
		return nextLook{}, err
	}
	session := state.Session(name)
	switch {
	case session == nil:
		return nextLook{}, r.withdraw(ctx, name, stored)
	case stored != nil && stored.Spec.NodeName != r.agent.options.NodeName:
		if r.agent.conflicts.note(name, stored.Spec.NodeName) {
			log.FromContext(ctx).Error(errNameTaken, "no status is written", "session", name, "of", stored.Spec.NodeName)
		}
		_, err := r.stored.read(ctx, name)
		return nextLook{after: conflictInterval}, err
	case stored != nil && stored.Spec != r.agent.engine.Spec(session):
		// It is a session with another remote address: a spec never changes. The new object is made after the deletion.
		if err := r.remove(ctx, stored); err != nil {
			return nextLook{}, err
		}
		_, err := r.stored.read(ctx, name)
		return nextLook{after: missingInterval}, err
	}
	r.agent.conflicts.forget(name)
	return r.report(ctx, name, session, stored)
}

// errNameTaken: a BGPSession of another node has the name of one of ours.
var errNameTaken = errors.New("another node has a BGPSession of this name")

// report writes the status of a session, and looks again in a while whatever happens.
func (r *StatusReconciler) report(
	ctx context.Context, name string, session *compile.Session, stored *v1alpha1.BGPSession,
) (nextLook, error) {
	if !r.agent.engine.TakenUp(session) {
		return nextLook{}, nil // the speaker says so when it has taken it up
	}
	if stored == nil {
		created, err := r.create(ctx, name, session)
		if apierrors.IsAlreadyExists(err) {
			_, err = r.stored.read(ctx, name)
			return nextLook{after: missingInterval}, err
		}
		if err != nil {
			return nextLook{}, err
		}
		stored = created
		r.stored.note(name, stored)
	}
	next, err := r.write(ctx, stored, func(detail engine.Detail) (v1alpha1.BGPSessionStatus, bool) {
		return r.agent.engine.Status(session, stored, detail)
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		// Somebody deleted it. It is made anew.
		_, err = r.stored.read(ctx, name)
		return nextLook{after: missingInterval}, err
	}
	if next.after == 0 && err == nil {
		next.after = r.stored.untilLook(name)
	}
	return next, err
}

// write applies a status that differs from what is stored, unless it has to wait: then write returns for how long. The counts are made
// only once their turn has come.
func (r *StatusReconciler) write(
	ctx context.Context, stored *v1alpha1.BGPSession, status func(engine.Detail) (v1alpha1.BGPSessionStatus, bool),
) (nextLook, error) {
	want, known := status(engine.Brief)
	if !known {
		return nextLook{}, nil
	}
	urgency := urgencyOf(ownStatus(stored.Status, want), want)
	if urgency == ofExceptions && r.agent.exceptions.UrgentDelay(stored.UID, time.Now()) > 0 {
		urgency = ofCounts
	}
	if next := r.turn(stored, urgency); next.after > 0 {
		return next, nil
	}
	if want, known = status(engine.Full); !known {
		return nextLook{}, nil
	}
	if kube.SameStatus(ownStatus(stored.Status, want), want) {
		// It is not made again at once for the next reason to look.
		r.agent.written.Note(stored.UID, time.Now(), want.Conditions)
		return nextLook{}, nil
	}
	if urgency == ofCounts {
		r.agent.line.take(stored.Name, time.Now())
	}
	session := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: stored.Name, UID: stored.UID}, Status: want}
	if err := kube.ApplyStatus(ctx, r.client, fieldOwner, session); err != nil {
		return nextLook{}, err
	}
	r.stored.note(session.Name, session)
	switch urgency {
	case ofState:
		r.agent.written.NoteUrgent(session.UID, time.Now(), want.Conditions)
	case ofExceptions:
		r.agent.exceptions.NoteUrgent(session.UID, time.Now(), nil)
	}
	r.agent.written.Note(session.UID, time.Now(), want.Conditions)
	return nextLook{}, nil
}

// turn says how long a write has to wait.
func (r *StatusReconciler) turn(stored *v1alpha1.BGPSession, urgency urgency) nextLook {
	now := time.Now()
	switch urgency {
	case ofState:
		return nextLook{after: r.agent.written.UrgentDelay(stored.UID, now)}
	case ofExceptions:
		return nextLook{}
	}
	if own := r.agent.written.Delay(stored.UID, now); own > 0 {
		return nextLook{after: own}
	}
	wait := r.agent.line.wait(stored.Name, now)
	return nextLook{after: wait, inLine: wait > 0}
}

// ownStatus is the part of a stored status that this role writes: conditions of other types are somebody else's.
func ownStatus(stored, want v1alpha1.BGPSessionStatus) v1alpha1.BGPSessionStatus {
	stored.Conditions = kube.OwnConditions(stored.Conditions, want.Conditions)
	return stored
}

// create makes the object, owned by its Node, so that it goes when the Node does.
func (r *StatusReconciler) create(
	ctx context.Context, name string, session *compile.Session,
) (*v1alpha1.BGPSession, error) {
	var node corev1.Node
	if err := r.client.Get(ctx, client.ObjectKey{Name: r.agent.options.NodeName}, &node); err != nil {
		return nil, fmt.Errorf("owner of BGPSession %s: %w", name, err)
	}
	created := &v1alpha1.BGPSession{
		ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Node", Name: node.Name, UID: node.UID,
		}}},
		Spec: r.agent.engine.Spec(session),
	}
	if err := r.client.Create(ctx, created); err != nil {
		return nil, fmt.Errorf("create BGPSession %s: %w", name, err)
	}
	return created, nil
}

// withdraw deletes the BGPSession of a session that the node is not to have any more. Its name is forgotten only once the object is
// gone: a deletion that fails is tried again. The object of another node stays.
func (r *StatusReconciler) withdraw(ctx context.Context, name string, stored *v1alpha1.BGPSession) error {
	if stored != nil && stored.Spec.NodeName == r.agent.options.NodeName {
		if err := r.remove(ctx, stored); err != nil {
			return err
		}
	}
	r.stored.forget(name)
	r.agent.conflicts.forget(name)
	return nil
}

func (r *StatusReconciler) remove(ctx context.Context, stored *v1alpha1.BGPSession) error {
	if stored == nil {
		return nil
	}
	r.agent.written.Forget(stored.UID)
	r.agent.exceptions.Forget(stored.UID)
	return kube.Delete(ctx, r.client, stored)
}
