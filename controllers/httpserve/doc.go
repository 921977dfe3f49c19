// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package httpserve serves HTTP as every endpoint of Herald does, with bounds on what a client may take, and answers probes.
package httpserve
