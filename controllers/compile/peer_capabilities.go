// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"regexp"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	// maxHostName and maxDomainName are the longest names that are told, in octets: both fit into one capability.
	maxHostName   = 64
	maxDomainName = 189
	// maxTwoOctetASN is the largest ASN that a speaker without 4-octet AS numbers can have (RFC 6793).
	maxTwoOctetASN = 1<<16 - 1
)

var domainName = regexp.MustCompile(`^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$`)

func readCapabilities(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	const field = "spec.capabilities"
	capabilities := valueOr(spec.Capabilities, v1alpha1.Capabilities{})
	to := &peer.session.Capabilities
	to.ExtendedMessage = valueOr(capabilities.ExtendedMessage, false)
	to.ExtendedNextHop = valueOr(capabilities.ExtendedNextHop, false)
	to.LinkLocalNextHop = valueOr(capabilities.LinkLocalNextHop, false)
	to.NoFourOctetAS = !valueOr(capabilities.FourOctetASN, true)
	to.NoRouteRefresh = !valueOr(capabilities.RouteRefresh, true)
	to.NoEnhancedRefresh = !valueOr(capabilities.EnhancedRouteRefresh, !to.NoRouteRefresh)
	peer.tellsVersion = valueOr(capabilities.SoftwareVersion, false)
	if to.NoRouteRefresh && !to.NoEnhancedRefresh {
		return invalid(field+".enhancedRouteRefresh", "write routeRefresh true beside it, or delete it")
	}
	for _, read := range []func(string, *v1alpha1.Capabilities, *Peer) error{readAddPath, readRole, readFQDN, checkTwoOctetASNs} {
		if err := read(field, &capabilities, peer); err != nil {
			return err
		}
	}
	return nil
}

func readAddPath(field string, spec *v1alpha1.Capabilities, peer *Peer) error {
	modes := map[families]wire.AddPathMode{}
	for i, path := range spec.AddPath {
		at := fmt.Sprintf("%s.addPath[%d]", field, i)
		family, err := familiesOf(at, []v1alpha1.Family{{AFI: path.AFI, SAFI: path.SAFI}})
		if err != nil {
			return err
		}
		if !peer.families.has(family) || modes[family] != 0 {
			return invalid(at, "write families of spec.families alone, each once")
		}
		switch path.Mode {
		case v1alpha1.AddPathSend:
			modes[family] = wire.AddPathSend
		case v1alpha1.AddPathReceive:
			modes[family] = wire.AddPathReceive
		case v1alpha1.AddPathBoth:
			modes[family] = wire.AddPathBoth
		default:
			return unsupported(at+".mode", path.Mode)
		}
	}
	for _, known := range familyNames { // their order in the object has no meaning
		if mode := modes[known.family]; mode != 0 {
			peer.session.Capabilities.AddPath = append(peer.session.Capabilities.AddPath,
				wire.AddPathFamily{Family: known.wire, Mode: mode})
		}
	}
	return nil
}

func readRole(field string, spec *v1alpha1.Capabilities, peer *Peer) error {
	switch mode := valueOr(spec.RoleMode, v1alpha1.RoleLenient); mode {
	case v1alpha1.RoleLenient:
	case v1alpha1.RoleStrict:
		peer.session.Capabilities.RoleStrict = true
	default:
		return unsupported(field+".roleMode", mode)
	}
	if spec.Role == nil {
		if spec.RoleMode != nil {
			return invalid(field+".roleMode", "write it beside role, or delete it")
		}
		return nil
	}
	roles := map[v1alpha1.Role]wire.Role{
		v1alpha1.RoleProvider:          wire.RoleProvider,
		v1alpha1.RoleRouteServer:       wire.RoleRouteServer,
		v1alpha1.RoleRouteServerClient: wire.RoleRouteServerClient,
		v1alpha1.RoleCustomer:          wire.RoleCustomer,
		v1alpha1.RolePeer:              wire.RolePeer,
	}
	role, ok := roles[*spec.Role]
	if !ok {
		return unsupported(field+".role", *spec.Role)
	}
	if peer.session.PeerType == speaker.PeerTypeInternal || peer.localASN != 0 && peer.localASN == peer.session.PeerASN {
		return invalid(field+".role", "delete it for a neighbour in our own AS: roles are of eBGP alone")
	}
	peer.session.Capabilities.Role = &role
	return nil
}

// readFQDN leaves the host name empty where it is the node's.
func readFQDN(field string, spec *v1alpha1.Capabilities, peer *Peer) error {
	if spec.FQDN == nil {
		return nil
	}
	name := wire.FQDN{HostName: valueOr(spec.FQDN.HostName, ""), DomainName: valueOr(spec.FQDN.DomainName, "")}
	for _, part := range []struct {
		field, text string
		longest     int
		written     bool
	}{
		{".fqdn.hostName", name.HostName, maxHostName, spec.FQDN.HostName != nil},
		{".fqdn.domainName", name.DomainName, maxDomainName, spec.FQDN.DomainName != nil},
	} {
		if part.written && (len(part.text) > part.longest || !domainName.MatchString(part.text)) {
			return invalid(field+part.field, "%q: write at most %d letters, digits, '-' and '.'", part.text, part.longest)
		}
	}
	peer.session.Capabilities.FQDN = &name
	return nil
}

func checkTwoOctetASNs(field string, _ *v1alpha1.Capabilities, peer *Peer) error {
	if peer.session.Capabilities.NoFourOctetAS && max(peer.localASN, peer.session.PeerASN) > maxTwoOctetASN {
		return invalid(field+".fourOctetASN", "write true, or omit it, where localASN or peerASN is over %d", maxTwoOctetASN)
	}
	return nil
}

// capabilities are the peer's, with the names that the process and its node give.
func (p *Peer) capabilities(settings *Settings) speaker.Capabilities {
	capabilities := p.session.Capabilities
	if p.tellsVersion {
		capabilities.SoftwareVersion = settings.SoftwareVersion
	}
	if name := capabilities.FQDN; name != nil && name.HostName == "" {
		node := settings.NodeName // a DNS subdomain, so in ASCII
		capabilities.FQDN = &wire.FQDN{HostName: node[:min(len(node), maxHostName)], DomainName: name.DomainName}
	}
	return capabilities
}
