// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package speaker_test

// histories of the simulation: as many as some ten seconds of one core allow.
const histories = 1500
