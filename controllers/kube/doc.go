// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package kube is what the controllers of both roles share in their dealings with the API server: the kinds they know,
// what counts as a change, and how a status is written.
package kube
