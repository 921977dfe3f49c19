// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package adjin is the Adj-RIB-In of one peer (RFC 4271 §3.2): the routes that the peer sent, as it sent them. They are kept to be
// counted and shown, and never advertised.
//
// A route is a key and a number without pointers, so the garbage collector does not look at routes; path attributes are
// octets, interned with a count of the routes that have them. The policy bounds the size of a Table.
package adjin
