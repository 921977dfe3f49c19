// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/controllers/httpserve"
)

const (
	clientTimeout = 30 * time.Second
	// maxStatus bounds the length of a status that a client accepts: far more than a node can have.
	maxStatus = 256 << 20
)

// DefaultAddress is where the endpoint listens by default: on loopback alone, since it does not authenticate clients.
const DefaultAddress = "127.0.0.1:9179"

// DefaultSocket is the Unix socket of a container for a probe without a port.
const DefaultSocket = "/run/herald/probe.sock"

// GetStatus asks the endpoint at an address, a host and a port or the path of a Unix socket, for its objects.
func GetStatus(ctx context.Context, address string) (*unstructured.UnstructuredList, error) {
	body, err := fetch(ctx, address, "/status")
	if err != nil {
		return nil, err
	}
	list := &unstructured.UnstructuredList{}
	if err := runtime.DecodeInto(unstructured.UnstructuredJSONScheme, body, list); err != nil {
		return nil, fmt.Errorf("%s does not answer as herald does: %w", address, err)
	}
	return list, nil
}

// GetReady asks the endpoint at an address, as GetStatus does, whether it is ready. The error says what it waits for.
func GetReady(ctx context.Context, address string) (string, error) {
	body, err := fetch(ctx, address, "/readyz")
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(body))
	if text != httpserve.ReadyText {
		return "", fmt.Errorf("%s does not answer as herald does: %q is not %q", address, excerpt(text), httpserve.ReadyText)
	}
	return text, nil
}

// fetch returns the body of an answer with status 200.
func fetch(ctx context.Context, address, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	client, host := http.DefaultClient, address
	if filepath.IsAbs(address) {
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", address)
		}}
		defer transport.CloseIdleConnections()
		client, host = &http.Client{Transport: transport}, "localhost"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		return nil, fmt.Errorf("address %q: write a host and a port, such as %s, or the path of a socket: %w", address, DefaultAddress, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("no answer from herald at %s, does it run there? %w", address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxStatus))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", address, printable(response.Status), errorMessage(body))
	}
	return body, nil
}

// errorMessage is the message in the body of an error: the message of a Status, or the body itself.
func errorMessage(body []byte) string {
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err == nil && status.Message != "" {
		return printable(status.Message)
	}
	return excerpt(strings.TrimSpace(string(body)))
}

// excerpt is the beginning of a text from an unknown server, made printable.
func excerpt(text string) string { return printable(text[:min(len(text), 200)]) }
