// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

func (r *Reconciler) apply(ctx context.Context, object client.Object) error {
	return kube.ApplyStatus(ctx, r.client, fieldOwner, object)
}

// report writes the roll-up's part of a BGPSession's status. The rest belongs to its speaker.
func (r *Reconciler) report(ctx context.Context, session *v1alpha1.BGPSession, report *status.SessionReport) error {
	return kube.ApplyPart(ctx, r.client, fieldOwner, session, report)
}

// remove deletes a BGPSession whose Node or BGPPeer is gone, or that has no speaker to delete it. A cache may be behind: if it
// lacks an object, remove asks the API server. If the API server has the object, a survey looks at it once the cache has it too. An
// orphan is a BGPSession that the survey found without its Node or BGPPeer: it stays if both exist now.
func (r *Reconciler) remove(ctx context.Context, session *v1alpha1.BGPSession, orphan bool) error {
	for _, referred := range []client.Object{
		&v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: session.Spec.PeerName}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: session.Spec.NodeName}},
	} {
		key := client.ObjectKeyFromObject(referred)
		err := r.client.Get(ctx, key, referred)
		if err == nil {
			continue
		}
		if apierrors.IsNotFound(err) {
			err = r.server.Get(ctx, key, referred)
		}
		if apierrors.IsNotFound(err) {
			return kube.Delete(ctx, r.client, session)
		}
		if err != nil {
			return fmt.Errorf("left-over BGPSession %s: %w", session.Name, err)
		}
		return nil
	}
	if orphan {
		return nil
	}
	return kube.Delete(ctx, r.client, session)
}
