// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package speaker_test

// histories of the simulation, each of which takes some ten times as long under the race detector.
const histories = 150
