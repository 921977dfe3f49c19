// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/controlplane"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	nodeName = "node-1"
	peerName = "tor-a"
	patience = 60 * time.Second
)

// installation is a control plane, and a binary to run the installed workloads.
type installation struct {
	*controlplane.ControlPlane
	client.Client
	herald string
}

func newInstallation(t *testing.T, herald string) *installation {
	t.Helper()
	plane := controlplane.ForTest(t, controlplane.Options{})
	known := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(known), v1alpha1.AddToScheme(known)); err != nil {
		t.Fatal(err)
	}
	admin, err := client.New(plane.AdminConfig(), client.Options{Scheme: known})
	if err != nil {
		t.Fatal(err)
	}
	return &installation{ControlPlane: plane, Client: admin, herald: herald}
}

// helm runs Helm against the control plane, with a kubeconfig as a person would.
func (i *installation) helm(t *testing.T, args ...string) {
	t.Helper()
	args = append(args, "--kubeconfig="+i.AdminKubeconfig(), "--namespace="+namespace)
	if _, err := helm(t, args...); err != nil {
		t.Fatalf("helm %s: %v", strings.Join(args, " "), err)
	}
}

// TestInstall installs Herald with Helm and with kustomize, each on its own control plane, and runs the installed workloads.
func TestInstall(t *testing.T) {
	if _, err := controlplane.FindAssets(t.Context()); err != nil {
		skip(t, err.Error())
	}
	objects := decode(t, template(t)) // before anything is built: without Helm there is nothing to test
	herald := filepath.Join(t.TempDir(), "herald")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", herald, root+"/cmd/herald").CombinedOutput(); err != nil {
		t.Fatalf("build herald: %v\n%s", err, out)
	}
	t.Run("kustomize", func(t *testing.T) {
		i := newInstallation(t, herald)
		if err := i.ApplyManifests(t.Context(), build(t)); err != nil {
			t.Fatal(err)
		}
		i.expectRestricted(t)
		i.expectWork(t)
		// A user who switches to Helm lets it take over the existing objects.
		i.helm(t, "install", release, chart, "--take-ownership")
	})
	t.Run("helm", func(t *testing.T) {
		i := newInstallation(t, herald)
		i.helm(t, "install", release, chart, "--create-namespace")
		i.expectAll(t, objects)
		i.expectWork(t)
		i.helm(t, "upgrade", release, chart, "--set=node.maxUnavailable=25%")
		keys := []string{release, chart, "--set=authNamespace=herald-keys,createAuthNamespace=true"}
		i.helm(t, append([]string{"upgrade"}, keys...)...)
		i.helm(t, "uninstall", release)
		if err := i.Get(t.Context(), client.ObjectKey{Name: "herald-keys"}, &corev1.Namespace{}); err != nil {
			t.Errorf("the namespace of keys after the release: %v", err)
		}
		i.helm(t, append([]string{"install"}, keys...)...)
		i.helm(t, "uninstall", release)
		i.expectLeft(t, objects)
		i.helm(t, "install", release, chart)
		i.helm(t, "uninstall", release)
	})
}

func (i *installation) get(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	return i.Get(t.Context(), client.ObjectKeyFromObject(object), object.DeepCopy())
}

// expectAll expects that every rendered object is there.
func (i *installation) expectAll(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		if err := i.get(t, object); err != nil {
			t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// expectLeft expects that an uninstallation removed everything but the CRDs and their objects.
func (i *installation) expectLeft(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	kept := 0
	for _, object := range objects {
		err := i.get(t, object)
		if object.GetKind() != "CustomResourceDefinition" {
			if !apierrors.IsNotFound(err) {
				t.Errorf("%s %s is not gone: %v", object.GetKind(), object.GetName(), err)
			}
			continue
		}
		kept++
		if err != nil {
			t.Errorf("CRD %s: %v", object.GetName(), err)
		}
	}
	if kept != 3 {
		t.Errorf("%d CRDs were rendered, want 3", kept)
	}
	if err := i.Get(t.Context(), client.ObjectKey{Name: peerName}, &v1alpha1.BGPPeer{}); err != nil {
		t.Errorf("the BGPPeer: %v", err)
	}
}

// expectWork runs both workloads as the API server stores them, and expects everything that needs no router: the node role
// reports a session, the cluster role sums it up.
func (i *installation) expectWork(t *testing.T) {
	t.Helper()
	// A kubelet gives its Node this label, by which the node role is placed.
	i.create(t, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{corev1.LabelOSStable: "linux"}}})
	daemonSet, deployment := &appsv1.DaemonSet{}, &appsv1.Deployment{}
	for name, object := range map[string]client.Object{"herald-node": daemonSet, "herald-cluster": deployment} {
		if err := i.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
			t.Fatal(err)
		}
	}
	// Both want the same ports: the node role has those of its host, the cluster role those of its pod.
	hosts := harness.NewLink(t)
	node := i.startPod(t, "herald-node-abcde", hosts.Node, &daemonSet.Spec.Template)
	cluster := i.startPod(t, "herald-cluster-abcde", hosts.Router, &deployment.Spec.Template)
	for _, p := range []*pod{node, cluster} {
		p.expectProbes(t)
	}
	i.create(t, &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: peerName},
		Spec:       v1alpha1.BGPPeerSpec{Address: hosts.Router.IPv4.String(), LocalASN: new(int64(64512)), PeerASN: new(int64(64500))},
	})
	harness.Eventually(t, patience, "a status of the BGPPeer", func() error {
		return i.peerStatus(t)
	})
	for _, p := range []*pod{node, cluster} {
		p.stop(t)
	}
}

func (i *installation) create(t *testing.T, object client.Object) {
	t.Helper()
	if err := i.Create(t.Context(), object); err != nil {
		t.Fatalf("create %T %s: %v", object, object.GetName(), err)
	}
}

// expectRestricted has the API server judge the pods by the strictest Pod Security Standard. The node role may exceed it by the
// host's network alone.
func (i *installation) expectRestricted(t *testing.T) {
	t.Helper()
	i.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   "strict",
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}})
	objects := decode(t, build(t))
	node := find[appsv1.DaemonSet](t, objects, daemonSet).Spec.Template.Spec
	cluster := find[appsv1.Deployment](t, objects, deployment).Spec.Template.Spec
	if err := i.admit(t, cluster); err != nil {
		t.Errorf("pod of the cluster role: %v", err)
	}
	err := i.admit(t, node)
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "hostNetwork=true") {
		t.Errorf("pod of the node role: %v, want a refusal of the host's network", err)
	}
	node.HostNetwork = false
	if err := i.admit(t, node); err != nil {
		t.Errorf("pod of the node role without the host's network: %v", err)
	}
}

func (i *installation) admit(t *testing.T, spec corev1.PodSpec) error {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "strict", Name: "p"}, Spec: spec}
	return i.Create(t.Context(), pod, client.DryRunAll)
}
