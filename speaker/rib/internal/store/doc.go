// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package store holds the routes of one address family: entries of 16 octets for IPv4 and 32 for IPv6, without pointers, with
// an index of their keys. It knows nothing of sessions, nor of what a route means.
//
// An [Entry] is one destination of one source, which is a number here. Entries with one [Key] are a chain. A [Slot] is the number of
// an entry. [Ops] are the keys of a family: how they are compared, hashed and encoded.
package store
