// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/admission"
	"github.com/herald-bgp/herald/speaker/wire"
)

func newAdmitter(t testing.TB) *admission.Admitter {
	t.Helper()
	admitter, err := admission.New()
	if err != nil {
		t.Fatal(err)
	}
	return admitter
}

// parse reads one object.
func parse(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	documents := admission.Decode([]byte(text), nil)
	if len(documents) != 1 || documents[0].Err != nil {
		t.Fatalf("want one object: %+v", documents)
	}
	return documents[0].Object
}

// admit admits an object that must be admitted.
func admit[T client.Object](t *testing.T, admitter *admission.Admitter, text string, old client.Object) T {
	t.Helper()
	object, err := admitter.Admit(t.Context(), parse(t, text), old)
	if err != nil {
		t.Fatal(err)
	}
	typed, ok := object.(T)
	if !ok {
		t.Fatalf("admitted a %T", object)
	}
	return typed
}

const peer = `
apiVersion: herald.network/v1alpha1
kind: BGPPeer
metadata: {name: tor-a, labels: {rack: a}}
spec:
  address: 192.0.2.1
  peerASN: 4200000000
  timers: null
status: {sessions: {desired: 1, established: 1, summary: 1/1}}
`

func TestAdmitDefaults(t *testing.T) {
	t.Parallel()
	have := admit[*v1alpha1.BGPPeer](t, newAdmitter(t), peer, nil)
	if have.Spec.Port == nil || *have.Spec.Port != v1alpha1.DefaultPort {
		t.Errorf("port is %v", have.Spec.Port)
	}
	if len(have.Spec.Families) != 2 || have.Spec.Families[0].String() != "IPv4/Unicast" || have.Spec.Families[1].String() != "IPv6/Unicast" {
		t.Errorf("families are %v", have.Spec.Families)
	}
	if have.Spec.PeerASN == nil || *have.Spec.PeerASN != 4200000000 {
		t.Errorf("peerASN is %v", have.Spec.PeerASN)
	}
	if have.Kind != "BGPPeer" || have.Labels["rack"] != "a" {
		t.Errorf("kind %q, labels %v", have.Kind, have.Labels)
	}
	if have.Status.Sessions != nil {
		t.Error("a status was read from a file")
	}
}

func TestAdmitLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	object := parse(t, peer)
	before := object.DeepCopy()
	if _, err := newAdmitter(t).Admit(t.Context(), object, nil); err != nil {
		t.Fatal(err)
	}
	if have, want := object.Object, before.Object; len(have) != len(want) || object.GetGeneration() != 0 {
		t.Errorf("the object became %v", have)
	}
	if _, found, _ := unstructured.NestedInt64(object.Object, "spec", "port"); found {
		t.Error("the default was written into the input")
	}
}

func TestAdmitCountsGenerations(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	first := admit[*v1alpha1.BGPPeer](t, admitter, peer, nil)
	same := admit[*v1alpha1.BGPPeer](t, admitter, strings.Replace(peer, "rack: a", "rack: b", 1), first)
	changed := admit[*v1alpha1.BGPPeer](t, admitter, strings.Replace(peer, "192.0.2.1", "192.0.2.2", 1), same)
	if first.Generation != 1 || same.Generation != 1 || changed.Generation != 2 {
		t.Errorf("generations %d, %d, %d, want 1 at first, 1 after other labels, 2 after another address",
			first.Generation, same.Generation, changed.Generation)
	}
}

// A rule that an object broke before the rule existed does not refuse a change
// elsewhere; a rule that the change breaks does.
func TestAdmitRatchets(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	stored := admit[*v1alpha1.BGPPeer](t, admitter, peer, nil)
	stored.Spec.Address = "0.0.0.0"
	broken := strings.Replace(peer, "192.0.2.1", "0.0.0.0", 1)
	admit[*v1alpha1.BGPPeer](t, admitter, strings.Replace(broken, "4200000000", "64500", 1), stored)

	_, err := admitter.Admit(t.Context(), parse(t, strings.Replace(peer, "192.0.2.1", "224.0.0.1", 1)), stored)
	if !apierrors.IsInvalid(err) {
		t.Errorf("another broken address: %v", err)
	}
}

