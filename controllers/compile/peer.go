// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	// defaultHold is the hold time that is offered (RFC 4271 §10).
	defaultHold = 90 * time.Second
	// defaultConnectRetry is the first interval between attempts.
	defaultConnectRetry = 5 * time.Second
	// limitRate is the highest rate that may be written, in UPDATEs a second.
	limitRate = 1_000_000
	// defaultMaxReceived is how many routes of a neighbour are kept.
	defaultMaxReceived = 1000
	// defaultRestart is the restart time that is offered (RFC 4724 §3).
	defaultRestart = 120 * time.Second

	// adminDownText is the shutdown communication (RFC 9003) of adminState Down. It names nothing of ours: the peer may
	// be somebody else's.
	adminDownText = "administratively down"
)

// Peer is a valid BGPPeer, parsed once: what it contributes whatever the node. It is immutable.
type Peer struct {
	// Ref names the object.
	Ref Ref
	// Address is the neighbour's.
	Address netip.AddrPort

	created  int64 // see Announcement
	labels   labels.Set
	nodes    labels.Selector
	localASN uint32 // 0 where the node alone decides
	families families
	grants   grants
	secret   *secretKey
	// allowed is what the guard reads, as it is written.
	allowed *v1alpha1.AllowedAnnouncements
	// anyConnectMode: connectMode is omitted, and depends on the process.
	anyConnectMode bool
	// tellsVersion: the neighbour is told the version of the process.
	tellsVersion bool
	// resetKey stands for what of the spec no session outlives a change of.
	resetKey string
	// session is what the speaker is told, without what the node adds.
	session speaker.Peer
	// export is what it is sent, without the announcements.
	export speaker.Export
}

// ReadPeer reads the newest version of a BGPPeer. Where it cannot be used, the Issue says why, and what is in force is what hold
// leaves of the last valid one. Otherwise before, which is zero for an object that is new, has no effect.
func ReadPeer(object *v1alpha1.BGPPeer, before Versions[Peer]) (Versions[Peer], *Issue) {
	peer, err := readPeer(object)
	if err != nil {
		before.InForce = before.Valid.hold(&object.Spec, err)
		issue := issueOf(KindBGPPeer, &object.ObjectMeta, err)
		if before.InForce != nil {
			issue.hold(before.InForce.Ref.Generation)
		}
		return before, issue
	}
	return Versions[Peer]{peer, peer}, nil
}

func readPeer(object *v1alpha1.BGPPeer) (*Peer, error) {
	if err := unknownFields(object.Spec.UnknownFields, ""); err != nil {
		return nil, err
	}
	peer := &Peer{Ref: RefOf(&object.ObjectMeta), created: nanoseconds(object.CreationTimestamp.Time), labels: labels.Set(object.Labels)}
	peer.allowed = object.Spec.AllowedAnnouncements
	peer.session.Name = object.Name
	var errs []error
	for _, read := range []func(*Peer, *v1alpha1.BGPPeerSpec) error{
		readAddress, readAdminState, readASNs, readSelection, readTransport, readAuthentication,
		readCapabilities, readTimers, readGracefulRestart, readApplyMode, readExport, readReceive,
	} {
		errs = append(errs, read(peer, &object.Spec))
	}
	if err := firstFault(errs...); err != nil {
		return nil, err
	}
	peer.seal()
	return peer, nil
}

// SelectsNode reports whether a node with these labels is to have a session with the peer.
func (p *Peer) SelectsNode(node map[string]string) bool { return p.nodes.Matches(labels.Set(node)) }

func readAddress(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	if spec.Address == "" {
		return noMember("spec.address", "the neighbour's address")
	}
	ip, err := netip.ParseAddr(spec.Address)
	if err != nil || ip.Zone() != "" || ip.Is4In6() {
		return invalid("spec.address", "%q: write an IPv4 or IPv6 address without a zone or a prefix length", spec.Address)
	}
	if !wire.IsHostAddress(ip) || ip.Is6() && ip.IsLinkLocalUnicast() {
		return invalid("spec.address", "%s: write the unicast address of one neighbour", ip)
	}
	if err := inRange("spec.port", spec.Port, 1, 65535); err != nil {
		return err
	}
	peer.Address = netip.AddrPortFrom(ip, uint16(valueOr(spec.Port, v1alpha1.DefaultPort)))
	peer.session.Address = peer.Address
	return nil
}

func readAdminState(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	down, err := readDown(spec.AdminState)
	if down {
		peer.session.AdminDown, peer.session.DownText = true, adminDownText
	}
	return err
}

// readDown reports whether spec.adminState is Down.
func readDown(state *v1alpha1.AdminState) (bool, error) {
	switch state := valueOr(state, v1alpha1.AdminStateUp); state {
	case v1alpha1.AdminStateUp:
		return false, nil
	case v1alpha1.AdminStateDown:
		return true, nil
	default:
		return false, unsupported("spec.adminState", state)
	}
}

func readASNs(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	if spec.LocalASN != nil {
		if !validASN(*spec.LocalASN) {
			return invalidASN("spec.localASN", *spec.LocalASN)
		}
		peer.localASN = uint32(*spec.LocalASN)
	}
	switch {
	case spec.PeerASN != nil && spec.PeerType != nil:
		return invalid("spec", "write exactly one of peerASN and peerType")
	case spec.PeerASN == nil && spec.PeerType == nil:
		return noMember("spec.peerASN", "exactly one of peerASN and peerType")
	}
	if spec.PeerASN != nil {
		if !validASN(*spec.PeerASN) {
			return invalidASN("spec.peerASN", *spec.PeerASN)
		}
		peer.session.PeerASN = uint32(*spec.PeerASN)
		return nil
	}
	switch *spec.PeerType {
	case v1alpha1.PeerTypeExternal:
		peer.session.PeerType = speaker.PeerTypeExternal
	case v1alpha1.PeerTypeInternal:
		peer.session.PeerType = speaker.PeerTypeInternal
	default:
		return unsupported("spec.peerType", *spec.PeerType)
	}
	return nil
}

func invalidASN(field string, asn int64) error {
	return invalid(field, "%d: write an ASN of 1 to 4294967295 other than 23456", asn)
}

func readSelection(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	var errNodes, errFamilies error
	peer.nodes, errNodes = selectorOf("spec.nodeSelector", spec.NodeSelector)
	peer.families, errFamilies = familiesOf("spec.families", spec.Families)
	peer.session.Families = peer.families.wire()
	return firstFault(errNodes, errFamilies)
}

func readExport(peer *Peer, spec *v1alpha1.BGPPeerSpec) (err error) {
	if peer.export.Defaults, err = attributesOf("spec.attributes", spec.Attributes); err != nil {
		return err
	}
	if spec.Updates != nil {
		if err = inRange("spec.updates.ratePerSecond", spec.Updates.RatePerSecond, 1, limitRate); err != nil {
			return err
		}
		peer.export.RatePerSecond = int(valueOr(spec.Updates.RatePerSecond, 0))
	}
	peer.grants, err = grantsOf(spec.AllowedAnnouncements)
	return err
}

func readApplyMode(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	switch mode := valueOr(spec.ApplyMode, v1alpha1.ApplyOnReconnect); mode {
	case v1alpha1.ApplyOnReconnect:
	case v1alpha1.ApplyImmediate:
		peer.session.ApplyImmediate = true
	default:
		return unsupported("spec.applyMode", mode)
	}
	return nil
}

// valueOr is the value of an optional field, or what its omission means.
func valueOr[T any](field *T, omitted T) T {
	if field == nil {
		return omitted
	}
	return *field
}
