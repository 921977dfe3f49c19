// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package standalone runs a speaker from a directory of manifests, without Kubernetes.
//
// A Source reads the directory, admits each document as the API server would, and reads it again when it changes. What it
// cannot accept is reported as a Problem and leaves in force what was there before:
//
//   - a file that cannot be read, or a document that does not say which object it is (no YAML, no name, a misspelt kind):
//     every object that came from that file and is not found in it any more stays;
//   - an object that is refused: its former version stays;
//   - an object that another document has already: the first by file name and position counts.
//
// Documents stand for themselves: a broken one does not keep a change of its neighbour from taking effect.
//
// A Runner compiles what is in force for one node, hands it to a speaker, and answers the node's endpoint with the same
// statuses that the operator writes in a cluster.
package standalone
