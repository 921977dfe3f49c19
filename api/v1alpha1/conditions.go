// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Each is positive: True is what one wants to see.
const (
	// ConditionAccepted, of BGPPeer and Announcement: the object is valid and in use;
	// False names the field.
	ConditionAccepted = "Accepted"

	// ConditionReady, of BGPPeer and Announcement, is for kubectl wait, Helm, Flux and
	// Argo CD: what the object asks for is on the wire. A BGPPeer is Ready where it is
	// Accepted and Established, an Announcement where it is Accepted and Advertised and
	// no prefix is withheld for a reason of the object's own. adminState Down, carried
	// out, is Ready too.
	ConditionReady = "Ready"

	// ConditionEstablished, of BGPPeer and BGPSession: the session is Established, for
	// a peer at least one of those that its newest spec asks for.
	ConditionEstablished = "Established"

	// ConditionUpToDate, of BGPPeer and BGPSession: the session runs on the newest
	// spec.
	ConditionUpToDate = "UpToDate"

	// ConditionReporting, of BGPSession: the speaker on its node runs, whether ready or
	// not, and the node is not lost. The roll-up alone writes it; with False it also
	// applies the state Unknown and Established=Unknown with the reason NotReporting,
	// and the node's next report takes them back.
	ConditionReporting = "Reporting"

	// ConditionAdvertised, of Announcement: is it out? At least one eligible session
	// was sent a prefix of it, at this generation, and its End-of-RIB. BGP has no
	// acknowledgement, so nothing says more than that.
	ConditionAdvertised = "Advertised"

	// ConditionComplete, of Announcement: is it everywhere it should be? The same
	// holds for every prefix at every eligible session where it is due.
	ConditionComplete = "Complete"
)

// Reasons of Accepted.
const (
	// ReasonAccepted (True): the object is valid and in use.
	ReasonAccepted = "Accepted"

	// ReasonInvalid (False): a field is wrong in spite of admission, as one that was
	// stored before a rule came. The last valid version stays in force, but for the
	// rights, prefixes and families that the newest removes, and adminState Down; without
	// one the object is left out. It is also the verdict of such an announcement.
	ReasonInvalid = "Invalid"

	// ReasonUnsupported (False): a field, a member or an enum value is unknown to this
	// version of Herald, which goes on with the last version of the object that it knew;
	// adminState Down, and rights that are removed, act all the same.
	ReasonUnsupported = "Unsupported"

	// ReasonConflict (Accepted of a BGPPeer, and a verdict; False): an older object
	// has the same neighbour, or announces the same prefix to the session.
	ReasonConflict = "Conflict"
)

// Reasons of Established.
const (
	// ReasonEstablished (True): the session is Established, for a peer on every node
	// that is available.
	ReasonEstablished = "Established"

	// ReasonPartial (True; BGPPeer, and Advertised): some of it is so, not all.
	ReasonPartial = "Partial"

	// ReasonNoNodes (Unknown, BGPPeer; also of UpToDate): no node is selected.
	ReasonNoNodes = "NoNodes"

	// ReasonUnavailable (Unknown; BGPPeer, and Advertised): every node of it is lost or
	// runs no speaker. As a reason of Complete (False): some are, and nothing else is
	// missing.
	ReasonUnavailable = "Unavailable"

	// ReasonNotReporting (Unknown, BGPSession): nobody reports; see Reporting.
	ReasonNotReporting = "NotReporting"

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
	// starts without it. As a reason of UpToDate: the live session goes on.
	ReasonSecretNotFound = "SecretNotFound"

	// ReasonSecretInvalid (False): the key is empty, longer than 80 bytes, or ends in
	// a newline. As a reason of UpToDate: the live session goes on.
	ReasonSecretInvalid = "SecretInvalid"

	// ReasonAdminDown (False): spec.adminState is Down. It is also a verdict, and, once it
	// is carried out, a reason of Ready (True).
	ReasonAdminDown = "AdminDown"

	// ReasonNoLocalASN (False): neither spec.localASN nor the node's annotation gives
	// our ASN, or it needs 4 octets where capabilities.fourOctetASN is false.
	ReasonNoLocalASN = "NoLocalASN"
)

// ReasonReady is that of Ready with True. With anything else Ready has the reason of the condition that decides it.
const ReasonReady = "Ready"

// Reasons of UpToDate.
const (
	// ReasonUpToDate (True): the session runs on the newest spec.
	ReasonUpToDate = "UpToDate"

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

	// ReasonNodeLost (False): the node gives no sign of life.
	ReasonNodeLost = "NodeLost"
)

// Reasons of Advertised and Complete. Those of WithheldReasons are further ones, with False.
const (
	// ReasonAdvertised (True): all of it was sent to every eligible session that is
	// available.
	ReasonAdvertised = "Advertised"

	// ReasonComplete (True): it is everywhere it should be. Where that is nowhere, the
	// reason says why, such as AdminDown.
	ReasonComplete = "Complete"

	// ReasonPending (Unknown; also of Established of a BGPPeer, and UpToDate): not every
	// session has said yet what became of it.
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
		ReasonAdminDown,
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
