// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/herald-bgp/herald/speaker/wire"
)

// ErrDecommission as the cause of Run's context ends every session for good: withdrawals, then Cease/2. With any other
// cause Run ends as for a restart: peers that negotiated graceful restart keep the routes.
var ErrDecommission = errors.New("decommissioned")

// Causes with which the speaker itself cancels a session or an attempt at one.
var (
	errRemoved = fmt.Errorf("peer removed from the configuration: %w", ErrDecommission)
	// errMoved: the neighbour at the former address, or the one that knows us by our former address, waits for no session any more.
	errMoved        = fmt.Errorf("session moved to other addresses: %w", ErrDecommission)
	errReconfigured = &localError{
		notification: wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseConfigChange},
		text:         "configuration changed",
	}
	// errRekeyed is not sent on a connection that is not Established, since that connection may lack the required signatures.
	errRekeyed = &localError{
		notification: wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseConfigChange},
		text:         "authentication changed",
	}
	errCollision = &localError{
		notification: wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseCollision},
		text:         "another connection to the peer was kept",
	}
	errHoldTimer = &localError{
		notification: wire.Notification{Code: wire.CodeHoldTimer},
		text:         "hold timer expired",
	}
	// errOutOfResources: RFC 4486 §4: the peer reads nothing, and the memory for it has reached its bound.
	errOutOfResources = &localError{
		notification: wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseOutOfResources},
		text:         "the peer reads nothing, and too many withdrawals wait for it",
	}
	errNoAnswer = errors.New("no answer before the next attempt is due")   // the ConnectRetryTimer expired
	errReplaced = errors.New("replaced by a new connection from the peer") // RFC 4724 §4.2: silently
	errOver     = errors.New("attempt is over")
	errStopped  = errors.New("speaker stopped") // Run's context ended, and not to decommission
)

// adminDownError ends a session with Cease/2 and the operator's text.
type adminDownError struct{ text string }

func (e *adminDownError) Error() string { return "administratively down" }

func (e *adminDownError) Is(target error) bool { return target == ErrDecommission }

// localError is an error that this side found; the notification reports it to the peer.
type localError struct {
	notification wire.Notification
	text         string
}

func (e *localError) Error() string {
	return fmt.Sprintf("%s: sent %v", e.text, &e.notification)
}

// lost explains a timed-out connection to people: the peer did not acknowledge octets, and TCP gave up.
func lost(err error) error {
	if errors.Is(err, syscall.ETIMEDOUT) {
		return fmt.Errorf("the peer reads nothing, or is gone: %w", err)
	}
	return err
}

// peerError is a NOTIFICATION that the peer sent.
type peerError struct {
	notification wire.Notification
	detail       string // this side's knowledge about the error
}

func (e *peerError) Error() string {
	text := fmt.Sprintf("received %v", &e.notification)
	if e.detail != "" {
		text += ": " + e.detail
	}
	return text
}

// protocolError turns an error of the codec into a localError with its NOTIFICATION, and returns any other error as it is.
func protocolError(err error) error {
	var n *wire.Notification
	if errors.As(err, &n) {
		return &localError{notification: *n, text: n.Detail}
	}
	return err
}

// farewell is the NOTIFICATION that tells the peer why its session ends; nil closes the connection without one.
// RFC 4724 §4: a restart that the peer shall bridge sends none.
func farewell(cause error, negotiated *Negotiated) *wire.Notification {
	var local *localError
	var remote *peerError
	var limit *receiveLimitError
	switch {
	case errors.As(cause, &limit) && negotiated.Notifications:
		// RFC 8538 §4: after any other NOTIFICATION the peer would keep the routes for a session that does not come back soon.
		return wire.NewHardReset(&limit.cease.notification)
	case errors.As(cause, &local):
		return &local.notification
	case errors.Is(cause, ErrDecommission):
		n := wire.NewCease(wire.CeaseAdminShutdown, decommissionText(cause))
		if negotiated.Notifications {
			// RFC 8538 §4, §5.1: any other NOTIFICATION would make the peer keep the routes, and so is a shutdown sent.
			return wire.NewHardReset(n)
		}
		return n
	case errors.As(cause, &remote), errors.Is(cause, errReplaced):
		return nil
	case errors.Is(cause, errStopped) && !negotiated.GracefulRestart:
		return wire.NewCease(wire.CeaseAdminReset, "speaker restarts")
	}
	return nil
}

// decommissionText is the shutdown communication (RFC 9003) of an end for good.
func decommissionText(cause error) string {
	var down *adminDownError
	switch {
	case errors.As(cause, &down):
		return down.text
	case errors.Is(cause, errRemoved):
		return "peer removed"
	case errors.Is(cause, errMoved):
		return "session moved to other addresses"
	}
	return "speaker decommissioned"
}
