// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/controllers/httpserve"
)

// TestGetReady: only herald's own answer counts as ready, and the answer of another server is made printable.
func TestGetReady(t *testing.T) {
	answer := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string // a part of the error, "" for ready
	}{
		"ready":                     {func(w http.ResponseWriter, _ *http.Request) { httpserve.WriteReady(w, nil) }, ""},
		"not ready":                 {func(w http.ResponseWriter, _ *http.Request) { httpserve.WriteReady(w, errors.New("no peer")) }, "not ready: no peer"},
		"another program":           {answer(http.StatusOK, "<html>welcome</html>"), "does not answer as herald does"},
		"nothing":                   {answer(http.StatusOK, ""), "does not answer as herald does"},
		"a terminal's sequence":     {answer(http.StatusOK, "\x1b[2Jok"), "does not answer as herald does"},
		"one in an error":           {answer(http.StatusNotFound, "\x1b[2Jno"), "\ufffd[2Jno"},
		"one in an error of Status": {answer(http.StatusNotFound, `{"message":"\u001b[2Jno"}`), "\ufffd[2Jno"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			defer server.Close()
			text, err := GetReady(t.Context(), strings.TrimPrefix(server.URL, "http://"))
			if tc.want == "" {
				if err != nil || text != "ok" {
					t.Errorf("%q, %v", text, err)
				}
				return
			}
			if err == nil || text != "" || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q, %v, want %q", text, err, tc.want)
			}
		})
	}
}
