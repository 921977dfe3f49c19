// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package encode makes of an announcement's path attributes what one session sends: it inherits the peer's defaults, decides the next
// hop, and writes the octets. It knows no routes and no sessions, only [Params] of them.
//
// [Attributes] are neutral. An [Encoder] makes them a [Set], the same one for all that is the same on the wire, for the sessions of
// one [Form].
package encode
