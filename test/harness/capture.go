// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/test/bgptest"
)

const (
	bgpPort            = 179
	captureBuffer      = 64 << 20 // of the kernel, for what comes while this process does not run
	ethernetHeader     = 14
	ipv6Header         = 40
	maxCapturedSegment = ethernetHeader + 1<<16
	timespecSize       = 16 // two 64-bit numbers
)

// Captured is a BGP message that was on the wire.
type Captured struct {
	bgptest.Message
	// From and To are the ends of its connection.
	From, To netip.AddrPort
	// TTL is the IP TTL or hop limit of the packet that its last octet came in.
	TTL uint8
	// Time is when that packet passed the interface, as the kernel says.
	Time time.Time
}

// Capture is what passes the interface of a namespace: the BGP messages of every connection, without a part in it.
type Capture struct {
	tb   testing.TB
	file *os.File
	done chan struct{}

	mu       sync.Mutex
	messages []Captured
	streams  map[[2]netip.AddrPort]*stream // read by run alone
}

// NewCapture watches the interface eth0 of a namespace until the test ends.
func NewCapture(tb testing.TB, n *Netns) *Capture {
	tb.Helper()
	c := &Capture{tb: tb, done: make(chan struct{}), streams: map[[2]netip.AddrPort]*stream{}}
	if err := n.Do(func() (err error) {
		c.file, err = packetSocket("eth0")
		return err
	}); err != nil {
		tb.Fatalf("capture in %s: %v", n.Name, err)
	}
	go c.run()
	tb.Cleanup(func() {
		_ = c.file.Close()
		<-c.done
	})
	return c
}

// Messages returns the messages that one address has sent so far, in order.
func (c *Capture) Messages(from netip.Addr) []Captured {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sent []Captured
	for _, message := range c.messages {
		if message.From.Addr() == from {
			sent = append(sent, message)
		}
	}
	return sent
}

// packetSocket receives every packet of an interface, with its link header (packet(7)).
func packetSocket(device string) (_ *os.File, err error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer); err != nil {
		return nil, fmt.Errorf("buffer of the packet socket: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return nil, fmt.Errorf("time stamps of the packet socket: %w", err)
	}
	index, err := interfaceIndex(device)
	if err != nil {
		return nil, err
	}
	var every [2]byte
	binary.BigEndian.PutUint16(every[:], unix.ETH_P_ALL)
	address := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(every[:]), Ifindex: index}
	if err := unix.Bind(fd, address); err != nil {
		return nil, fmt.Errorf("bind the packet socket: %w", err)
	}
	return os.NewFile(uintptr(fd), "capture"), nil
}

// interfaceIndex asks on a socket of its own, so that it is the index in the namespace of this thread.
func interfaceIndex(device string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq(device)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, fmt.Errorf("index of %s: %w", device, err)
	}
	return int(request.Uint32()), nil
}

// run reads packets until the socket is closed.
func (c *Capture) run() {
	defer close(c.done)
	socket, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	buffer, control := make([]byte, maxCapturedSegment), make([]byte, unix.CmsgSpace(timespecSize))
	for {
		var n, controlled int
		var failed error
		err := socket.Read(func(fd uintptr) bool {
			n, controlled, _, _, failed = unix.Recvmsg(int(fd), buffer, control, 0)
			return failed != unix.EAGAIN
		})
		if errors.Is(failed, unix.ENETDOWN) {
			continue // the interface has been down; the socket lives on
		}
		if err != nil || failed != nil {
			return
		}
		if segment, ok := parseSegment(buffer[:n]); ok {
			c.take(segment, timestamp(control[:controlled]))
		}
	}
}

// timestamp reads the control message of SO_TIMESTAMPNS (socket(7)): a struct timespec.
func timestamp(control []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) == 0 || len(messages[0].Data) < timespecSize {
		return time.Now()
	}
	data := messages[0].Data
	return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
}

func (c *Capture) take(s segment, now time.Time) {
	key := [2]netip.AddrPort{s.from, s.to}
	if s.syn || c.streams[key] == nil {
		c.streams[key] = &stream{next: s.sequence, held: map[uint32][]byte{}}
	}
	if s.syn {
		c.streams[key].next++ // a SYN takes one number (RFC 9293 §3.4)
	}
	err := c.streams[key].take(s.sequence, s.payload, func(m bgptest.Message) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.messages = append(c.messages, Captured{Message: m, From: s.from, To: s.to, TTL: s.ttl, Time: now})
	})
	if err != nil {
		c.tb.Errorf("captured from %v to %v: %v", s.from, s.to, err)
	}
}

// segment is what is read of a TCP segment of BGP.
type segment struct {
	from, to netip.AddrPort
	ttl      uint8
	sequence uint32
	syn      bool
	payload  []byte
}

// parseSegment reads an Ethernet frame. It returns false for a frame that is not TCP to or from port 179.
func parseSegment(frame []byte) (s segment, ok bool) {
	if len(frame) < ethernetHeader+20 {
		return s, false
	}
	packet := frame[ethernetHeader:]
	var source, target netip.Addr
	var tcp []byte
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_IP:
		header, length := int(packet[0]&0xf)*4, int(binary.BigEndian.Uint16(packet[2:]))
		if packet[9] != unix.IPPROTO_TCP || length > len(packet) || header > length {
			return s, false
		}
		source, target = netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
		s.ttl, tcp = packet[8], packet[header:length] // what follows is padding of a short frame
	case unix.ETH_P_IPV6:
		if len(packet) < ipv6Header || packet[6] != unix.IPPROTO_TCP {
			return s, false
		}
		source, target = netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
		length := min(len(packet), ipv6Header+int(binary.BigEndian.Uint16(packet[4:])))
		s.ttl, tcp = packet[7], packet[ipv6Header:length]
	default:
		return s, false
	}
	if len(tcp) < 20 || len(tcp) < int(tcp[12]>>4)*4 {
		return s, false
	}
	s.from = netip.AddrPortFrom(source, binary.BigEndian.Uint16(tcp))
	s.to = netip.AddrPortFrom(target, binary.BigEndian.Uint16(tcp[2:]))
	s.sequence, s.syn = binary.BigEndian.Uint32(tcp[4:]), tcp[13]&2 != 0
	s.payload = tcp[int(tcp[12]>>4)*4:]
	return s, s.from.Port() == bgpPort || s.to.Port() == bgpPort
}

// stream puts one direction of a connection in order.
type stream struct {
	next   uint32            // the sequence number that comes next
	held   map[uint32][]byte // what came before its time
	frames framer
}

// take passes on the octets that are next in the stream, and the segments that were held until these came.
func (s *stream) take(sequence uint32, payload []byte, found func(bgptest.Message)) (err error) {
	for len(payload) > 0 {
		ahead := int32(sequence - s.next)
		if ahead > 0 {
			s.held[sequence] = slices.Clone(payload)
			return err
		}
		if behind := int(-ahead); behind < len(payload) { // else it was sent before
			fresh := payload[behind:]
			s.next += uint32(len(fresh))
			err = errors.Join(err, s.frames.take(fresh, found))
		}
		sequence = s.next
		payload = s.held[sequence]
		delete(s.held, sequence)
	}
	return err
}
