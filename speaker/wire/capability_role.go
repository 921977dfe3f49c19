// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The role capability: RFC 9234 §4.

package wire

import "strconv"

const roleLen = 1

// Role is what the sender of the capability is to its peer.
type Role uint8

// The roles (RFC 9234 §4.1).
const (
	RoleProvider          Role = 0
	RoleRouteServer       Role = 1
	RoleRouteServerClient Role = 2
	RoleCustomer          Role = 3
	RolePeer              Role = 4
)

// String returns the name in the words of RFC 9234 §4.1.
func (r Role) String() string {
	switch r {
	case RoleProvider:
		return "Provider"
	case RoleRouteServer:
		return "RS"
	case RoleRouteServerClient:
		return "RS-Client"
	case RoleCustomer:
		return "Customer"
	case RolePeer:
		return "Peer"
	default:
		return "role " + strconv.Itoa(int(r))
	}
}

// Matches reports whether the two ends of a session may have these roles
// (RFC 9234 §4.2 table 2). If not, the session MUST be refused with
// [OpenRoleMismatch].
func (r Role) Matches(peer Role) bool {
	switch r {
	case RoleProvider:
		return peer == RoleCustomer
	case RoleCustomer:
		return peer == RoleProvider
	case RoleRouteServer:
		return peer == RoleRouteServerClient
	case RoleRouteServerClient:
		return peer == RoleRouteServer
	case RolePeer:
		return peer == RolePeer
	default:
		return false
	}
}

func (w *capabilityWriter) role(r Role) {
	if w.begin(CapabilityRole, roleLen) {
		w.b = append(w.b, byte(r))
	}
}

func (c *Capabilities) parseRole(v []byte) *Notification {
	if len(v) != roleLen {
		return CapabilityRole.lengthError(v, "1")
	}
	r := Role(v[0])
	if c.Role != nil && *c.Role != r {
		// RFC 9234 §4.2: several roles that are not the same MUST be refused.
		return openError(OpenRoleMismatch, nil, "roles %v and %v, expected one", *c.Role, r)
	}
	c.Role = &r
	return nil
}
