// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// TestBothRolesInOneProcess: herald run without --role plays both roles, with two managers in one process and no election.
func TestBothRolesInOneProcess(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	admin, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	const name = "herald-all"
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := admin.CoreV1().ServiceAccounts(operatorNamespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"herald-node", "herald-cluster"} {
		meta := metav1.ObjectMeta{Name: name + "-" + role}
		subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: operatorNamespace, Name: name}}
		_, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
			ObjectMeta: meta, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = admin.RbacV1().RoleBindings(operatorNamespace).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: meta, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	config, err := c.ServiceAccountConfig(t.Context(), operatorNamespace, name)
	if err != nil {
		t.Fatal(err)
	}
	c.startRole(t, "all", config, "--node-name="+node.Name)
	tor := newRouter(t, 91)
	c.create(t, tor.peer())
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	c.expectPeer(t, patience, tor.name, peerEstablished)
	c.expectAnnouncement(t, patience, web, advertised)
}
