// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxText is the longest text in a status, in characters. The API server refuses a status with a condition whose message
// is longer than 32,768 characters, and a message may quote a field that is longer than that.
const maxText = 1024

// conditions returns the wanted conditions alone, in their order. They get that generation unless they have one already, and
// no message is too long.
// The transition time of a condition changes only with its status.
func conditions(previous []metav1.Condition, generation int64, now time.Time, want ...metav1.Condition) []metav1.Condition {
	list := make([]metav1.Condition, 0, len(want))
	for _, condition := range want {
		if condition.ObservedGeneration == 0 {
			condition.ObservedGeneration = generation
		}
		condition.LastTransitionTime = seconds(now)
		condition.Message = cut(condition.Message)
		if known := meta.FindStatusCondition(previous, condition.Type); known != nil && known.Status == condition.Status {
			condition.LastTransitionTime = known.LastTransitionTime
		}
		list = append(list, condition)
	}
	return list
}

// condition makes a condition without its generation and time.
func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// seconds is a time as the API server stores it, so that a written and a read time compare equal.
func seconds(t time.Time) metav1.Time { return metav1.NewTime(t).Rfc3339Copy() }

// cut shortens a text to maxText characters.
func cut(text string) string {
	count := 0
	for i := range text {
		if count == maxText {
			return text[:i]
		}
		count++
	}
	return text
}

// counter is a number as a status counts it.
func counter(n int) int32 { return int32(min(n, math.MaxInt32)) }
