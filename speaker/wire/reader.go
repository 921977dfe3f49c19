// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Framing of received messages: RFC 4271 §4.1 and §6.1, RFC 8654 §4 and §5.

package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// readBufferLen is the first size of a reader's buffer: two ordinary messages.
	// The buffer grows only when an extended message arrives.
	readBufferLen = 2 * MaxMessageLen
	// maxEmptyReads bounds a reader that returns neither octets nor an error.
	maxEmptyReads = 100
)

// The least lengths of messages (RFC 4271 §4.2 to §4.5, RFC 2918 §3). That of
// ROUTE-REFRESH depends on its subtype: [ParseRouteRefresh] checks it.
const (
	minOpenLen         = HeaderLen + 10
	minUpdateLen       = HeaderLen + 4
	minNotificationLen = HeaderLen + 2
	routeRefreshLen    = HeaderLen + 4
)

// Reader cuts a stream into messages.
type Reader struct {
	r        io.Reader
	buf      []byte
	from, to int   // the unread octets are buf[from:to]
	maxLen   int   // of a message, header included
	deferred error // the error that came with the octets of a whole message: the next Next returns it
}

// NewReader returns a Reader that accepts messages of up to [MaxMessageLen].
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, buf: make([]byte, readBufferLen), maxLen: MaxMessageLen}
}

// SetMaxLen sets the greatest message length, in octets, header included.
// RFC 8654 §4: a speaker that has not advertised extended messages MUST refuse a
// longer message. OPEN and KEEPALIVE never exceed [MaxMessageLen].
func (r *Reader) SetMaxLen(n int) {
	r.maxLen = min(max(n, HeaderLen), MaxExtendedMessageLen)
}

// Next returns the next whole message. The body is borrowed until the next call.
//
// For a malformed header Next returns a [*Notification]. It returns an error of
// the underlying reader as it is and keeps the octets read so far: a later call
// goes on from there, so a deadline may expire in the middle of a message.
func (r *Reader) Next() (MessageType, []byte, error) {
	if err := r.fill(HeaderLen); err != nil {
		return 0, nil, err
	}
	t, n, err := parseHeader(r.buf[r.from:r.from+HeaderLen], r.maxLen)
	if err != nil {
		return 0, nil, err
	}
	if err := r.fill(n); err != nil {
		return 0, nil, err
	}
	body := r.buf[r.from+HeaderLen : r.from+n : r.from+n]
	r.from += n
	return t, body, nil
}

// Pending reports whether Next returns without reading: because a whole message
// has been read already, or a malformed header.
func (r *Reader) Pending() bool {
	unread := r.to - r.from
	if unread < HeaderLen {
		return false
	}
	_, n, err := parseHeader(r.buf[r.from:r.from+HeaderLen], r.maxLen)
	return err != nil || unread >= n
}

// fill reads until at least n octets are unread.
func (r *Reader) fill(n int) error {
	if r.to-r.from >= n {
		return nil
	}
	if err := r.deferred; err != nil {
		r.deferred = nil
		return err
	}
	r.makeRoom(n)
	for empty := 0; empty < maxEmptyReads; {
		got, err := r.r.Read(r.buf[r.to:])
		r.to += got
		if r.to-r.from >= n {
			r.deferred = err
			return nil
		}
		if err != nil {
			return err
		}
		if got == 0 {
			empty++
		}
	}
	return io.ErrNoProgress
}

// makeRoom moves the unread octets to the front of a buffer that holds n.
func (r *Reader) makeRoom(n int) {
	buf := r.buf
	if n > len(buf) {
		buf = make([]byte, MaxExtendedMessageLen)
	}
	r.to = copy(buf, r.buf[r.from:r.to])
	r.from, r.buf = 0, buf
}

// parseHeader checks a header and returns the type and length of its message.
func parseHeader(h []byte, maxLen int) (MessageType, int, error) {
	for _, c := range h[:markerLen] {
		if c != 0xff {
			// RFC 4271 §6.1: a marker that is not as expected.
			return 0, 0, &Notification{
				Code: CodeHeader, Subcode: HeaderNotSynchronized,
				Detail: fmt.Sprintf("marker %x, expected all ones", h[:markerLen]),
			}
		}
	}
	t := MessageType(h[markerLen+2])
	n := int(binary.BigEndian.Uint16(h[markerLen:]))
	least, most := lengthLimits(t, maxLen)
	switch {
	case n < least || n > most:
		// RFC 4271 §6.1: the data MUST contain the erroneous length field.
		return 0, 0, &Notification{
			Code: CodeHeader, Subcode: HeaderBadLength, Data: []byte{h[markerLen], h[markerLen+1]},
			Detail: fmt.Sprintf("%v of length %d, expected %d to %d", t, n, least, most),
		}
	case t < TypeOpen || t > TypeRouteRefresh:
		// RFC 4271 §6.1: the data MUST contain the erroneous type field.
		return 0, 0, &Notification{
			Code: CodeHeader, Subcode: HeaderBadType, Data: []byte{byte(t)},
			Detail: fmt.Sprintf("%v, expected %d to %d", t, TypeOpen, TypeRouteRefresh),
		}
	}
	return t, n, nil
}

// lengthLimits returns the least and the greatest length of a message of type t
// (RFC 4271 §6.1). A type that is not listed has no limits of its own.
func lengthLimits(t MessageType, maxLen int) (least, most int) {
	switch t {
	case TypeOpen:
		return minOpenLen, min(MaxMessageLen, maxLen) // RFC 8654 §4
	case TypeUpdate:
		return minUpdateLen, maxLen
	case TypeNotification:
		return minNotificationLen, maxLen
	case TypeKeepalive:
		return HeaderLen, HeaderLen
	default:
		return HeaderLen, maxLen
	}
}
