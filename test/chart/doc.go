// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package chart tests the Helm chart and the kustomize tree. Rendered by Helm and kustomize themselves, both hold the same
// objects; both install on a real kube-apiserver; and herald starts as their pods would start it.
package chart
