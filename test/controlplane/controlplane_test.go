// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const widgetCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// The account may read widgets and nothing else.
const manifests = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
# a document without an object
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: widget-reader}
rules: [{apiGroups: [example.com], resources: [widgets], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: widget-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: widget-reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: shop}]
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: first, namespace: shop}
spec: {size: 3}
`

var widgets = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}

func TestControlPlane(t *testing.T) {
	cp := ForTest(t, Options{})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "widgets.yaml"), []byte(widgetCRD), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cp.InstallCRDs(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	// A second apply of the same manifests succeeds and changes nothing.
	for range 2 {
		if err := cp.ApplyManifests(t.Context(), []byte(manifests)); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := cp.ServiceAccountConfig(t.Context(), "shop", "reader")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("service account has its rights alone", func(t *testing.T) {
		requireWidget(t, reader)
		client := kubernetes.NewForConfigOrDie(reader)
		_, err := client.CoreV1().Secrets("shop").List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("list of Secrets: %v, want Forbidden", err)
		}
	})
	t.Run("kubeconfig works with kubectl", func(t *testing.T) { testKubectl(t, cp) })
	t.Run("admits Pods", func(t *testing.T) { testPods(t, cp) })
	t.Run("killed and restarted", func(t *testing.T) { testRestart(t, cp, reader) })
	t.Run("paused and resumed", func(t *testing.T) { testPause(t, cp, reader) })
}

func testKubectl(t *testing.T, cp *ControlPlane) {
	kubeconfig, err := cp.ServiceAccountKubeconfig(t.Context(), "shop", "reader")
	if err != nil {
		t.Fatal(err)
	}
	kubectl := exec.CommandContext(t.Context(), filepath.Join(cp.Assets(), "kubectl"),
		"--kubeconfig", kubeconfig, "--namespace", "shop", "get", "widgets", "-o", "name")
	output, err := kubectl.CombinedOutput()
	if err != nil || strings.TrimSpace(string(output)) != "widget.example.com/first" {
		t.Fatalf("kubectl get widgets: %v, output %q", err, output)
	}
}

// A Pod would need its namespace's default service account if the ServiceAccount plugin were on.
func testPods(t *testing.T, cp *ControlPlane) {
	client := kubernetes.NewForConfigOrDie(cp.AdminConfig())
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}
	if _, err := client.CoreV1().Pods(metav1.NamespaceDefault).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func testRestart(t *testing.T, cp *ControlPlane, reader *rest.Config) {
	pid := cp.APIServerPID()
	if err := cp.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	if err := cp.KillAPIServer(); !errors.Is(err, errNotRunning) {
		t.Errorf("second kill: %v, want %v", err, errNotRunning)
	}
	if err := getWidget(t.Context(), reader); err == nil {
		t.Error("a killed API server answers")
	}
	if err := cp.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cp.APIServerPID() == pid {
		t.Errorf("pid %d as before", pid)
	}
	requireWidget(t, reader)
}

func testPause(t *testing.T, cp *ControlPlane, reader *rest.Config) {
	if err := cp.PauseAPIServer(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := getWidget(ctx, reader); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get from a paused API server: %v, want %v", err, context.DeadlineExceeded)
	}
	if err := cp.ResumeAPIServer(); err != nil {
		t.Fatal(err)
	}
	requireWidget(t, reader)
}

func getWidget(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.Resource(widgets).Namespace("shop").Get(ctx, "first", metav1.GetOptions{})
	return err
}

func requireWidget(t *testing.T, config *rest.Config) {
	t.Helper()
	if err := getWidget(t.Context(), config); err != nil {
		t.Fatalf("get widget: %v", err)
	}
}

func TestStopKillsAndRemoves(t *testing.T) {
	cp := ForTest(t, Options{})
	if err := cp.PauseAPIServer(); err != nil {
		t.Fatal(err)
	}
	// Stopped processes end too.
	if err := cp.Stop(); err != nil {
		t.Fatal(err)
	}
	if cp.apiserver.Running() || cp.etcd.Running() {
		t.Error("a process runs on")
	}
	if _, err := os.Stat(cp.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s: %v, want %v", cp.dir, err, os.ErrNotExist)
	}
}

func TestStartSaysWhyTheAPIServerEnded(t *testing.T) {
	assets, err := FindAssets(t.Context())
	if err != nil {
		ForTest(t, Options{}) // skips or fails with the reason
	}
	_, err = Start(t.Context(), Options{Assets: assets, APIServerArgs: []string{"--no-such-flag"}})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Fatalf("start: %v, want the API server's own words", err)
	}
}

func TestFindAssetsNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "etcd"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBEBUILDER_ASSETS", dir)
	_, err := FindAssets(t.Context())
	if !errors.Is(err, ErrNoAssets) || !strings.Contains(err.Error(), "lacks: kube-apiserver kubectl") {
		t.Fatalf("FindAssets: %v, want what is missing", err)
	}
}

func TestDecode(t *testing.T) {
	objects, err := decode([]byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetKind())
	}
	want := []string{"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Widget"}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if _, err := decode([]byte("a: [")); err == nil {
		t.Error("broken YAML is accepted")
	}
}
