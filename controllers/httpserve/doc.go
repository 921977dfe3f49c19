// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package httpserve serves HTTP for every endpoint of Herald, with bounds on the time and memory of a client, and answers probes.
package httpserve
