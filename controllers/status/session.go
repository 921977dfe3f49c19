// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// SessionInput is the input from which the status of a BGPSession is made.
type SessionInput struct {
	// Snapshot is the speaker's report.
	Snapshot speaker.PeerSnapshot
	// Peer is the BGPPeer that the speaker's configuration was compiled from.
	Peer compile.PeerVersion
	// Generation is the generation of the BGPSession; 0 while there is none.
	Generation int64
	// Previous are the conditions that the BGPSession has; nil before its first status.
	Previous []metav1.Condition
	// Now is the time of a transition.
	Now time.Time
	// Brief leaves out what only counts: the numbers of prefixes and announcements, and the digest.
	Brief bool
}

// Session is the status of a BGPSession as its own node writes it.
func Session(in SessionInput) v1alpha1.BGPSessionStatus {
	s := &in.Snapshot
	status := v1alpha1.BGPSessionStatus{
		Conditions: conditions(in.Previous, in.Generation, in.Now, established(s), current(s)),
		Peer: &v1alpha1.SessionPeer{
			UID: string(in.Peer.UID), Generation: in.Peer.Generation, ResetKey: in.Peer.ResetKey,
		},
		State:          v1alpha1.SessionState(s.State.String()),
		LocalASN:       int64(s.LocalASN),
		PeerASN:        int64(s.PeerASN),
		LocalAddress:   address(s.LocalAddress),
		PeerAddress:    address(s.PeerAddress),
		RouterID:       text(s.RouterID),
		RemoteRouterID: text(s.RemoteRouterID),
		Flaps:          int64(s.Flaps),
		LastError:      lastError(s.LastError),
	}
	if !s.Since.IsZero() {
		since := seconds(s.Since)
		status.Since = &since
		if s.State == speaker.StateEstablished {
			// A session that was lost and came back between two reports counts as a new transition.
			status.Conditions[0].LastTransitionTime = since
		}
	}
	if s.State == speaker.StateEstablished {
		status.Negotiated = negotiated(s.Negotiated)
		status.Announcements = announcements(&s.Routes, in.Brief)
		if !in.Brief {
			status.Prefixes = prefixes(s)
		}
	}
	return status
}

// established makes the condition from the FSM's state. For a session that may not start it says why; for any other that is down
// it gives the last failure.
func established(s *speaker.PeerSnapshot) metav1.Condition {
	const kind = v1alpha1.ConditionEstablished
	if s.State == speaker.StateEstablished {
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonEstablished,
			fmt.Sprintf("Established with AS %d at %s", s.PeerASN, address(s.PeerAddress)))
	}
	reason, message := v1alpha1.ReasonConnecting, "the session is being set up"
	switch {
	case s.AdminDown:
		reason, message = v1alpha1.ReasonAdminDown, "spec.adminState of the BGPPeer is Down"
	case s.Blocked.Reason != speaker.NotBlocked:
		reason, message = compile.BlockedReason(s.Blocked.Reason), s.Blocked.Text
	case s.LastError != nil:
		reason, message = reasonOf(s.LastError.Direction), messageOf(s.LastError)
	}
	return condition(kind, metav1.ConditionFalse, reason, message)
}

func reasonOf(direction speaker.Direction) string {
	switch direction {
	case speaker.DirectionSent:
		return v1alpha1.ReasonNotificationSent
	case speaker.DirectionReceived:
		return v1alpha1.ReasonNotificationReceived
	default:
		return v1alpha1.ReasonConnectionFailed
	}
}

// messageOf is the text of an error with the numbers of its NOTIFICATION, since people search for them.
func messageOf(err *speaker.SessionError) string {
	if err.Direction == speaker.DirectionNone {
		return err.Text
	}
	numbers := fmt.Sprintf("%d/%d", err.Code, err.Subcode)
	if strings.Contains(err.Text, numbers) {
		return err.Text
	}
	return fmt.Sprintf("NOTIFICATION %s: %s", numbers, err.Text)
}

// current says whether the session runs on the newest spec, and if not, why.
func current(s *speaker.PeerSnapshot) metav1.Condition {
	const kind = v1alpha1.ConditionUpToDate
	live := s.State == speaker.StateEstablished
	switch {
	case live && s.Blocked.Reason != speaker.NotBlocked:
		return condition(kind, metav1.ConditionFalse, compile.BlockedReason(s.Blocked.Reason),
			s.Blocked.Text+"; the session goes on, and no new one starts")
	case live && len(s.PendingReset) > 0:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPendingReset,
			"changes that wait for the next reconnect: "+fieldsOf(s.PendingReset))
	case s.ListenerError != "":
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonListenerUnavailable, s.ListenerError)
	case s.PendingRouterID.IsValid():
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonPendingReset, fmt.Sprintf(
			"the router ID stays %s until the speaker on the node is started again; then it is %s", s.RouterID, s.PendingRouterID))
	case live && s.Received != nil && s.Received.Excess:
		// The message leaves out the number of dropped routes: the condition would be written anew for each of them.
		more := "routes than spec.receive.maxPrefixes"
		if n := s.Received.OctetLimit; n != 0 {
			more = fmt.Sprintf("octets of path attributes than %d, which go with spec.receive.maxPrefixes", n)
		}
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonReceiveLimitReached, fmt.Sprintf(
			"the neighbour has more %s, %d: routes over it are dropped; the session goes on", more, s.Received.Limit))
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonUpToDate, "the session runs on the newest spec")
}

// fieldsOf are the fields of a BGPPeer's spec that parameters are set by.
func fieldsOf(parameters []speaker.Parameter) string {
	fields := make([]string, len(parameters))
	for i, p := range parameters {
		fields[i] = compile.FieldOf(p)
	}
	return strings.Join(fields, ", ")
}

func lastError(err *speaker.SessionError) *v1alpha1.SessionError {
	if err == nil {
		return nil
	}
	out := &v1alpha1.SessionError{Time: seconds(err.Time), Text: cut(err.Text)}
	switch err.Direction {
	case speaker.DirectionSent:
		out.Direction = v1alpha1.NotificationSent
	case speaker.DirectionReceived:
		out.Direction = v1alpha1.NotificationReceived
	default:
		return out
	}
	out.Code, out.Subcode = new(int32(err.Code)), new(int32(err.Subcode))
	return out
}

// address is an address without its port, empty for none.
func address(ap netip.AddrPort) string { return text(ap.Addr()) }

// text is an address in words, empty for none.
func text(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
