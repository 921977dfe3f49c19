// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// TestUnsignedConnectionNeverReceivesAByte: a peer with authentication dials us without a signature before its key exists. It
// never reads a byte on such a connection, however its OPEN races with the Secret; with the Secret the signed session comes up.
func TestUnsignedConnectionNeverReceivesAByte(t *testing.T) {
	t.Parallel()
	peer := newScriptedPeer(t, "tor-a", rackA, 64500)
	listen := freePort(t, loopback)
	h := newHerald(t, nil, loopback, map[string]string{
		"peer.yaml": peer.manifest("transport: {connectMode: Passive}", tcpMD5),
		webManifest: announcement("web", "203.0.113.0/24", "med: 10"),
	}, "--listen", listen.String())
	h.start(t)
	h.wantSession(t, "tor-a", "SecretNotFound", func(s *v1alpha1.BGPSession) bool {
		return hasReason(s, v1alpha1.ConditionEstablished, v1alpha1.ReasonSecretNotFound)
	})
	early := dialUnsigned(t, peer, listen)

	t.Log("one more waits in the kernel's queue when the Secret comes")
	if err := h.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	queued := dialUnsigned(t, peer, listen)
	h.write(t, "secret.yaml", secretManifest("tor-a", "a-good-key"))
	if err := h.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s := peer.handshake(t, dialSigned(t, peer.address.Addr(), listen, "a-good-key"))
	s.wantFirstSync(map[string]uint32{"203.0.113.0/24": 10})
	h.wantSession(t, "tor-a", "established", established)
	for name, conn := range map[string]*unsignedConn{"early": early, "queued": queued} {
		if n, err := conn.wait(t); n != 0 {
			t.Errorf("the %s unsigned connection received %d bytes (%v)", name, n, err)
		}
	}

	t.Log("from now on the kernel answers no unsigned segment")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if conn, err := dialer(peer.address.Addr(), nil).DialContext(ctx, "tcp", listen.String()); err == nil {
		_ = conn.Close()
		t.Error("an unsigned connection was accepted although there is a key")
	}
	s.wantSilence(quiet)
}

// unsignedConn is a connection on which an OPEN was sent and everything is read.
type unsignedConn struct {
	net.Conn
	read chan struct{}
	n    int64
	err  error
}

func dialUnsigned(t *testing.T, peer *scriptedPeer, to netip.AddrPort) *unsignedConn {
	t.Helper()
	conn, err := dialer(peer.address.Addr(), nil).DialContext(t.Context(), "tcp", to.String())
	if err != nil {
		t.Fatalf("dial without a signature: %v", err)
	}
	c := &unsignedConn{Conn: conn, read: make(chan struct{})}
	if _, err := conn.Write(peer.open().Append(nil)); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("send an OPEN: %v", err)
	}
	go func() {
		defer close(c.read)
		c.n, c.err = io.Copy(io.Discard, conn)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-c.read
	})
	return c
}

// wait waits for Herald to close the connection. Once there is a key, Herald's FIN or RST is signed, and the kernel of the unsigned
// side drops it: wait only checks that no byte came.
func (c *unsignedConn) wait(t *testing.T) (int64, error) {
	t.Helper()
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	select {
	case <-c.read:
	case <-timer.C:
		_ = c.Close()
		<-c.read
	}
	return c.n, c.err
}

// dialSigned connects with an MD5 key for the other side (RFC 2385).
func dialSigned(t *testing.T, from netip.Addr, to netip.AddrPort, key string) net.Conn {
	t.Helper()
	sign := func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = setMD5(int(fd), to.Addr(), key) })
		return errors.Join(err, failed)
	}
	var conn net.Conn
	harness.Eventually(t, patience, "a signed connection", func() (err error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		conn, err = dialer(from, sign).DialContext(ctx, "tcp", to.String())
		return err
	})
	return conn
}

func dialer(from netip.Addr, control func(string, string, syscall.RawConn) error) *net.Dialer {
	d := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), Control: control}
	d.SetMultipathTCP(false) // which has no MD5 signatures
	return d
}

func setMD5(fd int, peer netip.Addr, key string) error {
	signature := unix.TCPMD5Sig{Keylen: uint16(len(key))}
	signature.Addr.Family = unix.AF_INET
	// The address of a sockaddr_in follows its port of two octets.
	address := peer.As4()
	copy(signature.Addr.Data[2:], address[:])
	copy(signature.Key[:], key)
	if err := unix.SetsockoptTCPMD5Sig(fd, unix.IPPROTO_TCP, unix.TCP_MD5SIG, &signature); err != nil {
		return fmt.Errorf("TCP_MD5SIG: %w", err)
	}
	return nil
}
