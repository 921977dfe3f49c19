// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package scrape decides who may read the metrics of a process, and serves them over TLS.
//
// Whoever shows a token is asked for at the API server. Metrics matter most while that is away, so its last answers hold
// through an outage, and whoever shows a certificate of a given authority needs no answer at all.
package scrape
