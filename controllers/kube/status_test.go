// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/controllers/kube"
)

func TestOwnConditions(t *testing.T) {
	of := func(kinds ...string) []metav1.Condition {
		var list []metav1.Condition
		for _, kind := range kinds {
			list = append(list, metav1.Condition{Type: kind, Reason: "Of" + kind})
		}
		return list
	}
	own := []metav1.Condition{{Type: "Accepted"}, {Type: "Advertised"}}
	for name, test := range map[string]struct{ stored, want []metav1.Condition }{
		"none":                  {nil, nil},
		"of somebody else":      {of("Audited"), nil},
		"among somebody else's": {of("Audited", "Accepted", "Frozen", "Advertised"), of("Accepted", "Advertised")},
		"in another order":      {of("Advertised", "Accepted"), of("Accepted", "Advertised")},
		"one is missing":        {of("Advertised"), of("Advertised")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kube.OwnConditions(test.stored, own); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}
