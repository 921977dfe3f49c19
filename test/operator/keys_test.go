// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// afterRight is how long it may take until a right that was missing is used: a refused request is repeated every half minute.
const afterRight = 90 * time.Second

// letReadSecrets changes the rules of the node role about Secrets.
func (c *cluster) letReadSecrets(t *testing.T, change func(*rbacv1.Role)) {
	t.Helper()
	admin, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	roles := admin.RbacV1().Roles(operatorNamespace)
	role, err := roles.Get(t.Context(), "herald-node", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	change(role)
	if _, err := roles.Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestMissingRightOnSecrets: a missing right stops the peers that need a key, and no others. The right to read only the named Secret
// is enough: Herald asks for no other Secret of the namespace.
func TestMissingRightOnSecrets(t *testing.T) {
	const key, name = "a key", "key-of-tor"
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: name},
		StringData: map[string]string{v1alpha1.DefaultSecretKey: key},
	}
	c.create(t, secret)
	var withdrawn []rbacv1.PolicyRule
	c.letReadSecrets(t, func(role *rbacv1.Role) {
		role.Rules = slices.DeleteFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
			ofSecrets := slices.Contains(rule.Resources, "secrets")
			if ofSecrets {
				withdrawn = append(withdrawn, rule)
			}
			return ofSecrets
		})
	})
	if len(withdrawn) != 1 {
		t.Fatalf("rules about Secrets: %+v, want one", withdrawn)
	}
	open, signed := newRouter(t, 67), newSignedRouter(t, 68, key)
	c.create(t, open.peer())
	c.create(t, signed.signedPeer(name))
	health := freeAddress(t)
	process := c.launch(t, "node-"+node.Name, c.roleConfig(t, "node"),
		"--role=node", "--node-name="+node.Name, "--health-address="+health.String())
	t.Cleanup(func() { c.expectOrderlyEnd(t, process.Name, process) })
	c.restarted = true // the test itself took the right away

	c.expectSession(t, patience, open.name, node.Name, sessionEstablished)
	session := c.expectSession(t, patience, signed.name, node.Name,
		want{v1alpha1.ConditionEstablished, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound})
	if _, text := conditionOf(session.Status.Conditions, v1alpha1.ConditionEstablished); !strings.Contains(text, "forbidden") {
		t.Errorf("%s: want that reading is forbidden", text)
	}
	if err := ready(t, health); err != nil {
		t.Errorf("a node with a missing right: %v", err)
	}
	since := open.since(t)
	c.letReadSecrets(t, func(role *rbacv1.Role) {
		named := withdrawn[0]
		named.ResourceNames = []string{name}
		role.Rules = append(role.Rules, named)
	})
	c.expectSession(t, afterRight, signed.name, node.Name, sessionEstablished)
	if now := open.since(t); now != since {
		t.Errorf("the session of the other peer began anew: %s, was %s", now, since)
	}
}
