// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine makes a speaker's configuration from the objects, keeps it up to date, and makes the statuses of the speaker's
// sessions.
//
// The node role and herald standalone each drive one Engine: they say where the objects come from, and where statuses go.
// Whatever both do in between is here: objects become a configuration, the speaker gets it, what is new among the issues is
// logged, readiness is decided, and the statuses of sessions are made, with the times of their conditions.
package engine
