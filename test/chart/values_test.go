// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

const (
	daemonSet  = "DaemonSet " + namespace + "/herald-node"
	deployment = "Deployment " + namespace + "/herald-cluster"
)

func TestLint(t *testing.T) {
	if out, err := helm(t, "lint", "--strict", chart); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestSchemaRefuses(t *testing.T) {
	for _, value := range []string{
		"nodes.maxUnavailable=1",
		"node.maxUnavailable=0",
		"node.maxUnavailable=0%",
		"node.healthPort=70000",
		"node.metricsPort=https",
		"node.securityContext.privileged=true",
		"node.resources.limit.cpu=1",
		"node.extraArgs={listen}",
		"cluster.replicas=-1",
		"log.level=loud",
		"image.repository=",
		"image.digest=sha256:abc",
		"image.pullPolicy=Sometimes",
		"authNamespace=Not_A_Name",
		"createAuthNamespace=perhaps",
		"crds.keep=perhaps",
		"commonLabels.team=1",
	} {
		t.Run(value, func(t *testing.T) {
			_, err := helm(t, "template", release, chart, "--kube-version="+oldest, "--set", value)
			if err == nil || !strings.Contains(err.Error(), "values don't meet the specifications of the schema") {
				t.Errorf("error %v, want one of the schema", err)
			}
		})
	}
}

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		values string
		check  func(*testing.T, []*unstructured.Unstructured)
	}{
		{"authNamespace=routers", expectAuthNamespace},
		{"authNamespace=routers,createAuthNamespace=true", expectAuthNamespaceMade},
		{"metrics.certSecret=metrics-tls,metrics.clientCAConfigMap=scrapers", expectMetricsFiles},
		{"crds.install=false", expectNoCRDs},
		{"crds.keep=false", expectCRDsGo},
		{
			"image.repository=example.com/h,image.digest=sha256:" + strings.Repeat("0a", 32),
			expectImage("example.com/h@sha256:" + strings.Repeat("0a", 32)),
		},
		{"image.tag=v9.9.9", expectImage("ghcr.io/herald-bgp/herald:v9.9.9")},
		{
			"node.maxUnavailable=25%,node.healthPort=19179,node.metricsPort=19178,node.extraArgs={--listen=0.0.0.0:1790}",
			expectNodeValues,
		},
		{"", expectRollout},
		{"", expectNoPortToStopASpeaker},
	} {
		t.Run(tt.values, func(t *testing.T) {
			tt.check(t, decode(t, template(t, "--set", tt.values)))
		})
	}
}

func expectAuthNamespace(t *testing.T, objects []*unstructured.Unstructured) {
	role := find[rbacv1.Role](t, objects, "Role routers/herald-node")
	if len(role.Rules) != 1 || !slices.Equal(role.Rules[0].Resources, []string{"secrets"}) {
		t.Errorf("rules in the other namespace are %v, want those of Secrets alone", role.Rules)
	}
	binding := find[rbacv1.RoleBinding](t, objects, "RoleBinding routers/herald-node")
	if got := binding.Subjects[0].Namespace; got != namespace {
		t.Errorf("the binding is for an account in %q, want %q", got, namespace)
	}
	find[rbacv1.Role](t, objects, "Role "+namespace+"/herald-cluster")
	here := find[rbacv1.Role](t, objects, "Role "+namespace+"/herald-node")
	if len(here.Rules) != 1 || !slices.Equal(here.Rules[0].Resources, []string{"events"}) {
		t.Errorf("rules in the release's namespace are %v, want those of Events alone", here.Rules)
	}
	find[rbacv1.RoleBinding](t, objects, "RoleBinding "+namespace+"/herald-node")
	node := find[appsv1.DaemonSet](t, objects, daemonSet)
	if args := node.Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "--auth-namespace=routers") {
		t.Errorf("arguments %q have no --auth-namespace", args)
	}
}

