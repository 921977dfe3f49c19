// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Names of NOTIFICATION codes and subcodes: the IANA registry "BGP Error
// (Notification) Codes" and its sub-registries.

package wire

import "strconv"

func codeName(code uint8) string {
	switch code {
	case CodeHeader:
		return "Message Header Error"
	case CodeOpen:
		return "OPEN Message Error"
	case CodeUpdate:
		return "UPDATE Message Error"
	case CodeHoldTimer:
		return "Hold Timer Expired"
	case CodeFSM:
		return "Finite State Machine Error"
	case CodeCease:
		return "Cease"
	case CodeRouteRefresh:
		return "ROUTE-REFRESH Message Error"
	case CodeSendHoldTimer:
		return "Send Hold Timer Expired"
	default:
		return "error code " + strconv.Itoa(int(code))
	}
}

// subcodeName returns "" for subcode 0, which is unspecific for every code.
func subcodeName(code, subcode uint8) string {
	if subcode == 0 {
		return ""
	}
	name := ""
	switch code {
	case CodeHeader:
		name = headerSubcodeName(subcode)
	case CodeOpen:
		name = openSubcodeName(subcode)
	case CodeUpdate:
		name = updateSubcodeName(subcode)
	case CodeFSM:
		name = fsmSubcodeName(subcode)
	case CodeCease:
		name = ceaseSubcodeName(subcode)
	case CodeRouteRefresh:
		if subcode == RouteRefreshInvalidLength {
			name = "Invalid Message Length"
		}
	}
	if name == "" {
		return "subcode " + strconv.Itoa(int(subcode))
	}
	return name
}

func headerSubcodeName(subcode uint8) string {
	switch subcode {
	case HeaderNotSynchronized:
		return "Connection Not Synchronized"
	case HeaderBadLength:
		return "Bad Message Length"
	case HeaderBadType:
		return "Bad Message Type"
	default:
		return ""
	}
}

func openSubcodeName(subcode uint8) string {
	switch subcode {
	case OpenUnsupportedVersion:
		return "Unsupported Version Number"
	case OpenBadPeerAS:
		return "Bad Peer AS"
	case OpenBadIdentifier:
		return "Bad BGP Identifier"
	case OpenUnsupportedParameter:
		return "Unsupported Optional Parameter"
	case OpenUnacceptableHoldTime:
		return "Unacceptable Hold Time"
	case OpenUnsupportedCapability:
		return "Unsupported Capability"
	case OpenRoleMismatch:
		return "Role Mismatch"
	default:
		return ""
	}
}

func updateSubcodeName(subcode uint8) string {
	switch subcode {
	case UpdateMalformedAttributeList:
		return "Malformed Attribute List"
	case UpdateUnrecognizedWellKnown:
		return "Unrecognized Well-known Attribute"
	case UpdateMissingWellKnown:
		return "Missing Well-known Attribute"
	case UpdateAttributeFlags:
		return "Attribute Flags Error"
	case UpdateAttributeLength:
		return "Attribute Length Error"
	case UpdateInvalidOrigin:
		return "Invalid ORIGIN Attribute"
	case UpdateInvalidNextHop:
		return "Invalid NEXT_HOP Attribute"
	case UpdateOptionalAttribute:
		return "Optional Attribute Error"
	case UpdateInvalidNetwork:
		return "Invalid Network Field"
	case UpdateMalformedASPath:
		return "Malformed AS_PATH"
	default:
		return ""
	}
}

func fsmSubcodeName(subcode uint8) string {
	switch subcode {
	case FSMUnexpectedInOpenSent:
		return "Receive Unexpected Message in OpenSent State"
	case FSMUnexpectedInOpenConfirm:
		return "Receive Unexpected Message in OpenConfirm State"
	case FSMUnexpectedInEstablished:
		return "Receive Unexpected Message in Established State"
	default:
		return ""
	}
}

func ceaseSubcodeName(subcode uint8) string {
	switch subcode {
	case CeaseMaxPrefixes:
		return "Maximum Number of Prefixes Reached"
	case CeaseAdminShutdown:
		return "Administrative Shutdown"
	case CeasePeerDeconfigured:
		return "Peer De-configured"
	case CeaseAdminReset:
		return "Administrative Reset"
	case CeaseConnectionRejected:
		return "Connection Rejected"
	case CeaseConfigChange:
		return "Other Configuration Change"
	case CeaseCollision:
		return "Connection Collision Resolution"
	case CeaseOutOfResources:
		return "Out of Resources"
	case CeaseHardReset:
		return "Hard Reset"
	case CeaseBFDDown:
		return "BFD Down"
	default:
		return ""
	}
}
