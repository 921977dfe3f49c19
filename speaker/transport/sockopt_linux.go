// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// classCS6 is the DSCP of network control traffic in its place in the traffic class octet (RFC 4594 §3.1).
const classCS6 = 48 << 2

// setTTL sets the TTL or hop limit of packets to peer, and their class.
func setTTL(fd int, peer netip.Addr, ttl int) error {
	level, hops, class := unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
	if peer.Is4() {
		level, hops, class = unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS
	}
	if err := unix.SetsockoptInt(fd, level, class, classCS6); err != nil {
		return os.NewSyscallError("set traffic class", err)
	}
	if ttl == 0 {
		return nil
	}
	return os.NewSyscallError("set TTL", unix.SetsockoptInt(fd, level, hops, ttl))
}

// setMD5Key signs what goes between the socket and peer (RFC 2385), or ends that for an empty key.
func setMD5Key(fd int, peer netip.Addr, key string) error {
	if len(key) > MaxMD5KeyLen {
		return fmt.Errorf("TCP MD5 key of %d octets, at most %d", len(key), MaxMD5KeyLen)
	}
	sig := unix.TCPMD5Sig{Keylen: uint16(len(key))}
	copy(sig.Key[:], key)
	if peer.Is4() {
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sig.Addr))
		sa.Family, sa.Addr = unix.AF_INET, peer.As4()
	} else {
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&sig.Addr))
		sa.Family, sa.Addr = unix.AF_INET6, peer.As16()
	}
	err := unix.SetsockoptTCPMD5Sig(fd, unix.IPPROTO_TCP, unix.TCP_MD5SIG, &sig)
	if key == "" && errors.Is(err, unix.ENOENT) {
		return nil // there was none
	}
	return os.NewSyscallError("set TCP MD5 key", err)
}

// backlog is how many connections wait to be accepted on a listening socket: the kernel tells it in a field that on other
// sockets counts segments.
func backlog(fd int) (int, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, os.NewSyscallError("get accept backlog", err)
	}
	return int(info.Unacked), nil
}