func TestAdmitRefuses(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	for name, test := range map[string]struct{ from, to, want string }{
		"a rule": {
			"192.0.2.1", "tor-a.example.net",
			`BGPPeer.herald.network "tor-a" is invalid: spec.address: Invalid value: "tor-a.example.net": address: write an IPv4 or IPv6 address`,
		},
		"the schema":       {"4200000000", "0", "spec.peerASN: Invalid value: 0: spec.peerASN in body should be greater than or equal to 1"},
		"a wrong type":     {"4200000000", `"64500"`, "spec.peerASN: Invalid value: \"string\""},
		"a misspelt field": {"timers: null", "timer: {}", `BGPPeer in version "v1alpha1" cannot be handled as a BGPPeer: strict decoding error: unknown field "spec.timer"`},
		"bad metadata":     {"rack: a", `"rack of a": a`, `metadata.labels: Invalid value: "rack of a"`},
		"unknown metadata": {"labels:", "label:", `unknown field "metadata.label"`},
		"no name":          {"name: tor-a", "generateName: tor-", "metadata.name: Required value"},
		"a namespace":      {"name: tor-a", "name: tor-a, namespace: default", "metadata.namespace: Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(peer, test.from, test.to, 1)
			if text == peer {
				t.Fatal("the example did not change")
			}
			_, err := admitter.Admit(t.Context(), parse(t, text), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAdmitUnknownKind(t *testing.T) {
	t.Parallel()
	_, err := newAdmitter(t).Admit(t.Context(), parse(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"), nil)
	if noKind := (*meta.NoKindMatchError)(nil); !errors.As(err, &noKind) {
		t.Errorf("%v", err)
	}
}

func TestAdmitCore(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	secret := admit[*corev1.Secret](t, admitter, "apiVersion: v1\nkind: Secret\nmetadata: {name: tor-a}\ndata: {a: eA==}\nstringData: {password: s3cret}\n", nil)
	if secret.Namespace != "default" || string(secret.Data["password"]) != "s3cret" || string(secret.Data["a"]) != "x" || secret.StringData != nil {
		t.Errorf("the Secret is in %q with %d entries", secret.Namespace, len(secret.Data))
	}
	node := admit[*corev1.Node](t, admitter, "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {rack: a}}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.10}]}\n", nil)
	if node.Labels["rack"] != "a" || len(node.Status.Addresses) != 1 {
		t.Errorf("the Node is %+v", node)
	}
	namespace := admit[*corev1.Namespace](t, admitter, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", nil)
	if namespace.Name != "shop" {
		t.Errorf("the Namespace is %q", namespace.Name)
	}
}

func TestAdmitCoreRefuses(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	for name, test := range map[string]struct{ text, want string }{
		"a misspelt field": {"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringdata: {}\n", `unknown field "stringdata"`},
		"a wrong type":     {"apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {unschedulable: 1}\n", "Node in version \"v1\" cannot be handled as a Node"},
		"a bad name":       {"apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n", `Namespace "a.b" is invalid: metadata.name`},
		"no name":          {"apiVersion: v1\nkind: Namespace\n", "metadata.name: Required value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := admitter.Admit(t.Context(), parse(t, test.text), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

// Every name that the wire codec knows may be written, in an announcement and in a
// tenant's patterns.
func TestAdmitWellKnownCommunities(t *testing.T) {
	t.Parallel()
	var names []string
	for low := range 1 << 16 {
		if name := wire.Community(0xffff<<16 | low).String(); !strings.Contains(name, ":") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatal("the codec knows no name")
	}
	list := "[" + strings.Join(names, ", ") + "]"
	text := strings.Replace(peer, "timers: null", "attributes: {communities: "+list+`}
  allowedAnnouncements:
    tenants:
    - name: web
      namespaces: {from: All}
      prefixes: [{cidr: 203.0.113.0/24}]
      attributes: {communities: `+list+"}", 1)
	have := admit[*v1alpha1.BGPPeer](t, newAdmitter(t), text, nil)
	if len(have.Spec.Attributes.Communities) != len(names) {
		t.Errorf("%d communities, want %d", len(have.Spec.Attributes.Communities), len(names))
	}
}

// The samples are documentation, so they must work.
func TestAdmitSamples(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	files, err := filepath.Glob("../../config/samples/*_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no sample")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admitter.Admit(t.Context(), parse(t, string(data)), nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newAdmitter(b)
	}
}

func BenchmarkAdmit(b *testing.B) {
	admitter, object := newAdmitter(b), parse(b, peer)
	for b.Loop() {
		if _, err := admitter.Admit(context.Background(), object, nil); err != nil {
			b.Fatal(err)
		}
	}
}
