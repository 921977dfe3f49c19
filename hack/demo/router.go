// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

// ASNs of the samples.
const (
	heraldASN = 64512
	routerASN = 64500
)

// network is the network of the node and the router.
type network struct {
	node, router *harness.Netns
	port         uint16     // of the router
	where        string     // the place of the router, in words for the reader
	uplink       netip.Addr // of this machine, as the node reaches it
	topology     *harness.Topology
}

// newNetwork is a link between two namespaces for root, and loopback addresses for everybody else.
func newNetwork(ctx context.Context) (*network, error) {
	if os.Geteuid() != 0 {
		return &network{
			// No interface has the IPv6 address: it is only the next hop of IPv6 routes.
			node:   &harness.Netns{IPv4: netip.MustParseAddr("127.0.0.1"), IPv6: netip.MustParseAddr("2001:db8:0:1::10")},
			router: &harness.Netns{IPv4: netip.MustParseAddr("127.0.0.2")},
			port:   1790,
			where:  "on a loopback address, since only root makes network namespaces",
			uplink: netip.MustParseAddr("127.0.0.1"),
		}, nil
	}
	topology, err := harness.CreateLink(ctx)
	if err != nil {
		return nil, fmt.Errorf("a network for the node and the router: %w", err)
	}
	uplink, err := topology.Uplink(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a network for the node and the API server: %w", err), topology.Close())
	}
	return &network{
		node: topology.Node, router: topology.Router, port: 179, topology: topology, uplink: uplink,
		where: "in a network namespace of its own",
	}, nil
}

func (n *network) loopback() bool { return n.topology == nil }

func (n *network) close() error {
	if n.topology == nil {
		return nil
	}
	return n.topology.Close()
}

// startRouter runs BIRD as the top-of-rack router that the samples have as their peer.
func (d *demo) startRouter(ctx context.Context) error {
	began := time.Now()
	var err error
	if d.network, err = newNetwork(ctx); err != nil {
		return err
	}
	config := harness.Config{
		Netns: d.network.router, Dir: d.dir, RouterID: netip.MustParseAddr("192.0.2.1"), ASN: routerASN, Port: d.network.port,
		Neighbor: harness.Neighbor{
			Address: d.network.node.IPv4, ASN: heraldASN, LocalAddress: d.network.router.IPv4, Passive: true,
			GracefulRestart: true,
		},
	}
	if d.network.loopback() {
		config.Neighbor.MultihopTTL = 2 // BIRD takes no loopback address for a neighbour on a shared link
	}
	bird := harness.NewBIRD(config)
	if err := bird.Start(ctx); err != nil {
		return err
	}
	d.bird = bird
	version, err := bird.Version(ctx)
	if err != nil {
		return err
	}
	d.screen.did("router", began, "%s, AS %d, at %s port %d %s", version, routerASN, d.network.router.IPv4, d.network.port, d.network.where)
	return nil
}
