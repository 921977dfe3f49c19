// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// LabelSelector chooses objects by their labels, as everywhere in Kubernetes: every entry of matchLabels and of
// matchExpressions must be true, and an empty selector chooses everything. It has bounds, so that admission can
// check all of it.
type LabelSelector struct {
	// matchLabels are labels that an object has, with these values.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317 && key.matches('^([a-z0-9][-a-z0-9.]{0,251}[a-z0-9]?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$'))",message="matchLabels: write the name of a label, such as rack or topology.kubernetes.io/zone: at most 63 letters, digits, '-', '_' and '.', with a DNS subdomain and '/' before it where it has one"
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`

	// matchExpressions are conditions on labels.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	MatchExpressions []LabelSelectorRequirement `json:"matchExpressions,omitempty"`
}

// LabelSelectorRequirement is a condition on a label.
//
// +kubebuilder:validation:XValidation:rule="(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",message="values: write at least one with operator In or NotIn, and none with Exists or DoesNotExist"
type LabelSelectorRequirement struct {
	// key is the name of the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9][-a-z0-9.]{0,251}[a-z0-9]?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$')",message="key: write the name of a label, such as rack or topology.kubernetes.io/zone: at most 63 letters, digits, '-', '_' and '.', with a DNS subdomain and '/' before it where it has one"
	Key string `json:"key"`

	// operator is the condition on the label: In demands that its value is among values, NotIn that it is not;
	// Exists demands that the object has the label, DoesNotExist that it has not.
	// +required
	Operator LabelSelectorOperator `json:"operator"`

	// values are the values of In and NotIn.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Values []LabelValue `json:"values,omitempty"`
}

// A CEL rule for the selectors of all tenants would exceed the cost that an API server allows, so values have a pattern.

// LabelValue is the value of a label: empty, or letters, digits, '-', '_' and '.', with a letter or digit at
// both ends.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`
type LabelValue string

// LabelSelectorOperator is the condition on a label.
//
// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
type LabelSelectorOperator string

const (
	// LabelIn asks for one of the values.
	LabelIn LabelSelectorOperator = "In"
	// LabelNotIn asks for none of the values; an object without the label has none.
	LabelNotIn LabelSelectorOperator = "NotIn"
	// LabelExists asks for the label.
	LabelExists LabelSelectorOperator = "Exists"
	// LabelDoesNotExist asks for its absence.
	LabelDoesNotExist LabelSelectorOperator = "DoesNotExist"
)

// Selector parses the selector. As everywhere in Kubernetes an empty one selects everything, and nil selects nothing.
func (s *LabelSelector) Selector() (labels.Selector, error) {
	if s == nil {
		return labels.Nothing(), nil
	}
	var selector metav1.LabelSelector
	for key, value := range s.MatchLabels {
		metav1.AddLabelToSelector(&selector, key, string(value))
	}
	for _, r := range s.MatchExpressions {
		requirement := metav1.LabelSelectorRequirement{Key: r.Key, Operator: metav1.LabelSelectorOperator(r.Operator)}
		for _, value := range r.Values {
			requirement.Values = append(requirement.Values, string(value))
		}
		selector.MatchExpressions = append(selector.MatchExpressions, requirement)
	}
	return metav1.LabelSelectorAsSelector(&selector)
}
