// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
)

// Session is a peer with which a node is to have a session.
type Session struct {
	Peer *Peer
	// LocalASN is ours, as the node's annotation or the peer says.
	LocalASN uint32
}

// ID is what the speaker knows the session by.
func (s *Session) ID() speaker.SessionID { return s.Peer.session.ID() }

// endpoint is what a session is known by on a node.
type endpoint struct{ local, remote netip.Addr }

// Sessions are those that a node is to have, the oldest peer first. The issues say which peers select the node in vain,
// and what is wrong with its annotations.
func (c *Catalog) Sessions(node *NodeFacts) ([]Session, []Issue) {
	if node.Gone {
		return nil, nil
	}
	nodeASN, issues := node.ASN()
	owners := map[endpoint]*Peer{}
	var sessions []Session
	for _, peer := range c.Peers {
		if !peer.SelectsNode(node.Labels) {
			continue
		}
		asn := peer.localASN
		if nodeASN != 0 {
			asn = nodeASN
		}
		key := endpoint{peer.session.LocalAddress, peer.Address.Addr()}
		switch owner := owners[key]; {
		case asn == 0:
			issues = append(issues, peer.issue(v1alpha1.ConditionEstablished, v1alpha1.ReasonNoLocalASN, fmt.Sprintf(
				"node %s: write spec.localASN, or the annotation %s on the Node", node.Name, v1alpha1.AnnotationASN)))
		case asn > maxTwoOctetASN && peer.session.Capabilities.NoFourOctetAS:
			issues = append(issues, peer.issue(v1alpha1.ConditionEstablished, v1alpha1.ReasonNoLocalASN, fmt.Sprintf(
				"node %s: its ASN %d does not fit into 2 octets: write spec.capabilities.fourOctetASN true, or omit it", node.Name, asn)))
		case owner != nil:
			issue := peer.issue(v1alpha1.ConditionAccepted, v1alpha1.ReasonConflict, fmt.Sprintf(
				"spec.address: on node %s the older BGPPeer %s has a session with %s", node.Name, owner.Ref.Name, key.remote))
			issue.Winner = owner.Ref
			issues = append(issues, issue)
		default:
			owners[key] = peer
			sessions = append(sessions, Session{Peer: peer, LocalASN: asn})
		}
	}
	return sessions, issues
}

func (p *Peer) issue(condition, reason, message string) Issue {
	return Issue{Kind: KindBGPPeer, Ref: p.Ref, Condition: condition, Reason: reason, Message: message}
}
