// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Each is positive: True is the desired value.
const (
	// ConditionAccepted, of BGPPeer and Announcement: the object is valid and in use;
	// False names the field.
	ConditionAccepted = "Accepted"

	// ConditionReady, of BGPPeer and Announcement, is for kubectl wait, Helm, Flux and
	// Argo CD: the state that the object asks for is reached on the wire. A BGPPeer is
	// Ready if it is Accepted and Established. An Announcement is Ready if it is Accepted
	// and Advertised and no prefix is withheld for a reason in the object itself. An object
	// whose adminState Down has been carried out is Ready too.
	ConditionReady = "Ready"

	// ConditionEstablished, of BGPPeer and BGPSession: the session is Established; for
	// a BGPPeer, at least one of the sessions that its newest spec asks for.
	ConditionEstablished = "Established"

	// ConditionUpToDate, of BGPPeer and BGPSession: the session runs on the newest
	// spec.
	ConditionUpToDate = "UpToDate"

	// ConditionReporting, of BGPSession: the speaker on its node runs, whether ready or
	// not, and the node is not lost. Only the roll-up of the cluster role writes it. With
	// False the roll-up also writes the state Unknown and Established=Unknown with the
	// reason NotReporting; the node's next report overwrites them.
	ConditionReporting = "Reporting"

	// ConditionAdvertised, of Announcement: at least one eligible session was sent a
	// prefix of the announcement, at this generation, and the End-of-RIB. BGP has no
	// acknowledgement, so Herald cannot say more than that.
	ConditionAdvertised = "Advertised"

	// ConditionComplete, of Announcement: the announcement is everywhere it should be.
	// Every eligible session was sent every prefix that is due there.
	ConditionComplete = "Complete"
)

// Reasons of Accepted.
const (
	// ReasonAccepted (True): the object is valid and in use.
	ReasonAccepted = "Accepted"

	// ReasonInvalid (False): a field is invalid in spite of admission, for example because
	// the object was stored before the rule existed. The last valid version stays in force,
	// but rights, prefixes and families that the newest version removes end, and its
	// adminState Down and a shorter expireAfterSeconds act. An object without a valid
	// version is left out. Invalid is also the verdict of such an announcement.
	ReasonInvalid = "Invalid"

	// ReasonUnsupported (False): a field, a member or an enum value is unknown to this
	// version of Herald. Herald goes on with the last version of the object that it knew;
	// adminState Down and a shorter expireAfterSeconds act, and rights that are removed end,
	// all the same.
	ReasonUnsupported = "Unsupported"

	// ReasonConflict (Accepted of a BGPPeer, and a verdict; False): an older object
	// has the same neighbour, or announces the same prefix to the session with other attributes.
	ReasonConflict = "Conflict"
)

// Reasons of Established.
const (
	// ReasonEstablished (True): the session is Established, for a peer on every node
	// that is available.
	ReasonEstablished = "Established"

	// ReasonPartial (True; BGPPeer, and Advertised): the condition holds for some of the
	// sessions, not for all.
	ReasonPartial = "Partial"

	// ReasonNoNodes (Unknown, BGPPeer; also of UpToDate): no node is selected.
	ReasonNoNodes = "NoNodes"

	// ReasonUnavailable (Unknown; BGPPeer, and Advertised): every node of the object is
	// lost or runs no speaker. As a reason of Complete (False): some nodes are lost or run
	// no speaker, and nothing else is missing.
	ReasonUnavailable = "Unavailable"

	// ReasonNotReporting (Unknown, BGPSession): no speaker reports; see Reporting.
	ReasonNotReporting = "NotReporting"

	// ReasonConnecting (False, BGPSession): the session is being set up, and no attempt has
	// failed yet.
	ReasonConnecting = "Connecting"

	// ReasonConnectionFailed (False, BGPSession): the connection could not be made, or
	// was lost without a NOTIFICATION.
	ReasonConnectionFailed = "ConnectionFailed"

	// ReasonNotificationSent (False, BGPSession): we ended the session with a NOTIFICATION.
	ReasonNotificationSent = "NotificationSent"

	// ReasonNotificationReceived (False, BGPSession): the neighbour ended the session with
	// a NOTIFICATION.
	ReasonNotificationReceived = "NotificationReceived"

	// ReasonSecretNotFound (False): the Secret or its entry is missing; no session
	// starts without it. As a reason of UpToDate: the live session goes on.
	ReasonSecretNotFound = "SecretNotFound"

	// ReasonSecretInvalid (False): the key is empty, longer than 80 bytes, or ends in
	// a newline. As a reason of UpToDate: the live session goes on.
	ReasonSecretInvalid = "SecretInvalid"

	// ReasonAdminDown (False): spec.adminState is Down. It is also a verdict, and, once
	// adminState Down has been carried out, a reason of Ready (True).
	ReasonAdminDown = "AdminDown"

	// ReasonNoLocalASN (False): neither spec.localASN nor the node's annotation gives
	// our ASN, or the ASN needs 4 octets and capabilities.fourOctetASN is false.
	ReasonNoLocalASN = "NoLocalASN"
)

