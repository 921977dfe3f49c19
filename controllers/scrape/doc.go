// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package scrape decides who may read the metrics of a process, and serves them over TLS.
//
// The package asks the API server whether the bearer of a token may read. Metrics matter most while the API server is away, so its
// last answers hold through an outage, and a client with a certificate of a given authority needs no answer at all.
package scrape