// expectMetricsFiles expects that both roles get the files of the metrics endpoint, and that neither waits for them.
func expectMetricsFiles(t *testing.T, objects []*unstructured.Unstructured) {
	node := find[appsv1.DaemonSet](t, objects, daemonSet)
	cluster := find[appsv1.Deployment](t, objects, deployment)
	for _, template := range []corev1.PodTemplateSpec{node.Spec.Template, cluster.Spec.Template} {
		container := template.Spec.Containers[0]
		for flag, volume := range map[string]string{"--metrics-cert-dir=": "metrics-cert", "--metrics-client-ca=": "metrics-client-ca"} {
			mount := slices.IndexFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume })
			if mount < 0 || !slices.ContainsFunc(container.Args, func(arg string) bool {
				return strings.HasPrefix(arg, flag+container.VolumeMounts[mount].MountPath)
			}) {
				t.Errorf("arguments %q and mounts %+v: no file for %s", container.Args, container.VolumeMounts, flag)
			}
			of := slices.IndexFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume })
			if of < 0 {
				t.Errorf("no volume %s", volume)
				continue
			}
			secret, config := template.Spec.Volumes[of].Secret, template.Spec.Volumes[of].ConfigMap
			if secret != nil && (secret.SecretName != "metrics-tls" || !*secret.Optional) ||
				config != nil && (config.Name != "scrapers" || !*config.Optional) || secret == nil && config == nil {
				t.Errorf("volume %+v, want an optional one", template.Spec.Volumes[of])
			}
		}
	}
}

// expectAuthNamespaceMade expects a namespace that outlives the release, since its Secrets do not belong to the release.
func expectAuthNamespaceMade(t *testing.T, objects []*unstructured.Unstructured) {
	expectAuthNamespace(t, objects)
	made := find[corev1.Namespace](t, objects, "Namespace /routers")
	if policy := made.Annotations["helm.sh/resource-policy"]; policy != "keep" {
		t.Errorf("the namespace has the policy %q, want keep", policy)
	}
}

// TestAuthNamespaceOfItsOwn: the chart does not make the release's namespace a second time.
func TestAuthNamespaceOfItsOwn(t *testing.T) {
	for _, values := range []string{"createAuthNamespace=true", "createAuthNamespace=true,authNamespace=" + namespace} {
		_, err := helm(t, "template", release, chart, "--namespace="+namespace, "--kube-version="+oldest, "--set", values)
		if err == nil || !strings.Contains(err.Error(), "authNamespace is to name a namespace") {
			t.Errorf("%s: %v, want what to write", values, err)
		}
	}
}

func expectNoCRDs(t *testing.T, objects []*unstructured.Unstructured) {
	for _, object := range objects {
		if object.GetKind() == "CustomResourceDefinition" {
			t.Errorf("%s is there", object.GetName())
		}
	}
}

func expectCRDsGo(t *testing.T, objects []*unstructured.Unstructured) {
	crds := 0
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		crds++
		if policy := object.GetAnnotations()["helm.sh/resource-policy"]; policy != "" {
			t.Errorf("%s has the policy %q", object.GetName(), policy)
		}
	}
	if crds != 3 {
		t.Errorf("%d CRDs, want 3", crds)
	}
}

func expectImage(want string) func(*testing.T, []*unstructured.Unstructured) {
	return func(t *testing.T, objects []*unstructured.Unstructured) {
		node := find[appsv1.DaemonSet](t, objects, daemonSet)
		cluster := find[appsv1.Deployment](t, objects, deployment)
		for _, template := range []corev1.PodTemplateSpec{node.Spec.Template, cluster.Spec.Template} {
			if got := template.Spec.Containers[0].Image; got != want {
				t.Errorf("image %q, want %q", got, want)
			}
		}
	}
}

