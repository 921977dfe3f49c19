// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

// statusText is what herald status prints of an agent.
func statusText(t *testing.T, a *Agent) string {
	t.Helper()
	server := httptest.NewServer(nodeapi.Handler(a, logr.Discard()))
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
	text := statusText(t, told(t, shutDown(1)))
	for _, want := range []string{"tor-a.node-1", "AdminDown"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestStatusSaysWhyThereIsNothing: a node that could not be configured yet is not one without peers.
func TestStatusSaysWhyThereIsNothing(t *testing.T) {
	a := newAgent()
	if text := statusText(t, a); !strings.Contains(text, "no complete configuration") {
		t.Errorf("without a configuration it prints\n%s", text)
	}
	a.obstructed(errors.New("there is no Node node-1"))
	if text := statusText(t, a); !strings.Contains(text, "there is no Node node-1") {
		t.Errorf("without a Node it prints\n%s", text)
	}
}
