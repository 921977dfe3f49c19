// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	clientTimeout = 30 * time.Second
	// maxStatus bounds what a client takes for a status: far more than a node can have.
	maxStatus = 256 << 20
)

// GetStatus asks the endpoint at an address, a host and a port, for its objects.
func GetStatus(ctx context.Context, address string) (*unstructured.UnstructuredList, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/status", nil)
	if err != nil {
		return nil, fmt.Errorf("address %q: write a host and a port, such as %s: %w", address, DefaultAddress, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("no answer from herald at %s, does it run there? %w", address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxStatus))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", address, response.Status, errorMessage(body))
	}
	list := &unstructured.UnstructuredList{}
	if err := runtime.DecodeInto(unstructured.UnstructuredJSONScheme, body, list); err != nil {
		return nil, fmt.Errorf("%s does not answer as herald does: %w", address, err)
	}
	return list, nil
}

// errorMessage is what an error's body says: the message of a Status, or the body itself.
func errorMessage(body []byte) string {
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err == nil && status.Message != "" {
		return status.Message
	}
	return string(body[:min(len(body), 200)])
}
