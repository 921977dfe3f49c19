// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const (
	root      = "../.."
	chart     = root + "/charts/herald"
	kustomize = root + "/config/default"
	release   = "herald"
	namespace = "herald-system"
	// oldest is the oldest Kubernetes that the chart is for.
	oldest = "1.33.0"
)

// TestChartIsTheKustomizeTree: people write parts of the chart and of the kustomize tree by hand. Both install the same objects,
// except for labels, and for the Namespace, which Helm leaves to its user.
func TestChartIsTheKustomizeTree(t *testing.T) {
	fromTree := byName(t, decode(t, build(t)))
	fromChart := byName(t, decode(t, template(t)))
	delete(fromTree, "Namespace /herald-system")
	for name, want := range fromTree {
		got, ok := fromChart[name]
		if !ok {
			t.Errorf("the chart has no %s", name)
			continue
		}
		for label, value := range want.GetLabels() {
			if got.GetLabels()[label] != value {
				t.Errorf("%s: the chart has not the label %s: %s", name, label, value)
			}
		}
		if diff := cmp.Diff(withoutMarks(want), withoutMarks(got)); diff != "" {
			t.Errorf("%s differs (- config/default, + chart):\n%s", name, diff)
		}
	}
	for name := range fromChart {
		if fromTree[name] == nil {
			t.Errorf("config/default has no %s", name)
		}
	}
	if len(fromTree) < 10 {
		t.Errorf("%d objects in all: that is not Herald", len(fromTree))
	}
}

// withoutMarks is an object without the fields that Helm adds.
func withoutMarks(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	object.SetLabels(nil)
	annotations := object.GetAnnotations()
	delete(annotations, "helm.sh/resource-policy")
	object.SetAnnotations(annotations)
	return object.Object
}

// TestRolesGrantNoWildcard: each right names its verb, resource and group, and Secrets are read in one namespace.
func TestRolesGrantNoWildcard(t *testing.T) {
	rules := 0
	for name, object := range byName(t, decode(t, build(t))) {
		if !strings.HasSuffix(object.GetKind(), "Role") {
			continue
		}
		list, _, err := unstructured.NestedSlice(object.Object, "rules")
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range list {
			rules++
			text, err := yaml.Marshal(rule)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("*")) {
				t.Errorf("%s has a wildcard:\n%s", name, text)
			}
			if bytes.Contains(text, []byte("secrets")) && object.GetKind() == "ClusterRole" {
				t.Errorf("%s reads Secrets everywhere:\n%s", name, text)
			}
		}
	}
	if rules == 0 {
		t.Error("no role has a rule")
	}
}

// template renders the chart with those values.
func template(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := helm(t, append([]string{
		"template", release, chart, "--namespace=" + namespace, "--kube-version=" + oldest,
	}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// build renders the kustomize tree.
func build(t *testing.T) []byte {
	t.Helper()
	out, err := tool(t, "kustomize", "build", kustomize)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// helm runs Helm with its files in a folder of the test's own.
func helm(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		t.Setenv(name, filepath.Join(home, name))
	}
	return tool(t, "helm", args...)
}

// tool runs a tool at the version that the repository pins. A test does not build a tool that was never built here.
func tool(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	script := filepath.Join(root, "hack", "tool")
	if out, err := exec.CommandContext(t.Context(), script, "--cached", name).CombinedOutput(); err != nil {
		skip(t, strings.TrimSpace(string(out)))
	}
	var failed bytes.Buffer
	command := exec.CommandContext(t.Context(), script, append([]string{name}, args...)...)
	command.Stderr = &failed
	out, err := command.Output()
	if err != nil {
		return out, errors.Join(err, errors.New(failed.String()))
	}
	return out, nil
}

// skip skips a test, or fails it where nothing may be missing.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, " + why)
}

func decode(t *testing.T, manifests []byte) []*unstructured.Unstructured {
	t.Helper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests)))
	var objects []*unstructured.Unstructured
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		json, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(json); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		objects = append(objects, object)
	}
	return objects
}

func byName(t *testing.T, objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	t.Helper()
	named := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		name := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		if named[name] != nil {
			t.Errorf("%s is there twice", name)
		}
		named[name] = object
	}
	return named
}

// find decodes the object of that name.
func find[T any](t *testing.T, objects []*unstructured.Unstructured, name string) *T {
	t.Helper()
	named := byName(t, objects)
	object, ok := named[name]
	if !ok {
		t.Fatalf("no %s among %v", name, slices.Sorted(maps.Keys(named)))
	}
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return typed
}
