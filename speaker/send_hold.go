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
// that MAY be sent could not pass the octets that are stuck before it.
var errSendHold = errors.New("send hold timer expired: the peer reads nothing, or less than a message")

// sendHoldLooks is how often the speaker looks at a socket in one send hold time. The timer may expire late by one such interval.
const sendHoldLooks = 20

// acknowledgements measures how long a peer has not acknowledged a message. RFC 9687 §4.3 restarts the timer with each message
// that is sent. A message in the kernel's buffers does not count as sent: they hold megabytes for a peer that reads nothing.
type acknowledgements struct {
	transport transport.Transport
	conn      net.Conn
	written   int64     // octets handed to the kernel
	since     time.Time // since then the peer has acknowledged too little; zero where it owes nothing
	enough    int64     // the time starts anew at this number of acknowledged octets
}

// write writes b, or as much of it as the kernel takes.
func (a *acknowledgements) write(b []byte) (int, error) {
	a.stalled(len(b)) // octets that are written now are owed from now on
	n, err := a.conn.Write(b)
	a.written += int64(n)
	return n, err
}

// stalled looks at the socket and returns for how long the peer has acknowledged no message although it owes acknowledgements.
// waiting is the number of octets that the kernel has not taken yet. A few octets now and then do not count as a message: otherwise a
// session would last although its withdrawals do not arrive for hours. If the system cannot say what was acknowledged, the octets
// that the kernel took count as acknowledged.
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
