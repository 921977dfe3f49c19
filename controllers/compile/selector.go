// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// maxPeers is the most peers that a spec may name.
const maxPeers = 64

// selectorOf parses a label selector. Omitted or empty, it selects everything.
func selectorOf(field string, selector *v1alpha1.LabelSelector) (labels.Selector, error) {
	if selector == nil {
		return labels.Everything(), nil
	}
	for i, requirement := range selector.MatchExpressions {
		switch requirement.Operator {
		case v1alpha1.LabelIn, v1alpha1.LabelNotIn, v1alpha1.LabelExists, v1alpha1.LabelDoesNotExist:
		default:
			return nil, unsupported(fmt.Sprintf("%s.matchExpressions[%d].operator", field, i), requirement.Operator)
		}
	}
	parsed, err := selector.Selector()
	if err != nil {
		return nil, invalid(field, "%v", err)
	}
	return parsed, nil
}

// selector is a label selector with its canonical form: of two with one key, both select the same. Those that select everything
// are one value.
type selector struct {
	labels.Selector
	key string
}

var everything = &selector{Selector: labels.Everything()}

func readSelector(field string, spec *v1alpha1.LabelSelector) (*selector, error) {
	parsed, err := selectorOf(field, spec)
	if err != nil {
		return nil, err
	}
	if parsed.Empty() {
		return everything, nil
	}
	return &selector{Selector: parsed, key: parsed.String()}, nil
}

func (s *selector) matches(set labels.Set) bool { return s == everything || s.Matches(set) }

// peerSelector chooses peers: by their names where it has any, else by their labels.
type peerSelector struct {
	*selector
	names []string // sorted
	key   string   // as that of a selector
}

var everyPeer = &peerSelector{selector: everything}

func readPeerSelector(spec *v1alpha1.AnnouncementSpec) (*peerSelector, error) {
	if len(spec.Peers) > 0 {
		switch {
		case spec.PeerSelector != nil:
			return nil, invalid("spec.peers", "delete peerSelector beside it")
		case len(spec.Peers) > maxPeers:
			return nil, invalid("spec.peers", "%d names: write at most %d", len(spec.Peers), maxPeers)
		}
		names := slices.Compact(slices.Sorted(slices.Values(spec.Peers)))
		return &peerSelector{selector: everything, names: names, key: "names " + strings.Join(names, ",")}, nil
	}
	selector, err := readSelector("spec.peerSelector", spec.PeerSelector)
	if err != nil {
		return nil, err
	}
	if selector == everything {
		return everyPeer, nil
	}
	return &peerSelector{selector: selector, key: selector.key}, nil
}

func (s *peerSelector) selects(p *Peer) bool {
	if s.names != nil {
		_, found := slices.BinarySearch(s.names, p.Ref.Name)
		return found
	}
	return s.matches(p.labels)
}
