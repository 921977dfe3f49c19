// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/controlplane"
)

// kubectl shows the answers to a person's first questions: is the session up, since when,
// and which prefixes are announced. The last error of a session that is up again is no such answer.
func testColumns(t *testing.T, cp *controlplane.ControlPlane) {
	for _, object := range reported() {
		createWithStatus(t, cp, object)
	}
	for name, test := range map[string]struct {
		args []string
		want []string // the words of the only row, "*" for any
	}{
		"peer":         {[]string{"bgpp"}, []string{"tor-a", "192.0.2.1", "64500", "1/1", "True", "*", "Established", "*"}},
		"announcement": {[]string{"ann"}, []string{"web", "203.0.113.0/24", "+1", "5/6", "True", "*", "False", "SessionDown", "*"}},
		"session":      {[]string{"bgps"}, []string{"tor-a.node-1", "tor-a", "node-1", "Established", "True", "*", "17", "4", "Established", "*"}},
		"peer of a session": {
			[]string{"bgps", "--field-selector=spec.peerName=tor-a,spec.nodeName=node-1,spec.remote=192.0.2.1", "-o", "name"},
			[]string{"bgpsession.herald.network/tor-a.node-1"},
		},
		"another peer": {[]string{"bgps", "--field-selector=spec.peerName=tor-b", "-o", "name"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := strings.Fields(kubectlGet(t, cp, append(test.args, "--no-headers")...))
			for i, word := range test.want {
				if word == "*" && i < len(have) {
					have[i] = word
				}
			}
			if !slices.Equal(have, test.want) {
				t.Errorf("kubectl get %s shows\n%q, want\n%q", strings.Join(test.args, " "), have, test.want)
			}
		})
	}
	t.Run("category", func(t *testing.T) {
		t.Parallel()
		have := strings.Fields(kubectlGet(t, cp, "herald", "-o", "name"))
		slices.Sort(have)
		want := []string{"announcement.herald.network/web", "bgppeer.herald.network/tor-a", "bgpsession.herald.network/tor-a.node-1"}
		if !slices.Equal(have, want) {
			t.Errorf("kubectl get herald names %q, want %q", have, want)
		}
	})
}

// reported are an object of each kind with the status that a running cluster has.
func reported() []client.Object {
	condition := func(kind, reason string, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.Now()}
	}
	established := condition(v1alpha1.ConditionEstablished, v1alpha1.ReasonEstablished, metav1.ConditionTrue)
	return []client.Object{
		&v1alpha1.BGPPeer{
			ObjectMeta: metav1.ObjectMeta{Name: "tor-a"},
			Spec:       v1alpha1.BGPPeerSpec{Address: "192.0.2.1", PeerASN: ptr.To[int64](64500)},
			Status: v1alpha1.BGPPeerStatus{
				Conditions: []metav1.Condition{established},
				Sessions:   &v1alpha1.PeerSessions{Desired: 1, Established: 1, Summary: "1/1"},
				LastError:  &v1alpha1.PeerError{Node: "node-1", Time: metav1.Now(), Message: "hold timer expired"},
			},
		},
		&v1alpha1.Announcement{
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "web"},
			Spec:       v1alpha1.AnnouncementSpec{Prefixes: []string{"203.0.113.0/24", "2001:db8:1::/48"}},
			Status: v1alpha1.AnnouncementStatus{
				Conditions: []metav1.Condition{
					condition(v1alpha1.ConditionAdvertised, v1alpha1.ReasonPartial, metav1.ConditionTrue),
					condition(v1alpha1.ConditionComplete, v1alpha1.ReasonSessionDown, metav1.ConditionFalse),
				},
				Prefixes: 2,
				Summary:  "203.0.113.0/24 +1",
				Sessions: &v1alpha1.AnnouncementSessions{Eligible: 6, Advertised: 5, Summary: "5/6"},
			},
		},
		&v1alpha1.BGPSession{
			ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1"},
			Spec:       v1alpha1.BGPSessionSpec{PeerName: "tor-a", NodeName: "node-1", Remote: "192.0.2.1"},
			Status: v1alpha1.BGPSessionStatus{
				Conditions: []metav1.Condition{
					established, condition(v1alpha1.ConditionReporting, v1alpha1.ReasonReporting, metav1.ConditionTrue),
				},
				State:     v1alpha1.SessionEstablished,
				LastError: &v1alpha1.SessionError{Time: metav1.Now(), Text: "hold timer expired"},
				Since:     ptr.To(metav1.Now()),
				Prefixes: []v1alpha1.FamilyPrefixes{
					{Family: v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}, Announced: 17},
					{Family: v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}, Announced: 4},
				},
				Announcements: &v1alpha1.AnnouncementsStatus{
					Digest:   v1alpha1.DigestVersion + strings.Repeat("A", v1alpha1.DigestSums*v1alpha1.DigestSumLength),
					Withheld: []v1alpha1.WithheldAnnouncement{{Namespace: "shop", Name: "web", Generation: 1, Reason: v1alpha1.ReasonConflict}},
				},
			},
		},
	}
}

// createWithStatus creates an object and then writes its status, which a create
// leaves out.
func createWithStatus(t *testing.T, cp *controlplane.ControlPlane, object client.Object) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(cp.AdminConfig(), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	created, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T is no object", object)
	}
	if err := c.Create(t.Context(), created); err != nil {
		t.Fatal(err)
	}
	object.SetResourceVersion(created.GetResourceVersion())
	if err := c.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

func kubectlGet(t *testing.T, cp *controlplane.ControlPlane, args ...string) string {
	t.Helper()
	args = append([]string{"get", "--kubeconfig", cp.AdminKubeconfig()}, args...)
	out, err := exec.CommandContext(t.Context(), filepath.Join(cp.Assets(), "kubectl"), args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
