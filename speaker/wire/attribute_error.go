// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Errors in path attributes and what they entail: RFC 7606 §2.

package wire

import "fmt"

// Action is the consequence of an error in a path attribute (RFC 7606 §2). A
// stronger action has a greater value.
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
	// Notification says what is wrong. It is sent for [Reset] only.
	Notification *Notification
	// whole holds the attribute's octets, since not every NOTIFICATION carries them. It is a slice of the message.
	whole []byte
}

// Error names the attribute, the error and the action.
func (e *AttributeError) Error() string {
	return fmt.Sprintf("%v: %v: %v", e.Type, e.Notification, e.Action)
}

// detail names the attribute, its value and what was expected.
func (e *AttributeError) detail() string {
	data := e.Notification.Data
	switch e.Notification.Subcode {
	case UpdateMalformedAttributeList:
		return fmt.Sprintf("%v repeated, or longer than what is left of the attributes", e.Type)
	case UpdateUnrecognizedWellKnown:
		return fmt.Sprintf("%v with flags %#02x, expected one that is known or optional", e.Type, data[0])
	case UpdateAttributeFlags:
		flags, _ := e.Type.flags()
		return fmt.Sprintf("%v with flags %#02x, expected %#02x", e.Type, data[0], flags)
	}
	return fmt.Sprintf("%v that is not as it must be: %s", e.Type, excerpt(e.whole))
}

// Unwrap returns the NOTIFICATION of a [Reset] and nil for weaker actions, so
// that errors.As finds a [*Notification] exactly if the session must end.
func (e *AttributeError) Unwrap() error {
	if e.Action != Reset {
		return nil
	}
	return e.Notification
}
