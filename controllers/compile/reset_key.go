// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/netip"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

// PeerVersion is one version of a BGPPeer, as a session runs for it.
type PeerVersion struct {
	Ref
	// ResetKey stands for what no session outlives a change of.
	ResetKey string
}

// Version is the version of the BGPPeer that is in force.
func (p *Peer) Version() PeerVersion { return PeerVersion{Ref: p.Ref, ResetKey: p.resetKey} }

// AdminDown reports whether sessions of the peer are to be down.
func (p *Peer) AdminDown() bool { return p.session.AdminDown }

// seal gives the peer its version, once all else of it is settled.
func (p *Peer) seal() {
	p.resetKey = p.keyOfResets()
	p.session.Revision = p.Version()
}

// keyOfResets stands for the fields of the classes reset and end, and where deferred changes are to act at once, for theirs.
func (p *Peer) keyOfResets() string {
	type deferred struct {
		Hold                         string
		Families                     []wire.Family
		Capabilities                 speaker.Capabilities
		GracefulRestart              *speaker.GracefulRestart
		MultihopTTL, TTLSecurityHops uint8
		Secret, SecretKey            string
	}
	s := &p.session
	key := struct {
		Address               netip.AddrPort
		LocalAddress          netip.Addr
		LocalASN, PeerASN     uint32
		PeerType              speaker.PeerType
		AdminDown             bool
		ConnectMode           speaker.ConnectMode
		AnyConnectMode, Signs bool
		Deferred              *deferred
	}{
		p.Address, s.LocalAddress, p.localASN, s.PeerASN, s.PeerType, s.AdminDown, s.ConnectMode, p.anyConnectMode, p.secret != nil, nil,
	}
	if s.ApplyImmediate {
		secret := valueOr(p.secret, secretKey{})
		hold := s.Timers.Hold.String()
		if s.Timers.NoHold {
			hold = "none"
		}
		key.Deferred = &deferred{
			hold, s.Families, s.Capabilities, s.GracefulRestart, s.MultihopTTL, s.TTLSecurityHops, secret.name, secret.key,
		}
	}
	text, err := json.Marshal(&key)
	if err != nil {
		panic(err) // there is nothing in it that cannot be encoded
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
