// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import "fmt"

// Parameter is a part of a Peer whose change can wait for the next reconnect.
type Parameter uint8

// The parameters of change class deferred.
const (
	// ParameterHoldTime is Timers.Hold or Timers.NoHold.
	ParameterHoldTime Parameter = iota + 1
	// ParameterFamilies is Families.
	ParameterFamilies
	// ParameterCapabilities is Capabilities.
	ParameterCapabilities
	// ParameterGracefulRestart is GracefulRestart.
	ParameterGracefulRestart
	// ParameterMultihopTTL is MultihopTTL.
	ParameterMultihopTTL
	// ParameterTTLSecurity is TTLSecurityHops.
	ParameterTTLSecurity
	// ParameterAuthKey is the key in Auth.
	ParameterAuthKey
)

// String names the parameter.
func (p Parameter) String() string {
	switch p {
	case ParameterHoldTime:
		return "hold time"
	case ParameterFamilies:
		return "address families"
	case ParameterCapabilities:
		return "capabilities"
	case ParameterGracefulRestart:
		return "graceful restart"
	case ParameterMultihopTTL:
		return "multihop TTL"
	case ParameterTTLSecurity:
		return "TTL security"
	case ParameterAuthKey:
		return "authentication key"
	}
	return fmt.Sprintf("Parameter(%d)", uint8(p))
}

// Blocked says that no new session may start, and why. The zero value blocks nothing.
type Blocked struct {
	Reason BlockedReason
	// Text is the caller's own, for people.
	Text string
}

// BlockedReason is why no new session may start.
type BlockedReason uint8

// Reasons why no new session may start.
const (
	// NotBlocked: one may.
	NotBlocked BlockedReason = iota
	// BlockedKeyMissing: the key of Auth is not there.
	BlockedKeyMissing
	// BlockedKeyInvalid: the key of Auth cannot be used.
	BlockedKeyInvalid
	// BlockedKeyUnread: nobody knows the key of Auth yet, nor whether there is one. It ends no live session, also none without
	// authentication.
	BlockedKeyUnread
)

// String names the reason.
func (r BlockedReason) String() string {
	switch r {
	case NotBlocked:
		return "not blocked"
	case BlockedKeyMissing:
		return "key missing"
	case BlockedKeyInvalid:
		return "key invalid"
	case BlockedKeyUnread:
		return "key unread"
	}
	return fmt.Sprintf("BlockedReason(%d)", uint8(r))
}
