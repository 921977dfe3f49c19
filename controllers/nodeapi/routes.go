// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/httpserve"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// streamBuffer is how many bytes of routes are gathered before they are sent.
const streamBuffer = 32 << 10

// Directions of /routes.
const (
	directionAnnounced = "announced"
	directionReceived  = "received"
)

// routeQuery is a request for routes.
type routeQuery struct {
	session   string
	direction string
	// family is nil for every family.
	family *wire.Family
	// prefix is the zero Prefix for every prefix.
	prefix netip.Prefix
}

func parseRouteQuery(values url.Values) (routeQuery, error) {
	q := routeQuery{session: values.Get("session"), direction: directionAnnounced}
	for name := range values {
		switch name {
		case "session", "direction", "family", "prefix":
		default:
			return q, fmt.Errorf("no parameter %q: write session, direction, family or prefix", name)
		}
	}
	if q.session == "" {
		return q, errors.New("session is missing: write the name of a BGPSession, such as /routes?session=tor-a.node-1")
	}
	if values.Has("direction") {
		q.direction = values.Get("direction")
	}
	if q.direction != directionAnnounced && q.direction != directionReceived {
		return q, fmt.Errorf("direction %q: write announced or received", q.direction)
	}
	if values.Has("family") {
		family, ok := compile.FamilyNamed(values.Get("family"))
		if !ok {
			return q, fmt.Errorf("family %q: write IPv4/Unicast or IPv6/Unicast", values.Get("family"))
		}
		q.family = &family
	}
	if values.Has("prefix") {
		prefix, err := netip.ParsePrefix(values.Get("prefix"))
		if err != nil || prefix != prefix.Masked() {
			return q, fmt.Errorf("prefix %q: write an address and a length without host bits, such as 203.0.113.0/24", values.Get("prefix"))
		}
		q.prefix = prefix
	}
	return q, nil
}

func (q *routeQuery) wants(family wire.Family, prefix netip.Prefix) bool {
	return (q.family == nil || *q.family == family) && (!q.prefix.IsValid() || q.prefix == prefix)
}

// maxStreams bounds how many streams run at once: each may hold a copy of a session's routes.
const maxStreams = 4

func (h *handler) routes(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeError(w, apierrors.NewBadRequest("query: "+err.Error()))
		return
	}
	q, err := parseRouteQuery(values)
	if err != nil {
		writeError(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	id, ok := h.backend.SessionID(q.session)
	if !ok {
		writeError(w, notFound(fmt.Sprintf("no session %q on this node: /status lists the BGPSessions", q.session)))
		return
	}
	if h.streams.Add(1) > maxStreams {
		h.streams.Add(-1)
		writeError(w, apierrors.NewTooManyRequests(
			fmt.Sprintf("%d streams of routes are under way, and no more at once: ask again when one has ended", maxStreams), 1))
		return
	}
	defer h.streams.Add(-1)
	w.Header().Set("Content-Type", "application/jsonl")
	s := newRouteStream(r.Context(), w, q)
	if q.direction == directionAnnounced {
		err = h.backend.Routes(id, s.announced)
	} else {
		err = h.backend.Received(id, s.received)
	}
	err = errors.Join(err, s.finish())
	switch {
	case err == nil:
	case s.started:
		// It is too late for an error status: the broken connection tells the client.
		h.log.V(1).Info("routes not sent to the end", "session", q.session, "reason", err.Error())
		panic(http.ErrAbortHandler)
	default:
		h.log.Error(err, "routes unavailable", "session", q.session)
		writeError(w, apierrors.NewInternalError(err))
	}
}

// routeStream writes routes as JSON lines, a buffer at a time.
type routeStream struct {
	ctx        context.Context
	query      routeQuery
	buffer     *bufio.Writer
	encoder    *json.Encoder
	connection *http.ResponseController
	// started is set once bytes went out.
	started bool
	err     error
}

func newRouteStream(ctx context.Context, w http.ResponseWriter, q routeQuery) *routeStream {
	s := &routeStream{ctx: ctx, query: q, connection: http.NewResponseController(w)}
	s.buffer = bufio.NewWriterSize(flushWriter{w, s}, streamBuffer)
	s.encoder = json.NewEncoder(s.buffer)
	return s
}

// flushWriter sets the write deadline anew for each buffer, so that a slow client has bounded time for each.
type flushWriter struct {
	http.ResponseWriter
	stream *routeStream
}

func (w flushWriter) Write(b []byte) (int, error) {
	if err := w.stream.ctx.Err(); err != nil {
		return 0, err
	}
	err := w.stream.connection.SetWriteDeadline(time.Now().Add(httpserve.WriteTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	w.stream.started = true
	return w.ResponseWriter.Write(b)
}

// announced takes one route that a peer was sent. It returns false when no further one can be sent.
func (s *routeStream) announced(r rib.Route) bool {
	if s.query.wants(r.Family, r.NLRI.Prefix) {
		s.err = s.encoder.Encode(routeOf(&r))
	}
	return s.err == nil
}

// received takes one route that a peer sent. It returns false when no further one can be sent.
func (s *routeStream) received(r adjin.Route) bool {
	if s.query.wants(r.Family, r.NLRI.Prefix) {
		s.err = s.encoder.Encode(receivedRoute(&r))
	}
	return s.err == nil
}

// finish sends what is still in the buffer.
func (s *routeStream) finish() error {
	if s.err != nil {
		return s.err
	}
	return s.buffer.Flush()
}
