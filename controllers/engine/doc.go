// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine keeps a speaker's configuration what the objects say, and says how its sessions are.
//
// The node role and herald standalone each drive one Engine: they say where the objects come from, and where statuses go.
// Whatever both do in between is here: objects become a configuration, the speaker gets it, what is new among the issues is
// logged, readiness is decided, and the statuses of sessions are made, with the times of their conditions.
package engine
