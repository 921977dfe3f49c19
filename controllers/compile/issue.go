// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Kinds of objects. No Issue is about a Namespace.
const (
	KindBGPPeer      = "BGPPeer"
	KindAnnouncement = "Announcement"
	KindNode         = "Node"
	KindNamespace    = "Namespace"
)

// Ref names one version of an object.
type Ref struct {
	// Namespace is empty for cluster-scoped objects.
	Namespace, Name string
	// UID is empty for an object that no API server has stored.
	UID types.UID
	// Generation is that of the object's spec.
	Generation int64
}

// RefOf names the object that meta belongs to.
func RefOf(meta *metav1.ObjectMeta) Ref {
	return Ref{Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID, Generation: meta.Generation}
}

// String is "namespace/name", or the name alone without a namespace.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

// Identity is what stays when the object changes: its UID, or its name where it has none.
func (r Ref) Identity() string {
	if r.UID != "" {
		return string(r.UID)
	}
	return r.String()
}

// Issue says why an object, or a part of it, is not in use.
type Issue struct {
	// Kind and Ref name the object.
	Kind string
	Ref  Ref
	// Condition is the type of the condition that the issue makes False; empty for a Node, which has none of ours.
	Condition string
	// Reason is one of the constants of the API, Message a sentence for people.
	Reason, Message string
	// Held: an older version is in force in the place of this one, of the generation InForce.
	Held    bool
	InForce int64
	// Winner is the object that a Conflict was lost to.
	Winner Ref
}

// hold says which version is in force in the place of the one that the issue is about.
func (i *Issue) hold(generation int64) {
	i.Held, i.InForce = true, generation
	what := fmt.Sprintf("generation %d", i.InForce)
	if i.InForce == i.Ref.Generation { // files have no generations
		what = "the version before it"
	}
	i.Message += "; " + what + " is in force"
}

// Headline says in a few words what the issue does to its object, for a log.
func (i *Issue) Headline() string {
	switch {
	case i.Held:
		return "an older version of the object is in force"
	case i.Condition == v1alpha1.ConditionAccepted && i.Reason != v1alpha1.ReasonConflict:
		return "object left out: no valid version of it is known here"
	}
	return "object not in use, or not in full"
}

// compareIssues orders issues by object, then by what they say.
func compareIssues(a, b Issue) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Ref.Namespace, b.Ref.Namespace),
		cmp.Compare(a.Ref.Name, b.Ref.Name),
		cmp.Compare(a.Condition, b.Condition),
		cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Message, b.Message),
	)
}

func sortIssues(issues []Issue) { slices.SortFunc(issues, compareIssues) }
