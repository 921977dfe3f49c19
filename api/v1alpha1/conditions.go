// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Each is positive: True is what one wants to see.
const (
	// ConditionAccepted, of BGPPeer and Announcement: the object is valid and in use;
	// False names the field.
	ConditionAccepted = "Accepted"

	// ConditionEstablished, of BGPPeer and BGPSession: the session is Established, for
	// a peer on every selected node.
	ConditionEstablished = "Established"

	// ConditionCurrent, of BGPPeer and BGPSession: the session runs on the newest
	// spec.
	ConditionCurrent = "Current"

	// ConditionReporting, of BGPSession: a ready speaker pod is on its node. The roll-up alone
	// writes it; the rest of the status is then as it was last reported.
	ConditionReporting = "Reporting"

	// ConditionAdvertised, of Announcement: every eligible session was sent it, at
	// this generation, and its End-of-RIB. BGP has no acknowledgement, so nothing
	// says more than that.
	ConditionAdvertised = "Advertised"
)

// Reasons of Accepted.
const (
	// ReasonAccepted (True): the object is valid and in use.
	ReasonAccepted = "Accepted"

	// ReasonInvalid (False): a field is wrong in spite of admission, as one that was
	// stored before a rule came; the object is left out. It is also the verdict of
	// such an announcement.
	ReasonInvalid = "Invalid"

	// ReasonUnsupported (False): a member or enum value is unknown to this version,
	// which goes on with the last one that it knew.
	ReasonUnsupported = "Unsupported"

	// ReasonConflict (Accepted of a BGPPeer, and a verdict; False): an older object
	// has the same neighbour, or announces the same prefix to the session.
	ReasonConflict = "Conflict"
)

// Reasons of Established.
const (
	// ReasonEstablished (True): the session is Established, for a peer everywhere.
	ReasonEstablished = "Established"

	// ReasonPartial (False, BGPPeer): on some nodes it is, on others not.
	ReasonPartial = "Partial"

	// ReasonNone (False, BGPPeer): on no node it is.
	ReasonNone = "None"

	// ReasonNoNodes (Unknown, BGPPeer; also of Current): no node is selected.
	ReasonNoNodes = "NoNodes"

	// ReasonConnecting (False, BGPSession): it is being set up, and nothing failed yet.
	ReasonConnecting = "Connecting"

	// ReasonConnectionFailed (False, BGPSession): the connection could not be made, or
	// was lost without a NOTIFICATION.
	ReasonConnectionFailed = "ConnectionFailed"

	// ReasonNotificationSent (False, BGPSession): we ended it with a NOTIFICATION.
	ReasonNotificationSent = "NotificationSent"

	// ReasonNotificationReceived (False, BGPSession): the neighbour ended it.
	ReasonNotificationReceived = "NotificationReceived"

	// ReasonSecretNotFound (False): the Secret or its entry is missing; no session
	// starts without it. As a reason of Current: the live session goes on.
	ReasonSecretNotFound = "SecretNotFound"

	// ReasonSecretInvalid (False): the key is empty, longer than 80 bytes, or ends in
	// a newline. As a reason of Current: the live session goes on.
	ReasonSecretInvalid = "SecretInvalid"

	// ReasonAdminDown (False): spec.adminState is Down.
	ReasonAdminDown = "AdminDown"

	// ReasonNoLocalASN (False): neither spec.localASN nor the node's annotation gives
	// our ASN, or it needs 4 octets where capabilities.fourOctetASN is false.
	ReasonNoLocalASN = "NoLocalASN"
)

// Reasons of Current.
const (
	// ReasonCurrent (True): the session runs on the newest spec.
	ReasonCurrent = "Current"

	// ReasonPendingReset (False): a deferred change waits for the next reconnect.
	ReasonPendingReset = "PendingReset"

	// ReasonListenerUnavailable (False): connections cannot be accepted; dialling goes
	// on.
	ReasonListenerUnavailable = "ListenerUnavailable"

	// ReasonReceiveLimitReached (False): the neighbour has more routes than
	// spec.receive.maxPrefixes; those over it were dropped.
	ReasonReceiveLimitReached = "ReceiveLimitReached"
)

// Reasons of Reporting.
const (
	// ReasonReporting (True): a speaker runs on the node.
	ReasonReporting = "Reporting"

	// ReasonNoSpeaker (False): none does.
	ReasonNoSpeaker = "NoSpeaker"
)

// Reasons of Advertised. Those of WithheldReasons are further ones, with False.
const (
	// ReasonAdvertised (True): every eligible session was sent it.
	ReasonAdvertised = "Advertised"

	// ReasonPending (Unknown): not every session has said yet what became of it.
	ReasonPending = "Pending"

	// ReasonNoSession (False): no session is eligible.
	ReasonNoSession = "NoSession"
)

// Verdicts: why a session was not sent an announcement, or not whole.
// ReasonInvalid and ReasonConflict are verdicts too.
const (
	// ReasonTooLarge: it names more than 2^24 prefixes; withheld whole.
	ReasonTooLarge = "TooLarge"

	// ReasonOverMaxPrefixes: it would take the session over maxPrefixes of the peer or
	// of the tenant; withheld whole.
	ReasonOverMaxPrefixes = "OverMaxPrefixes"

	// ReasonInfrastructureRefused: the prefix is infrastructure that the peer does not
	// list.
	ReasonInfrastructureRefused = "InfrastructureRefused"

	// ReasonPrefixNotAllowed: no tenant that covers the namespace covers the prefix,
	// or its family is not allowed.
	ReasonPrefixNotAllowed = "PrefixNotAllowed"

	// ReasonAttributeNotAllowed: a tenant covers the prefix, but none with these
	// attributes.
	ReasonAttributeNotAllowed = "AttributeNotAllowed"

	// ReasonFamilyNotNegotiated: the neighbour did not offer the prefix's family.
	ReasonFamilyNotNegotiated = "FamilyNotNegotiated"

	// ReasonNoNextHop: the prefix's family has no next hop here, or it is the
	// neighbour itself (RFC 4271 §5.1.3).
	ReasonNoNextHop = "NoNextHop"

	// ReasonTooLong: the attributes do not fit into a message.
	ReasonTooLong = "TooLong"

	// ReasonGuardRefused: the last check before the encoder refused what should not
	// have come so far: a defect.
	ReasonGuardRefused = "GuardRefused"

	// ReasonSessionDown: the session is not Established.
	ReasonSessionDown = "SessionDown"
)

// WithheldReasons is the order of verdicts: of several that apply to an
// announcement at a session, the first is told. What withholds the whole comes
// first, then what people must change, then what time may change.
func WithheldReasons() []string {
	return []string{
		ReasonInvalid,
		ReasonTooLarge,
		ReasonOverMaxPrefixes,
		ReasonInfrastructureRefused,
		ReasonPrefixNotAllowed,
		ReasonAttributeNotAllowed,
		ReasonConflict,
		ReasonFamilyNotNegotiated,
		ReasonNoNextHop,
		ReasonTooLong,
		ReasonGuardRefused,
		ReasonSessionDown,
	}
}