// ReasonReady is the reason of Ready with True. With False and Unknown, Ready has the reason of the condition that decides it.
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
	// spec.receive.maxPrefixes; the routes over the limit were dropped.
	ReasonReceiveLimitReached = "ReceiveLimitReached"
)

// Reasons of Reporting.
const (
	// ReasonReporting (True): a speaker runs on the node.
	ReasonReporting = "Reporting"

	// ReasonNoSpeaker (False): no speaker runs on the node.
	ReasonNoSpeaker = "NoSpeaker"

	// ReasonNodeLost (False): the node gives no sign of life.
	ReasonNodeLost = "NodeLost"
)

// Reasons of Advertised and Complete. Each of WithheldReasons is one too, with False.
const (
	// ReasonAdvertised (True): every eligible session that is available was sent the whole
	// announcement.
	ReasonAdvertised = "Advertised"

	// ReasonComplete (True): the announcement is everywhere it should be. If it should be
	// nowhere, the reason says why instead: AdminDown or Expired.
	ReasonComplete = "Complete"

	// ReasonPending (Unknown; also of Established of a BGPPeer, and UpToDate): some
	// sessions have not reported on this generation yet.
	ReasonPending = "Pending"

	// ReasonNoSession (False): no session is eligible.
	ReasonNoSession = "NoSession"
)

// Verdicts: why a session was not sent an announcement, or only a part of it.
// ReasonInvalid and ReasonConflict are verdicts too.
const (
	// ReasonTooLarge: the announcement names more than 2^24 prefixes; it is withheld whole.
	ReasonTooLarge = "TooLarge"

	// ReasonOverMaxPrefixes: the announcement would take the session over maxPrefixes of
	// the peer or of the tenant; it is withheld whole.
	ReasonOverMaxPrefixes = "OverMaxPrefixes"

	// ReasonInfrastructureRefused: the prefix is infrastructure that the peer does not
	// list.
	ReasonInfrastructureRefused = "InfrastructureRefused"

	// ReasonPrefixNotAllowed: no tenant that covers the namespace covers the prefix,
	// or its family is not allowed.
	ReasonPrefixNotAllowed = "PrefixNotAllowed"

	// ReasonAttributeNotAllowed: a tenant entry covers the prefix, but no such entry allows
	// the attributes.
	ReasonAttributeNotAllowed = "AttributeNotAllowed"

	// ReasonExpired: the time of spec.expireAfterSeconds is over; it is withheld whole.
	ReasonExpired = "Expired"

	// ReasonFamilyNotNegotiated: the neighbour did not offer the prefix's family.
	ReasonFamilyNotNegotiated = "FamilyNotNegotiated"

	// ReasonNoNextHop: the prefix's family has no next hop here, or the next hop is the
	// neighbour itself (RFC 4271 §5.1.3).
	ReasonNoNextHop = "NoNextHop"

	// ReasonOnlyToCustomer: the announcement carries ONLY_TO_CUSTOMER, which a provider, a peer or a route server must not
	// be sent (RFC 9234 §5).
	ReasonOnlyToCustomer = "OnlyToCustomer"

	// ReasonTooLong: the attributes do not fit into a message.
	ReasonTooLong = "TooLong"

	// ReasonGuardRefused: the last check before the encoder refused a route that an
	// earlier check should have withheld: a defect of Herald.
	ReasonGuardRefused = "GuardRefused"

	// ReasonSessionDown: the session is not Established.
	ReasonSessionDown = "SessionDown"
)

// WithheldReasons is the order of verdicts: if several apply to an announcement at a
// session, the status gives the first. Verdicts on the whole announcement come first,
// then those that people must mend, then those that may pass with time.
func WithheldReasons() []string {
	return []string{
		ReasonInvalid,
		ReasonTooLarge,
		ReasonAdminDown,
		ReasonExpired,
		ReasonOverMaxPrefixes,
		ReasonInfrastructureRefused,
		ReasonPrefixNotAllowed,
		ReasonAttributeNotAllowed,
		ReasonConflict,
		ReasonFamilyNotNegotiated,
		ReasonNoNextHop,
		ReasonOnlyToCustomer,
		ReasonTooLong,
		ReasonGuardRefused,
		ReasonSessionDown,
	}
}
