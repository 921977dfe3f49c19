// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// endless is a server with a session that has endlessly many routes.
type endless struct{ *httptest.Server }

func newEndless(t *testing.T) endless {
	n := &node{routes: testRoutes(), received: receivedRoutes(), repeat: 1 << 40}
	s := endless{httptest.NewServer(nodeHandler(n))}
	t.Cleanup(s.Close)
	return s
}

// open asks for routes and reads nothing of them. The answer ends with the test, or with hangUp before.
func (s endless) open(t *testing.T, direction string) (response *http.Response, hangUp context.CancelFunc) {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	url := s.URL + "/routes?session=tor-a.node-1&direction=" + direction
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err = s.Client().Do(request); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hangUp()
		_ = response.Body.Close()
	})
	return response, hangUp
}

// TestStreamsAreBounded: a stream beyond the limit is refused with the reason, until a client goes away.
func TestStreamsAreBounded(t *testing.T) {
	s := newEndless(t)
	var hangUp context.CancelFunc
	for i := range maxStreams {
		var response *http.Response
		response, hangUp = s.open(t, directionAnnounced)
		if response.StatusCode != http.StatusOK {
			t.Fatalf("stream %d: %s", i+1, response.Status)
		}
	}
	for _, direction := range []string{directionAnnounced, directionReceived} {
		response, _ := s.open(t, direction)
		var status metav1.Status
		if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusTooManyRequests || status.Reason != metav1.StatusReasonTooManyRequests ||
			!strings.Contains(status.Message, "4 streams of routes are under way") {
			t.Errorf("one more, %s: %s, %+v", direction, response.Status, status)
		}
	}
	if r, err := s.Client().Get(s.URL + "/healthz"); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("health meanwhile: %v, %v", r, err)
	} else {
		_ = r.Body.Close()
	}
	hangUp()
	eventually(t, "a stream in place of the one that ended", func() bool {
		response, _ := s.open(t, directionAnnounced)
		return response.StatusCode == http.StatusOK
	})
}

// TestStreamsThatEndMakeRoom: after every kind of end, and for sent and received routes.
func TestStreamsThatEndMakeRoom(t *testing.T) {
	for name, n := range map[string]*node{
		"in order":       {routes: testRoutes(), received: receivedRoutes()},
		"with a failure": {routesErr: errors.New("table is gone")},
		"half-way":       {routes: testRoutes(), repeat: 1000, routesErr: errors.New("table is gone")},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(nodeHandler(n))
			defer server.Close()
			for i := range 3 * maxStreams {
				direction := []string{directionAnnounced, directionReceived}[i%2]
				response, err := server.Client().Get(server.URL + "/routes?session=tor-a.node-1&direction=" + direction)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body) // another test checks that the answer breaks off
				_ = response.Body.Close()
				if response.StatusCode == http.StatusTooManyRequests {
					t.Fatalf("stream %d of %s: %s", i+1, direction, response.Status)
				}
			}
		})
	}
}

// eventually asks until the answer is the wanted one.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline, again := time.After(10*time.Second), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
