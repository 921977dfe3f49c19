// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"cmp"
	"errors"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// classCS6 is the DSCP of network control traffic in its place in the traffic class octet (RFC 4594 §3.1).
const classCS6 = 48 << 2

// maxTTL is the greatest TTL and hop limit.
const maxTTL = 255

// setOptions sets the options of a socket for packets to and from peer, and the traffic class.
func setOptions(fd int, peer netip.Addr, o SocketOptions) error {
	level, class, hops, minHops := unix.IPPROTO_IPV6, unix.IPV6_TCLASS, unix.IPV6_UNICAST_HOPS, unix.IPV6_MINHOPCOUNT
	if peer.Is4() {
		level, class, hops, minHops = unix.IPPROTO_IP, unix.IP_TOS, unix.IP_TTL, unix.IP_MINTTL
	}
	set := func(what string, level, option, value int) error {
		return os.NewSyscallError(what, unix.SetsockoptInt(fd, level, option, value))
	}
	ttl := o.TTL
	if ttl == 0 {
		ttl = systemTTL
	}
	return cmp.Or(
		set("set traffic class", level, class, classCS6),
		set("set TTL", level, hops, ttl),
		set("set least TTL", level, minHops, o.MinTTL), // RFC 5082 §3
		set("set user timeout", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(o.UserTimeout.Milliseconds())),
	)
}

// systemTTL makes the kernel use its own default.
const systemTTL = -1

// setAuth makes the kernel sign and check the segments between the socket and peer (RFC 2385), or ends that.
func setAuth(fd int, peer netip.Addr, a Auth) error {
	if err := a.Validate(); err != nil {
		return err
	}
	sig := unix.TCPMD5Sig{Keylen: uint16(len(a.key))} // a key of no octets is removed
	copy(sig.Key[:], a.key)
	if peer.Is4() {
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sig.Addr))
		sa.Family, sa.Addr = unix.AF_INET, peer.As4()
	} else {
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&sig.Addr))
		sa.Family, sa.Addr = unix.AF_INET6, peer.As16()
	}
	err := unix.SetsockoptTCPMD5Sig(fd, unix.IPPROTO_TCP, unix.TCP_MD5SIG, &sig)
	if a.method == AuthNone && errors.Is(err, unix.ENOENT) {
		return nil // there was none
	}
	return os.NewSyscallError("set TCP MD5 key", err)
}

// backlog returns how many connections wait to be accepted on a listening socket. The kernel reports the number in a field
// that counts segments on other sockets.
func backlog(fd int) (int, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, os.NewSyscallError("get accept backlog", err)
	}
	return int(info.Unacked), nil
}

// unacknowledged returns how many octets are in the send queue of a TCP socket: those not sent yet, and those sent but not
// acknowledged yet.
func unacknowledged(fd int) (int, error) {
	octets, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return octets, os.NewSyscallError("get send queue", err)
}
