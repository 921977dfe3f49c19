// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Problem says what of the manifests is not in force, and why.
type Problem struct {
	// File is the name of the file within the directory, empty for the directory itself.
	File string
	// Document counts the file's documents from 1, and Line is where it begins; 0 is the file as a whole.
	Document, Line int
	// Object names the object, such as "BGPPeer tor-a", where that could be told.
	Object string
	// Causes say what is wrong, field by field.
	Causes []metav1.StatusCause
	// Kept says that a former version stays in force.
	Kept bool
	// Lost says why a restart would lose the former version, empty where it would not.
	Lost string
	// Since is when it was first seen.
	Since time.Time

	// content is the refused object; generation is what it would have had.
	content    *unstructured.Unstructured
	generation int64
}

// Position is where the problem is, such as "peers.yaml, document 2 (line 14)".
func (p *Problem) Position() string {
	switch {
	case p.File == "":
		return "the directory"
	case p.Document == 0:
		return p.File
	default:
		return fmt.Sprintf("%s, document %d (line %d)", p.File, p.Document, p.Line)
	}
}

// Message says what is wrong, without the position.
func (p *Problem) Message() string {
	lines := make([]string, 0, len(p.Causes))
	for _, c := range p.Causes {
		if c.Field == "" {
			lines = append(lines, c.Message)
		} else {
			lines = append(lines, c.Field+": "+c.Message)
		}
	}
	return strings.Join(lines, "; ")
}

// String is the whole sentence.
func (p *Problem) String() string {
	text := p.Position() + ": "
	if p.Object != "" {
		text += p.Object + ": "
	}
	text += p.Message()
	switch {
	case p.Kept && p.Lost != "":
		text += " (what was in force before stays, but a restart would lose it: " + p.Lost + ")"
	case p.Kept:
		text += " (what was in force before stays)"
	}
	return text
}

// same reports whether p and q say the same, whenever they were first seen.
func (p *Problem) same(q Problem) bool {
	return p.File == q.File && p.Document == q.Document && p.Object == q.Object && p.Kept == q.Kept &&
		slices.Equal(p.Causes, q.Causes)
}

// ofNodes are the problems with the annotations of a Node, which has no condition of ours. Those among the former are as old as
// they were.
func ofNodes(issues []compile.Issue, objects *Objects, former []Problem, now time.Time) []Problem {
	var problems []Problem
	for i := range issues {
		if issues[i].Kind != compile.KindNode {
			continue
		}
		p := Problem{
			File: objects.fileOf(identityOfKind(compile.KindNode, "", issues[i].Ref.Name)), Object: compile.KindNode + " " + issues[i].Ref.Name, Since: now,
			Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldValueInvalid, Field: "metadata.annotations", Message: issues[i].Message}},
		}
		if j := slices.IndexFunc(former, p.same); j >= 0 {
			p.Since = former[j].Since
		}
		problems = append(problems, p)
	}
	return problems
}

// StatusObject shows the problem among the objects of the endpoint: the refused content with Accepted=False where it is an
// object of ours, else a Status, the API server's own form of a refusal.
func (p *Problem) StatusObject() runtime.Object {
	if p.content == nil {
		return &metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure,
			Code:     http.StatusUnprocessableEntity,
			Reason:   metav1.StatusReasonInvalid,
			Message:  p.String(),
			Details:  &metav1.StatusDetails{Name: p.Position(), Kind: p.Object, Causes: p.Causes},
		}
	}
	u := p.content.DeepCopy()
	u.SetGeneration(p.generation)
	conditions := []metav1.Condition{{
		Type:               v1alpha1.ConditionAccepted,
		Status:             metav1.ConditionFalse,
		Reason:             v1alpha1.ReasonInvalid,
		Message:            p.String(),
		ObservedGeneration: p.generation,
		LastTransitionTime: metav1.NewTime(p.Since),
	}}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.BGPPeerStatus{Conditions: conditions})
	if err != nil {
		// Conditions are plain data: this cannot happen, and the content alone is still true.
		return u
	}
	u.Object["status"] = status
	return u
}
