// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package node is the node role: it carries the objects of the API to the speaker, and what the speaker does to the
// BGPSessions of its own node.
//
// The speaker stands beside all of this. A manager, its caches and these controllers may end and be built again at any
// time; the Agent outlives them, and the speaker goes on with what it was last told.
//
// The role of its service account grants what follows, and no more.
//
// +kubebuilder:rbac:groups=herald.network,resources=bgppeers;announcements,verbs=list;watch
// +kubebuilder:rbac:groups=herald.network,resources=bgpsessions,verbs=get;list;create;delete
// +kubebuilder:rbac:groups=herald.network,resources=bgpsessions/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=nodes;namespaces,verbs=list;watch
// +kubebuilder:rbac:groups="",namespace=herald-system,resources=secrets,verbs=list;watch
// +kubebuilder:rbac:groups="",namespace=herald-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
package node
