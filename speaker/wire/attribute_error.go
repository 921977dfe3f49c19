// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Errors in path attributes and what they entail: RFC 7606 §2.

package wire

import "fmt"

// Action is what an error in a path attribute entails, the stronger the
// greater (RFC 7606 §2).
type Action uint8

const (
	// Discard: the attribute is left out and the message used.
	Discard Action = iota + 1
	// TreatAsWithdraw: the routes of the message are handled as if withdrawn.
	TreatAsWithdraw
	// Reset: the session ends with the NOTIFICATION.
	Reset
)

// String returns the name in the words of RFC 7606 §2.
func (a Action) String() string {
	switch a {
	case Discard:
		return "attribute discard"
	case TreatAsWithdraw:
		return "treat-as-withdraw"
	case Reset:
		return "session reset"
	default:
		return "no action"
	}
}

// AttributeError is an error in a path attribute.
type AttributeError struct {
	Type   AttributeType
	Action Action
	// Notification tells what is wrong. It is sent for [Reset] only.
	Notification *Notification
}

// Error names the attribute, the error and the action.
func (e *AttributeError) Error() string {
	return fmt.Sprintf("%v: %v: %v", e.Type, e.Notification, e.Action)
}

// Unwrap returns the NOTIFICATION of a [Reset] and nil for weaker actions, so
// that errors.As finds a [*Notification] exactly if the session must end.
func (e *AttributeError) Unwrap() error {
	if e.Action != Reset {
		return nil
	}
	return e.Notification
}
