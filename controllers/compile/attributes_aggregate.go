// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// maxClusterList is the bound of the schema, judged again for objects that are older than it.
const maxClusterList = 64

func readAggregate(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	attributes.AtomicAggregate = spec.AtomicAggregate
	if spec.Aggregator == nil {
		return nil
	}
	if !validASN(spec.Aggregator.ASN) {
		return invalidASN(field+".aggregator.asn", spec.Aggregator.ASN)
	}
	ip, err := parseIdentifier(spec.Aggregator.Address)
	if err != nil || ip.IsUnspecified() {
		return invalid(field+".aggregator.address", "%q: write an IPv4 address other than 0.0.0.0", spec.Aggregator.Address)
	}
	attributes.Aggregator = wire.Aggregator{ASN: uint32(spec.Aggregator.ASN), Addr: ip}
	return nil
}

// readReflection reads what route reflectors write (RFC 4456 §8).
func readReflection(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	if text := spec.OriginatorID; text != nil {
		ip, err := parseIdentifier(*text)
		if err != nil || ip.IsUnspecified() {
			return invalid(field+".originatorID", "%q: write a BGP identifier as a dotted quad other than 0.0.0.0", *text)
		}
		attributes.OriginatorID = ip
	}
	if len(spec.ClusterList) > maxClusterList {
		return invalid(field+".clusterList", "%d values: write at most %d", len(spec.ClusterList), maxClusterList)
	}
	attributes.ClusterList = listFor[netip.Addr](spec.ClusterList)
	for i, text := range spec.ClusterList {
		ip, err := parseIdentifier(text)
		if err != nil {
			return invalid(fmt.Sprintf("%s.clusterList[%d]", field, i), "%q: write a cluster identifier as a dotted quad", text)
		}
		attributes.ClusterList = append(attributes.ClusterList, ip)
	}
	return nil
}

// parseIdentifier reads 4 octets that are written as a dotted quad.
func parseIdentifier(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err == nil && !ip.Is4() {
		err = fmt.Errorf("%q is no dotted quad", text)
	}
	return ip, err
}
