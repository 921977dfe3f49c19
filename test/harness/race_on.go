// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package harness

// raceDetector: these tests were built with it, and so is the program under test.
const raceDetector = true
