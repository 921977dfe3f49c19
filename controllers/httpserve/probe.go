// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package httpserve

import (
	"fmt"
	"net/http"
)

// ReadyText is the answer of a process that is ready.
const ReadyText = "ok"

// WriteReady answers a probe: all is well, or what is not.
func WriteReady(w http.ResponseWriter, err error) {
	code, text := http.StatusOK, ReadyText
	if err != nil {
		code, text = http.StatusServiceUnavailable, "not ready: "+err.Error()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	// The client that went away is the only reader of this error.
	_, _ = fmt.Fprintln(w, text)
}