func expectNodeValues(t *testing.T, objects []*unstructured.Unstructured) {
	node := find[appsv1.DaemonSet](t, objects, daemonSet)
	if got := node.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable; *got != intstr.FromString("25%") {
		t.Errorf("maxUnavailable %v, want 25%%", got)
	}
	container := node.Spec.Template.Spec.Containers[0]
	for _, arg := range []string{"--health-address=127.0.0.1:19179", "--metrics-address=:19178", "--listen=0.0.0.0:1790"} {
		if !slices.Contains(container.Args, arg) {
			t.Errorf("arguments %q have no %s", container.Args, arg)
		}
	}
}

// expectNoPortToStopASpeaker: a taken port of the host neither keeps a speaker from a node, nor ends it or makes it unready. Its
// one probe never kills it.
func expectNoPortToStopASpeaker(t *testing.T, objects []*unstructured.Unstructured) {
	container := find[appsv1.DaemonSet](t, objects, daemonSet).Spec.Template.Spec.Containers[0]
	if len(container.Ports) > 0 {
		t.Errorf("ports %+v are declared: pods that have them already keep the speaker from their nodes", container.Ports)
	}
	if container.LivenessProbe != nil || container.ReadinessProbe != nil {
		t.Errorf("liveness probe %v and readiness probe %v, want none", container.LivenessProbe, container.ReadinessProbe)
	}
	startup := container.StartupProbe
	if startup == nil || startup.Exec == nil || !slices.Equal(startup.Exec.Command, []string{"/herald", "probe"}) {
		t.Fatalf("startup probe %v, want herald probe", startup)
	}
	if startup.FailureThreshold != math.MaxInt32 {
		t.Errorf("the startup probe kills after %d failures, want never", startup.FailureThreshold)
	}
	if !slices.Contains(container.Args, "--probe-socket="+nodeapi.DefaultSocket) {
		t.Errorf("arguments %q do not serve where herald probe asks", container.Args)
	}
}

// expectRollout: a rollout goes on after some rest, and never takes more than a share of the speakers.
func expectRollout(t *testing.T, objects []*unstructured.Unstructured) {
	spec := find[appsv1.DaemonSet](t, objects, daemonSet).Spec
	if got := spec.UpdateStrategy.RollingUpdate.MaxUnavailable; *got != intstr.FromString("10%") {
		t.Errorf("maxUnavailable %v, want 10%%", got)
	}
	if spec.MinReadySeconds != 10 {
		t.Errorf("minReadySeconds %d, want 10", spec.MinReadySeconds)
	}
}

// TestRightToRecordEvents: both roles may record Events in their own namespace and in no other, and read none.
func TestRightToRecordEvents(t *testing.T) {
	objects := decode(t, template(t))
	for _, name := range []string{"herald-node", "herald-cluster"} {
		var of []rbacv1.PolicyRule
		for _, rule := range find[rbacv1.Role](t, objects, "Role "+namespace+"/"+name).Rules {
			if slices.Contains(rule.Resources, "events") {
				of = append(of, rule)
			}
		}
		want := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}}
		if len(of) != 1 || !reflect.DeepEqual(of[0], want) {
			t.Errorf("%s: rules about Events %+v, want %+v alone", name, of, want)
		}
		for _, rule := range find[rbacv1.ClusterRole](t, objects, "ClusterRole /"+name).Rules {
			if slices.Contains(rule.Resources, "events") {
				t.Errorf("%s may record Events everywhere: %+v", name, rule)
			}
		}
	}
}

// TestOtherNamespace: nothing stays behind in the namespace that config/rbac names.
func TestOtherNamespace(t *testing.T) {
	objects := decode(t, template(t, "--namespace=routing"))
	for _, object := range objects {
		if got := object.GetNamespace(); got != "" && got != "routing" {
			t.Errorf("%s %s is in %q, want routing", object.GetKind(), object.GetName(), got)
		}
	}
	for _, name := range []string{"ClusterRoleBinding /herald-node", "ClusterRoleBinding /herald-cluster"} {
		if got := find[rbacv1.ClusterRoleBinding](t, objects, name).Subjects[0].Namespace; got != "routing" {
			t.Errorf("%s is for an account in %q, want routing", name, got)
		}
	}
}
