// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package httpserve

import (
	"fmt"
	"net/http"
)

// ReadyText is the answer of a process that is ready.
const ReadyText = "ok"

// WriteReady answers a probe: with ReadyText, or with the error.
func WriteReady(w http.ResponseWriter, err error) {
	code, text := http.StatusOK, ReadyText
	if err != nil {
		code, text = http.StatusServiceUnavailable, "not ready: "+err.Error()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	// An error means that the client went away, so nobody would read a report of it.
	_, _ = fmt.Fprintln(w, text)
}
