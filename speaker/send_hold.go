// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The send hold timer: RFC 9687.

package speaker

import (
	"errors"
	"net"
	"time"

	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
)

// errSendHold closes a session whose peer reads no message. RFC 9687 §5: the connection MUST be closed; the NOTIFICATION (8/0)
// that MAY be sent could not pass what is stuck before it.
var errSendHold = errors.New("send hold timer expired: the peer reads nothing, or less than a message")

// sendHoldLooks is how often a socket is looked at in the length of the send hold timer: that much later it may expire.
const sendHoldLooks = 20

// acknowledgements measures how long a peer has not acknowledged a message. RFC 9687 §4.3 restarts the timer with each message
// that is sent; what is handed to the kernel is not: its buffers take megabytes of messages for a peer that reads nothing.
type acknowledgements struct {
	transport transport.Transport
	conn      net.Conn
	written   int64     // octets handed to the kernel
	since     time.Time // since then the peer has acknowledged too little; zero where it owes nothing
	enough    int64     // acknowledged octets that begin anew: all that was owed then, or as many as the longest message
}

// write writes b, or as much of it as the kernel takes.
func (a *acknowledgements) write(b []byte) (int, error) {
	a.stalled(len(b)) // what is written now is owed from now on
	n, err := a.conn.Write(b)
	a.written += int64(n)
	return n, err
}

// stalled looks at the socket and returns for how long no message was acknowledged although something is owed: waiting is how
// many octets the kernel has not taken yet. Some octets now and then are no message: with them a session would last whose
// withdrawals do not arrive for hours. Where the system does not tell what was acknowledged, what it takes counts.
func (a *acknowledgements) stalled(waiting int) time.Duration {
	owed, err := a.transport.Unacknowledged(a.conn)
	if err != nil {
		owed = 0
	}
	now, acknowledged := time.Now(), a.written-int64(owed)
	switch {
	case owed+waiting == 0:
		a.since = time.Time{}
		return 0
	case a.since.IsZero(), acknowledged >= a.enough:
		a.since = now
		a.enough = acknowledged + int64(min(owed+waiting, wire.MaxMessageLen))
	}
	return now.Sub(a.since)
}
