// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/test/harness"
)

// TestMetrics: metrics are served over TLS, to clients that the API server allows to read them.
func TestMetrics(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 81)
	c.create(t, tor.peer())
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), freePort(t, netip.MustParseAddr("127.0.0.1")))
	c.startNode(t, node.Name, nil, "--metrics-address="+address.String())
	c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)

	url := metricsURL(address)
	if status, _ := scrape(t, url, ""); status != http.StatusUnauthorized {
		t.Errorf("without a token the answer is %d, want %d", status, http.StatusUnauthorized)
	}
	if status, _ := scrape(t, url, c.roleConfig(t, "node").BearerToken); status != http.StatusForbidden {
		t.Errorf("with a token that may not, the answer is %d, want %d", status, http.StatusForbidden)
	}
	status, text := scrape(t, url, c.scraperToken(t))
	if status != http.StatusOK {
		t.Fatalf("the answer is %d, want %d: %s", status, http.StatusOK, text)
	}
	labels := fmt.Sprintf("peer=%q,remote=%q,vrf=%q", tor.name, tor.address.Addr(), "")
	for _, line := range []string{
		fmt.Sprintf("herald_session_established{%s} 1", labels),
		fmt.Sprintf("herald_session_state{%s} 5", labels),
		fmt.Sprintf("herald_session_flaps_total{%s} 0", labels),
		fmt.Sprintf("herald_guard_refused_prefixes{%s} 0", labels),
		fmt.Sprintf("herald_routes_announced{%s} 0", labels),
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// scraperToken is a token of a service account that may read metrics.
func (c *cluster) scraperToken(t *testing.T) string {
	t.Helper()
	admin, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	const name = "scraper"
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := admin.CoreV1().ServiceAccounts(operatorNamespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: operatorNamespace, Name: name}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := c.ServiceAccountConfig(t.Context(), operatorNamespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return config.BearerToken
}

func metricsURL(address netip.AddrPort) string { return "https://" + address.String() + "/metrics" }

// scrape reads metrics as Prometheus does. The certificate is the process's own.
func scrape(t *testing.T, url, token string) (status int, text string) {
	t.Helper()
	return scrapeWith(t, &tls.Config{InsecureSkipVerify: true}, url, token)
}

func scrapeWith(t *testing.T, config *tls.Config, url, token string) (status int, text string) {
	t.Helper()
	scraper := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	defer scraper.CloseIdleConnections()
	harness.Eventually(t, patience, "answer of "+url, func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := scraper.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		status, text = response.StatusCode, string(body)
		return err
	})
	return status, text
}
