// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package nodeapi is the HTTP endpoint of a process that runs a speaker, and the client of it. It answers GET alone:
//
//	/healthz    the process lives
//	/readyz     the process has become ready (engine.Engine says when), and stays so
//	/status     a List of the objects with their statuses, as kubectl get -o json gives them
//	/routes     the routes of one session, one JSON object a line
//
// Errors have the form of the API server's: a JSON object of kind Status.
package nodeapi
