// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"encoding/hex"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker/wire"
)

// pacedLog is for lines about events that a peer can cause as often as it likes. It writes a few at once, and then one in a while
// with the number of omitted lines. The zero value is ready; any goroutine may use it.
type pacedLog struct {
	mu      sync.Mutex
	written int       // of the burst; one is forgiven each logInterval
	since   time.Time // when it was last forgiven
	leftOut int
}

const (
	logBurst    = 5
	logInterval = time.Minute
)

// info writes the line, or counts it.
func (p *pacedLog) info(log logr.Logger, message string, keysAndValues ...any) {
	if leftOut, ok := p.allow(time.Now()); ok {
		write(log, leftOut, message, keysAndValues...)
	}
}

// message writes a whole message of the peer (RFC 7606 §6 for UPDATE) with its error, or counts it.
func (p *pacedLog) message(log logr.Logger, t wire.MessageType, body []byte, err error) {
	if leftOut, ok := p.allow(time.Now()); ok {
		write(log, leftOut, "the peer sent a message with an error", "type", t.String(), "error", err.Error(), "body", hex.EncodeToString(body))
	}
}

func write(log logr.Logger, leftOut int, message string, keysAndValues ...any) {
	if leftOut > 0 {
		keysAndValues = append(keysAndValues, "leftOut", leftOut)
	}
	log.Info(message, keysAndValues...)
}

// allow reports whether a line is written now, and how many lines were omitted since the last.
func (p *pacedLog) allow(now time.Time) (leftOut int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if forgiven := int(now.Sub(p.since) / logInterval); forgiven >= p.written {
		p.written, p.since = 0, now
	} else {
		p.written -= forgiven
		p.since = p.since.Add(time.Duration(forgiven) * logInterval)
	}
	if p.written == logBurst {
		p.leftOut++
		return 0, false
	}
	p.written++
	leftOut, p.leftOut = p.leftOut, 0
	return leftOut, true
}
