// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
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
	// deliver takes a connection if it is fresh, else closes it.
	deliver func(conn net.Conn, fresh func() bool)
	// changed is called when errors changes.
	changed func()
	// errors holds the reasons why connections cannot be accepted.
	errors atomic.Pointer[listenerErrors]

	group  sync.WaitGroup
	cancel context.CancelFunc // nil while not listening

	lines map[netip.AddrPort]*pacedLog // one for each of addrs

	mu     sync.Mutex // a leaf
	keys   map[keyPlace]transport.Auth
	open   map[netip.AddrPort]transport.Listener
	reason map[netip.AddrPort]string
}

func newListeners(t transport.Transport, log logr.Logger, addrs []netip.AddrPort) *listeners {
	l := &listeners{
		transport: t,
		log:       log,
		addrs:     addrs,
		lines:     map[netip.AddrPort]*pacedLog{},
		keys:      map[keyPlace]transport.Auth{},
		open:      map[netip.AddrPort]transport.Listener{},
		reason:    map[netip.AddrPort]string{},
	}
	for _, addr := range addrs {
		l.lines[addr] = &pacedLog{}
	}
	l.errors.Store(l.summary())
	return l
}

// protect makes the kernel verify the peers with those keys. When it returns, no unsigned connection from them is fresh. If the
// kernel refuses a key, that peer has no fresh connections, and the other peers stay as they are.
func (l *listeners) protect(keys map[keyPlace]transport.Auth) { l.change(keys, nil) }

// unprotect removes all keys but those.
func (l *listeners) unprotect(keys map[keyPlace]transport.Auth) {
	l.mu.Lock()
	var gone []keyPlace
	for place := range l.keys {
		if _, kept := keys[place]; !kept {
			gone = append(gone, place)
		}
	}
	l.mu.Unlock()
	l.change(nil, gone)
}

// change sets keys and removes others. Run's goroutine calls it, and no other.
func (l *listeners) change(keys map[keyPlace]transport.Auth, gone []keyPlace) {
	changed := map[keyPlace]transport.Auth{}
	open := map[netip.AddrPort]transport.Listener{}
	l.mu.Lock()
	for _, place := range gone {
		delete(l.keys, place)
		changed[place] = transport.Auth{}
	}
	for place, key := range keys {
		if l.keys[place] != key {
			l.keys[place], changed[place] = key, key
		}
	}
	maps.Copy(open, l.open)
	l.mu.Unlock()
	for place, key := range changed {
		if listener := open[place.listener]; listener != nil { // else register sets it
			l.setKey(listener, place, key)
		}
	}
}

func (l *listeners) setKey(listener transport.Listener, place keyPlace, key transport.Auth) {
	if err := listener.SetAuth(place.peer, key); err != nil {
		l.log.Error(err, "key refused: no connection of the peer is accepted", "address", place.peer.String())
	}
}

// listen starts or stops listening.
func (l *listeners) listen(ctx context.Context, wanted bool) {
	switch {
	case wanted && l.cancel == nil && len(l.addrs) > 0:
		ctx, l.cancel = context.WithCancel(ctx)
		for _, addr := range l.addrs {
			l.group.Go(func() { l.run(ctx, addr) })
		}
	case !wanted && l.cancel != nil:
		l.close()
	}
}

// close stops listening and waits for the goroutines.
func (l *listeners) close() {
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	l.group.Wait()
}

// run listens at addr until ctx ends (RFC 4271 §8.2.1: a speaker accepts connections, and opens them). A bind that fails is never fatal: it is published and tried again.
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
	l.register(addr, listener)
	defer l.unregister(addr, listener)
	l.publish(addr, "")
	l.lines[addr].info(l.log, "listening", "address", listener.Addr().String())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		l.deliver(conn, func() bool { return listener.Fresh(conn) })
	}
}

// register gives a listener its keys before it accepts. From when it is in open, change sets them.
func (l *listeners) register(addr netip.AddrPort, listener transport.Listener) {
	for set := map[keyPlace]transport.Auth{}; ; {
		missing, done := l.missingKeys(addr, listener, set)
		if done {
			return
		}
		for place, key := range missing {
			l.setKey(listener, place, key)
			set[place] = key
		}
	}
}

// missingKeys compares the keys that were set on a listener with those that it shall have, and puts it in open if it has all of
// them.
func (l *listeners) missingKeys(addr netip.AddrPort, listener transport.Listener, set map[keyPlace]transport.Auth) (missing map[keyPlace]transport.Auth, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing = map[keyPlace]transport.Auth{}
	for place, key := range l.keys {
		if place.listener == addr && set[place] != key {
			missing[place] = key
		}
	}
	for place, key := range set {
		if _, kept := l.keys[place]; !kept && key != (transport.Auth{}) {
			missing[place] = transport.Auth{}
		}
	}
	if len(missing) > 0 {
		return missing, false
	}
	l.open[addr] = listener
	return nil, true
}

func (l *listeners) unregister(addr netip.AddrPort, listener transport.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr] == listener {
		delete(l.open, addr)
	}
}

// publish publishes the state of one address together with the state of the others.
func (l *listeners) publish(addr netip.AddrPort, reason string) {
	if !l.setReason(addr, reason) {
		return
	}
	l.changed()
	if reason != "" {
		l.lines[addr].info(l.log, "cannot accept connections", "address", addr.String(), "error", reason)
	}
}

func (l *listeners) setReason(addr netip.AddrPort, reason string) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason[addr] == reason {
		return false
	}
	l.reason[addr] = reason
	l.errors.Store(l.summary())
	return true
}

// summary says for each family why connections cannot be accepted: there are no addresses, or one of them failed.
func (l *listeners) summary() *listenerErrors {
	const none = "this process does not listen for connections of the address family"
	e := &listenerErrors{four: none, six: none}
	for _, addr := range l.addrs {
		of := &e.six
		if addr.Addr().Is4() {
			of = &e.four
		}
		if *of == none || l.reason[addr] != "" {
			*of = l.reason[addr]
		}
	}
	return e
}
