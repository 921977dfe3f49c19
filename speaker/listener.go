// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker/transport"
)

// relisten is the interval between attempts to bind.
const relisten = 5 * time.Second

// listeners accepts connections at the addresses where the process listens, as long as a peer may connect to it.
type listeners struct {
	transport transport.Transport
	log       logr.Logger
	addrs     []netip.AddrPort
	// deliver takes a connection that is fresh or closes it.
	deliver func(conn net.Conn, fresh func() bool)
	// failed publishes why connections cannot be accepted, "" when they can.
	failed func(reason string)

	group  sync.WaitGroup
	cancel context.CancelFunc // nil while not listening

	mu     sync.Mutex
	keys   map[netip.Addr]string
	open   map[netip.AddrPort]transport.Listener
	reason map[netip.AddrPort]string
}

func newListeners(t transport.Transport, log logr.Logger, addrs []netip.AddrPort) *listeners {
	return &listeners{
		transport: t,
		log:       log,
		addrs:     addrs,
		keys:      map[netip.Addr]string{},
		open:      map[netip.AddrPort]transport.Listener{},
		reason:    map[netip.AddrPort]string{},
	}
}

// set makes the kernel verify the peers with those keys, and listens if it should. When it returns, whatever comes from a
// peer unsigned is not fresh.
func (l *listeners) set(ctx context.Context, keys map[netip.Addr]string, listen bool) {
	l.mu.Lock()
	changes := map[netip.Addr]string{}
	for peer, key := range keys {
		if l.keys[peer] != key {
			changes[peer] = key
		}
	}
	for peer := range l.keys {
		if _, kept := keys[peer]; !kept {
			changes[peer] = ""
		}
	}
	l.keys = maps.Clone(keys)
	for addr, open := range l.open {
		if !setKeys(open, changes) {
			// Without its keys a listener would take anybody for the peer.
			open.Close()
			delete(l.open, addr)
		}
	}
	l.mu.Unlock()
	switch {
	case listen && l.cancel == nil && len(l.addrs) > 0:
		ctx, l.cancel = context.WithCancel(ctx)
		for _, addr := range l.addrs {
			l.group.Go(func() { l.run(ctx, addr) })
		}
	case !listen && l.cancel != nil:
		l.close()
	}
}

// setKeys reports whether the listener has all the keys of its address family.
func setKeys(l transport.Listener, keys map[netip.Addr]string) bool {
	for peer, key := range keys {
		if peer.Is4() == l.Addr().Addr().Is4() && l.SetMD5Key(peer, key) != nil {
			return false
		}
	}
	return true
}

// close stops listening and waits for what it started.
func (l *listeners) close() {
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	l.group.Wait()
}

// run listens at addr until ctx ends. A bind that fails is never fatal: it is published and tried again.
func (l *listeners) run(ctx context.Context, addr netip.AddrPort) {
	for {
		err := l.serve(ctx, addr)
		if ctx.Err() != nil {
			l.publish(addr, "")
			return
		}
		l.publish(addr, err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(relisten):
		}
	}
}

func (l *listeners) serve(ctx context.Context, addr netip.AddrPort) error {
	listener, err := l.transport.Listen(ctx, addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	if err := l.register(addr, listener); err != nil {
		return err
	}
	defer l.unregister(addr, listener)
	l.publish(addr, "")
	l.log.Info("listening", "address", listener.Addr().String())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		l.deliver(conn, func() bool { return listener.Fresh(conn) })
	}
}

// register gives a listener its keys before it accepts.
func (l *listeners) register(addr netip.AddrPort, listener transport.Listener) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for peer, key := range l.keys {
		if peer.Is4() != listener.Addr().Addr().Is4() {
			continue
		}
		if err := listener.SetMD5Key(peer, key); err != nil {
			return err
		}
	}
	l.open[addr] = listener
	return nil
}

func (l *listeners) unregister(addr netip.AddrPort, listener transport.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr] == listener {
		delete(l.open, addr)
	}
}

// publish makes the state of one address known, together with that of the others.
func (l *listeners) publish(addr netip.AddrPort, reason string) {
	l.mu.Lock()
	before := l.reason[addr]
	l.reason[addr] = reason
	all := ""
	for _, a := range l.addrs {
		if r := l.reason[a]; r != "" && all == "" {
			all = r
		}
	}
	l.mu.Unlock()
	if reason != before {
		l.failed(all)
		if reason != "" {
			l.log.Info("cannot accept connections", "address", addr.String(), "error", reason)
		}
	}
}
