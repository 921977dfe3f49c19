// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package kube holds the code that the controllers of both roles share in their dealings with the API server: the kinds that they
// know, the predicates that tell changes from noise, and the writing of a status.
package kube
