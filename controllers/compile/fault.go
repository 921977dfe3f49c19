// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// noMember faults a union without a member that this version knows: one that a later version has is decoded as none.
func noMember(field, write string) error {
	return &fault{
		reason: v1alpha1.ReasonUnsupported,
		text:   fmt.Sprintf("%s: missing, or in a form that this version does not know: write %s, or upgrade the operator", field, write),
	}
}

// firstFault is the first of several, one of what this version does not know before others: they may follow from it.
func firstFault(errs ...error) error {
	if i := slices.IndexFunc(errs, isUnsupported); i >= 0 {
		return errs[i]
	}
	return cmp.Or(errs...)
}

func isUnsupported(err error) bool {
	f, ok := errors.AsType[*fault](err)
	return ok && f.reason == v1alpha1.ReasonUnsupported
}

// inRange faults an optional number outside of low..high.
func inRange[T ~int32 | ~int64](field string, value *T, low, high T) error {
	if value != nil && (*value < low || *value > high) {
		return invalid(field, "%d: write a number from %d to %d", *value, low, high)
	}
	return nil
}
