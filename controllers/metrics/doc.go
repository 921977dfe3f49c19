// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package metrics has the metrics of a process: of the sessions of its speaker, of its engine and of its endpoints.
package metrics
