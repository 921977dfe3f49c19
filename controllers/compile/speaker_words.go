// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// FieldOf is the field of a BGPPeer's spec that a parameter of the speaker's is set by.
func FieldOf(p speaker.Parameter) string {
	switch p {
	case speaker.ParameterHoldTime:
		return "timers.holdSeconds"
	case speaker.ParameterFamilies:
		return "families"
	case speaker.ParameterCapabilities:
		return "capabilities"
	case speaker.ParameterGracefulRestart:
		return "gracefulRestart"
	case speaker.ParameterMultihopTTL:
		return "transport.multihopTTL"
	case speaker.ParameterTTLSecurity:
		return "transport.ttlSecurityHops"
	case speaker.ParameterAuthKey:
		return "authentication.tcpMD5"
	}
	return ""
}

// BlockedReason is the API's reason for one why no session may start.
func BlockedReason(r speaker.BlockedReason) string {
	switch r {
	case speaker.BlockedKeyMissing, speaker.BlockedKeyUnread:
		return v1alpha1.ReasonSecretNotFound
	case speaker.BlockedKeyInvalid:
		return v1alpha1.ReasonSecretInvalid
	}
	return ""
}

// WithheldReason is the API's reason for one why a session is not sent a prefix.
func WithheldReason(r rib.Reason) string {
	switch r {
	case rib.ReasonConflict:
		return v1alpha1.ReasonConflict
	case rib.ReasonFamilyNotNegotiated:
		return v1alpha1.ReasonFamilyNotNegotiated
	case rib.ReasonNoNextHop:
		return v1alpha1.ReasonNoNextHop
	case rib.ReasonOnlyToCustomer:
		return v1alpha1.ReasonOnlyToCustomer
	case rib.ReasonGuardRefused:
		return v1alpha1.ReasonGuardRefused
	case rib.ReasonTooLong:
		return v1alpha1.ReasonTooLong
	}
	return ""
}
