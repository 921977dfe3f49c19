// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Netns is a network namespace with one interface and the addresses that others reach it by. The nil *Netns, and one
// without a name, is the namespace that this process runs in.
type Netns struct {
	// Name is what `ip netns` calls it.
	Name string
	// IPv4 and IPv6 are its addresses, on the interface eth0.
	IPv4, IPv6 netip.Addr
}

// Topology is a node and a router, each in a namespace of its own, that reach each other over IPv4 and IPv6.
type Topology struct {
	// Node is where the speaker runs, Router is where its neighbour runs.
	Node, Router *Netns

	names []string
}

// Addresses of the two ends (RFC 5737, RFC 2544, RFC 3849). The router next to the node has the one that the samples give it.
var (
	nodePrefix4   = netip.MustParsePrefix("192.0.2.10/24")
	nodePrefix6   = netip.MustParsePrefix("2001:db8:0:1::10/64")
	linkPrefix4   = netip.MustParsePrefix("192.0.2.1/24")
	linkPrefix6   = netip.MustParsePrefix("2001:db8:0:1::1/64")
	remotePrefix4 = netip.MustParsePrefix("198.18.0.1/24")
	remotePrefix6 = netip.MustParsePrefix("2001:db8:0:2::1/64")
)

// CreateLink makes two namespaces joined by a veth pair.
func CreateLink(ctx context.Context) (*Topology, error) {
	b := newTopologyBuilder(ctx)
	node, router := b.namespace("node"), b.namespace("router")
	b.ip("link", "add", "eth0", "netns", node, "type", "veth", "peer", "name", "eth0", "netns", router)
	b.attach(node, "eth0", nodePrefix4, nodePrefix6)
	b.attach(router, "eth0", linkPrefix4, linkPrefix6)
	return b.finish(
		&Netns{Name: node, IPv4: nodePrefix4.Addr(), IPv6: nodePrefix6.Addr()},
		&Netns{Name: router, IPv4: linkPrefix4.Addr(), IPv6: linkPrefix6.Addr()},
	)
}

// CreateMultihop makes two namespaces with a third between them that forwards: one hop more than an external
// session crosses unless it is told to.
func CreateMultihop(ctx context.Context) (*Topology, error) {
	b := newTopologyBuilder(ctx)
	node, transit, router := b.namespace("node"), b.namespace("transit"), b.namespace("router")
	b.ip("link", "add", "eth0", "netns", node, "type", "veth", "peer", "name", "eth0", "netns", transit)
	b.ip("link", "add", "eth0", "netns", router, "type", "veth", "peer", "name", "eth1", "netns", transit)
	b.attach(node, "eth0", nodePrefix4, nodePrefix6)
	b.attach(transit, "eth0", prefixAt(nodePrefix4, "192.0.2.254"), prefixAt(nodePrefix6, "2001:db8:0:1::ff"))
	b.attach(transit, "eth1", prefixAt(remotePrefix4, "198.18.0.254"), prefixAt(remotePrefix6, "2001:db8:0:2::ff"))
	b.attach(router, "eth0", remotePrefix4, remotePrefix6)
	b.forward(transit)
	for name, via := range map[string][2]string{
		node:   {"192.0.2.254", "2001:db8:0:1::ff"},
		router: {"198.18.0.254", "2001:db8:0:2::ff"},
	} {
		b.ip("-n", name, "route", "add", "default", "via", via[0])
		b.ip("-n", name, "-6", "route", "add", "default", "via", via[1])
	}
	return b.finish(
		&Netns{Name: node, IPv4: nodePrefix4.Addr(), IPv6: nodePrefix6.Addr()},
		&Netns{Name: router, IPv4: remotePrefix4.Addr(), IPv6: remotePrefix6.Addr()},
	)
}

// NewLink is CreateLink for a test, which is skipped where it may not make namespaces and ends with them gone.
func NewLink(tb testing.TB) *Topology { return newTopology(tb, CreateLink) }

// NewMultihop is CreateMultihop for a test, like NewLink.
func NewMultihop(tb testing.TB) *Topology { return newTopology(tb, CreateMultihop) }

func newTopology(tb testing.TB, create func(context.Context) (*Topology, error)) *Topology {
	tb.Helper()
	RequireRoot(tb)
	RequireTool(tb, "ip", "iproute2")
	topology, err := create(tb.Context())
	if err != nil {
		tb.Fatalf("network namespaces: %v", err)
	}
	tb.Cleanup(func() {
		if err := topology.Close(); err != nil {
			tb.Errorf("network namespaces: %v", err)
		}
	})
	return topology
}

