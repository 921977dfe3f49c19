// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker"
)

// statusText is what herald status prints of an agent.
func statusText(t *testing.T, a *Agent) string {
	t.Helper()
	server := httptest.NewServer(nodeapi.Handler(a.engine, a.Status, logr.Discard()))
	defer server.Close()
	list, err := nodeapi.GetStatus(t.Context(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := nodeapi.WriteTables(&out, list, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestStatusShowsTheSessions: a node knows its sessions whether or not the API server has objects of them.
func TestStatusShowsTheSessions(t *testing.T) {
	speaker := speaker.New(speaker.Options{})
	a := NewAgent(speaker, Options{NodeName: "node-1"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- speaker.Run(ctx) }()
	a.engine.Use(input("tor-a"))
	run(t, a, func() error {
		text := statusText(t, a)
		for _, want := range []string{"tor-a.node-1", "AdminDown"} {
			if !strings.Contains(text, want) {
				return fmt.Errorf("no %q in\n%s", want, text)
			}
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestStatusSaysWhyThereIsNothing: a node that could not be configured yet is not one without peers.
func TestStatusSaysWhyThereIsNothing(t *testing.T) {
	a := newAgent()
	if text := statusText(t, a); !strings.Contains(text, "no complete configuration") {
		t.Errorf("without a configuration it prints\n%s", text)
	}
	a.engine.Obstructed(errors.New("there is no Node node-1"))
	if text := statusText(t, a); !strings.Contains(text, "there is no Node node-1") {
		t.Errorf("without a Node it prints\n%s", text)
	}
}
