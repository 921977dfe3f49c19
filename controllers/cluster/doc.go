// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package cluster is the cluster role: one elected process sums up what the BGPSessions of all nodes report in the
// statuses of BGPPeers and Announcements, and removes the BGPSessions that no speaker is left to remove.
//
// It writes nothing but statuses, and only those that changed. Its failure affects no session and no route.
//
// The roles of its service account grant the following rights, and no others.
//
// +kubebuilder:rbac:groups=herald.network,resources=announcements,verbs=list;watch
// +kubebuilder:rbac:groups=herald.network,resources=bgppeers,verbs=get;list;watch
// +kubebuilder:rbac:groups=herald.network,resources=bgppeers/status;announcements/status;bgpsessions/status,verbs=patch
// +kubebuilder:rbac:groups=herald.network,resources=bgpsessions,verbs=list;watch;delete
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch
// +kubebuilder:rbac:groups="",namespace=herald-system,resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups=apps,namespace=herald-system,resources=daemonsets,verbs=list;watch
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=list
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=herald-system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=herald-system,resources=leases,resourceNames=herald-cluster,verbs=get;update
// +kubebuilder:rbac:groups="",namespace=herald-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
package cluster
