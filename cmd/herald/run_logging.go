// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
)

// newLogger returns a logger that writes lines in a format, text or json, from a level on: error, info or debug.
func newLogger(w io.Writer, level, format string) (logr.Logger, error) {
	options := &slog.HandlerOptions{}
	switch level {
	case "error":
		options.Level = slog.LevelError
	case "info":
		options.Level = slog.LevelInfo
	case "debug":
		options.Level = slog.LevelDebug
	default:
		return logr.Logger{}, fmt.Errorf("--log-level %q: write error, info or debug", level)
	}
	switch format {
	case "text":
		return logr.FromSlogHandler(slog.NewTextHandler(w, options)), nil
	case "json":
		return logr.FromSlogHandler(slog.NewJSONHandler(w, options)), nil
	}
	return logr.Logger{}, fmt.Errorf("--log-format %q: write text or json", format)
}
