// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// fault is why an object is not accepted. Its text begins with the field's path, as the messages of admission do.
type fault struct {
	reason string
	text   string
}

// Error returns the text.
func (f *fault) Error() string { return f.text }

// invalid faults a field that admission refuses today: the object may be older than the rule.
func invalid(field, format string, args ...any) error {
	return &fault{reason: v1alpha1.ReasonInvalid, text: field + ": " + fmt.Sprintf(format, args...)}
}

// unsupported faults an enum's value or a union's member that this version does not know.
func unsupported[T ~string](field string, value T) error {
	return &fault{
		reason: v1alpha1.ReasonUnsupported,
		text:   fmt.Sprintf("%s: this version does not know %q; upgrade the operator, or write another value", field, string(value)),
	}
}

// issueOf makes the Issue of an object that err keeps out.
func issueOf(kind string, meta *metav1.ObjectMeta, err error) *Issue {
	issue := &Issue{
		Kind:      kind,
		Ref:       RefOf(meta),
		Condition: v1alpha1.ConditionAccepted,
		Reason:    v1alpha1.ReasonInvalid,
		Message:   err.Error(),
	}
	if f, ok := errors.AsType[*fault](err); ok {
		issue.Reason = f.reason
	}
	return issue
}

// inRange faults an optional number outside of low..high.
func inRange[T ~int32 | ~int64](field string, value *T, low, high T) error {
	if value != nil && (*value < low || *value > high) {
		return invalid(field, "%d: write a number from %d to %d", *value, low, high)
	}
	return nil
}

// selectorOf parses a label selector. Omitted or empty, it selects everything.
func selectorOf(field string, selector *v1alpha1.LabelSelector) (labels.Selector, error) {
	if selector == nil {
		return labels.Everything(), nil
	}
	for i, requirement := range selector.MatchExpressions {
		switch requirement.Operator {
		case v1alpha1.LabelIn, v1alpha1.LabelNotIn, v1alpha1.LabelExists, v1alpha1.LabelDoesNotExist:
		default:
			return nil, unsupported(fmt.Sprintf("%s.matchExpressions[%d].operator", field, i), requirement.Operator)
		}
	}
	parsed, err := selector.Selector()
	if err != nil {
		return nil, invalid(field, "%v", err)
	}
	return parsed, nil
}

// selector is a label selector with its canonical form: of two with one key, both select the same. Those that select everything
// are one value.
type selector struct {
	labels.Selector
	key string
}

var everything = &selector{Selector: labels.Everything()}

func readSelector(field string, spec *v1alpha1.LabelSelector) (*selector, error) {
	parsed, err := selectorOf(field, spec)
	if err != nil {
		return nil, err
	}
	if parsed.Empty() {
		return everything, nil
	}
	return &selector{Selector: parsed, key: parsed.String()}, nil
}

func (s *selector) matches(set labels.Set) bool { return s == everything || s.Matches(set) }
