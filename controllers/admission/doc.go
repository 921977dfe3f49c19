// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package admission admits objects as the Kubernetes API server does, without
// one. Custom resources go through apiextensions-apiserver's own code, built from
// the embedded CRDs: pruning (an unknown field is an error, as it is for kubectl),
// defaults, the schema, the uniqueness of lists, and the CEL rules, with ratcheting
// against the object before the change. Secrets, Namespaces and Nodes are decoded
// strictly.
//
// Errors read as the API server's do: they name the object, the field and the fault.
package admission