// Uplink joins the node's namespace to the one that this process runs in, for what is not BGP, and returns the address of
// this side. The addresses are link-local ones (RFC 3927) that nobody here has.
func (t *Topology) Uplink(ctx context.Context) (netip.Addr, error) {
	here, there, err := freeUplink(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	b := &topologyBuilder{ctx: ctx}
	device := "hu-" + strings.Split(t.Node.Name, "-")[1] // a name has 15 characters at most
	b.ip("link", "add", device, "type", "veth", "peer", "name", "uplink", "netns", t.Node.Name)
	b.attach("", device, here)
	b.attach(t.Node.Name, "uplink", there)
	return here.Addr(), b.err
}

// freeUplink is a pair of addresses in a subnet of four.
func freeUplink(ctx context.Context) (here, there netip.Prefix, err error) {
	inUse, err := exec.CommandContext(ctx, "ip", "-oneline", "-4", "addr", "show").Output()
	if err != nil {
		return here, there, fmt.Errorf("ip addr show: %w", err)
	}
	for last := byte(0); last < 252; last += 4 {
		here = netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254, 179, last + 1}), 30)
		there = netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254, 179, last + 2}), 30)
		if !strings.Contains(string(inUse), " "+here.String()+" ") {
			return here, there, nil
		}
	}
	return here, there, errors.New("every subnet of 169.254.179.0/24 is in use")
}

// Close deletes the namespaces, and with them their interfaces. Processes in them must have ended.
func (t *Topology) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var errs []error
	for _, name := range t.names {
		errs = append(errs, ip(ctx, "netns", "del", name))
	}
	t.names = nil
	return errors.Join(errs...)
}

// topologyBuilder runs one command after the other until one fails.
type topologyBuilder struct {
	ctx    context.Context
	suffix string
	names  []string
	err    error
}

func newTopologyBuilder(ctx context.Context) *topologyBuilder {
	suffix := make([]byte, 4)
	_, _ = rand.Read(suffix) // never fails
	return &topologyBuilder{ctx: ctx, suffix: hex.EncodeToString(suffix)}
}

func (b *topologyBuilder) ip(args ...string) {
	if b.err == nil {
		b.err = ip(b.ctx, args...)
	}
}

func (b *topologyBuilder) namespace(role string) string {
	name := "herald-" + b.suffix + "-" + role
	b.ip("netns", "add", name)
	if b.err == nil {
		b.names = append(b.names, name)
	}
	b.ip("-n", name, "link", "set", "lo", "up")
	return name
}

// attach addresses an interface and sets it up, without waiting for duplicate address detection. No router that
// advertises itself gives it another address.
func (b *topologyBuilder) attach(namespace, device string, prefixes ...netip.Prefix) {
	b.sysctl(namespace, "net.ipv6.conf."+device+".accept_dad=0")
	b.sysctl(namespace, "net.ipv6.conf."+device+".accept_ra=0")
	for _, prefix := range prefixes {
		args := append(in(namespace), "addr", "add", prefix.String(), "dev", device)
		if prefix.Addr().Is6() {
			args = append(args, "nodad")
		}
		b.ip(args...)
	}
	b.ip(append(in(namespace), "link", "set", device, "up")...)
}

// in are the arguments that have ip work in a namespace, none for this process's own.
func in(namespace string) []string {
	if namespace == "" {
		return nil
	}
	return []string{"-n", namespace}
}

func (b *topologyBuilder) forward(namespace string) {
	b.sysctl(namespace, "net.ipv4.ip_forward=1")
	b.sysctl(namespace, "net.ipv6.conf.all.forwarding=1")
}

func (b *topologyBuilder) sysctl(namespace, assignment string) {
	if b.err != nil {
		return
	}
	out, err := (&Netns{Name: namespace}).Command(b.ctx, "sysctl", "-qw", assignment).CombinedOutput()
	if err != nil {
		b.err = fmt.Errorf("sysctl %s: %w: %s", assignment, err, strings.TrimSpace(string(out)))
	}
}

// finish returns the topology, or deletes what was made before the command that failed.
func (b *topologyBuilder) finish(node, router *Netns) (*Topology, error) {
	t := &Topology{Node: node, Router: router, names: b.names}
	if b.err != nil {
		return nil, errors.Join(b.err, t.Close())
	}
	return t, nil
}

func prefixAt(network netip.Prefix, address string) netip.Prefix {
	return netip.PrefixFrom(netip.MustParseAddr(address), network.Bits())
}

func ip(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
