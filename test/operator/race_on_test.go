// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package operator

// raceDetector: the binary under test is built as the tests are.
const raceDetector = true
