// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// System is the kernel's TCP.
type System struct{}

var _ Transport = System{}

// Dial implements Transport.
func (System) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort, o SocketOptions) (net.Conn, error) {
	d := net.Dialer{
		KeepAlive: -1, // the hold timer watches the peer (RFC 4271 §6.5)
		ControlContext: func(_ context.Context, _, _ string, c syscall.RawConn) error {
			return control(c, func(fd int) error {
				if err := setOptions(fd, remote.Addr(), o); err != nil {
					return err
				}
				if o.Auth.Method() == AuthNone {
					return nil
				}
				return setAuth(fd, remote.Addr(), o.Auth) // RFC 2385 §2: the SYN is signed too
			})
		},
	}
	d.SetMultipathTCP(false)
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	conn, err := d.DialContext(ctx, network(remote.Addr()), remote.String())
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Configure implements Transport.
func (System) Configure(conn net.Conn, o SocketOptions) error {
	remote := addrOf(conn.RemoteAddr())
	return controlConn(conn, func(fd int) error { return setOptions(fd, remote.Addr(), o) })
}

// Unacknowledged implements Transport.
func (System) Unacknowledged(conn net.Conn) (octets int, err error) {
	err = controlConn(conn, func(fd int) error {
		octets, err = unacknowledged(fd)
		return err
	})
	return octets, err
}

// SharedLink implements Transport.
func (System) SharedLink(local, remote netip.Addr) (linkLocal netip.Addr, shared bool) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return netip.Addr{}, false
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		if a, shared := sharedLink(addrs, local, remote); shared {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// sharedLink reports whether local is among one interface's addresses and remote is in its subnet, and which of the addresses is
// link-local.
func sharedLink(addrs []net.Addr, local, remote netip.Addr) (linkLocal netip.Addr, shared bool) {
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() && !linkLocal.IsValid() {
			linkLocal = p.Addr().WithZone("")
		}
		shared = shared || p.Addr() == local.WithZone("") && p.Masked().Contains(remote.WithZone(""))
	}
	return linkLocal, shared
}

// controlConn calls f with the socket of a connection.
func controlConn(conn net.Conn, f func(fd int) error) error {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("%T: %w", conn, ErrUnsupported)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, f)
}

func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// network is the Go name of TCP over addr's family; "tcp6" refuses IPv4, so that each family has a socket of its own.
func network(addr netip.Addr) string {
	if addr.Is4() {
		return "tcp4"
	}
	return "tcp6"
}

func addrOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
