// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package chart tests what people install: the Helm chart and the kustomize tree, rendered by Helm and kustomize
// themselves, hold the same; both install on a real kube-apiserver; and herald starts as their pods would start it.
package chart
