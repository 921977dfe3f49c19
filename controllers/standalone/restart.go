// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// memory says what a restart would still know of the objects in force.
type memory struct {
	// lost says why a restart would know nothing, empty where a state is kept.
	lost string
	// dated are the objects whose manifests say their age.
	dated map[types.UID]bool
}

// losesTo reports whether after a restart the winner of a conflict would lose it to the loser: ages that are not kept are all
// one, and then names decide.
func (m *memory) losesTo(winner, loser compile.Ref) bool {
	if m.lost == "" {
		return false
	}
	if m.dated[loser.UID] || m.dated[winner.UID] {
		return !m.dated[winner.UID]
	}
	if loser.Namespace != winner.Namespace {
		return loser.Namespace < winner.Namespace
	}
	return loser.Name < winner.Name
}

// turnsOver and leavesOut are added to the text of a status that a restart would undo.
func (m *memory) turnsOver() string {
	return "; a restart would turn this over, since names decide where ages are not kept: " + m.lost
}

func (m *memory) leavesOut() string { return "; a restart would leave the object out: " + m.lost }

// warning is a text to add to each condition whose message contains on.
type warning struct{ on, text string }

// warnings says, by UID, what a restart would do about issues.
func (m *memory) warnings(issues []compile.Issue) map[types.UID][]warning {
	warnings := map[types.UID][]warning{}
	for i := range issues {
		issue := &issues[i]
		switch {
		case issue.Reason == v1alpha1.ReasonConflict && m.losesTo(issue.Winner, issue.Ref):
			warnings[issue.Ref.UID] = append(warnings[issue.Ref.UID], warning{issue.Message, m.turnsOver()})
		case issue.Held && m.lost != "":
			warnings[issue.Ref.UID] = append(warnings[issue.Ref.UID], warning{issue.Message, m.leavesOut()})
		}
	}
	return warnings
}

// ofPrefixes says the same of the prefixes of an Announcement that another one has.
func (m *memory) ofPrefixes(of compile.Ref, verdicts []v1alpha1.Verdict) []warning {
	var warnings []warning
	for i := range verdicts {
		verdict := &verdicts[i]
		if verdict.Reason != v1alpha1.ReasonConflict {
			continue
		}
		winner := announcementNamed(verdict.Winner)
		if m.losesTo(compile.Ref{Namespace: winner.Namespace, Name: winner.Name, UID: uidOf(winner)}, of) {
			warnings = append(warnings, warning{verdict.Winner, m.turnsOver()})
		}
	}
	return warnings
}

// ofExpiry says the same of the time that an Announcement is announced for; it is empty where a restart would change nothing.
func (m *memory) ofExpiry(uid types.UID) string {
	if m.lost == "" || m.dated[uid] {
		return ""
	}
	return "; a restart would let its time run anew: " + m.lost
}

// warn adds warnings to the conditions that have their texts.
func warn(conditions []metav1.Condition, warnings []warning) {
	for _, w := range warnings {
		for i := range conditions {
			if c := &conditions[i]; strings.Contains(c.Message, w.on) {
				c.Message += w.text
			}
		}
	}
}
