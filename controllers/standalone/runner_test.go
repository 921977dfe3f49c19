// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/nodeapi"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

func webManifest(med int) string {
	return fmt.Sprintf(`apiVersion: herald.network/v1alpha1
kind: Announcement
metadata: {name: web, namespace: shop}
spec:
  prefixes: [203.0.113.0/24]
  attributes: {med: %d, communities: ["64512:100", NO_EXPORT]}
`, med)
}

// TestTwoHosts brings a session up between two runners, and changes, breaks and ends what one of them announces.
func TestTwoHosts(t *testing.T) {
	left, right := newHost(t, "left", "127.0.0.1"), newHost(t, "right", "127.0.0.2")
	write(t, left.dir, "peer.yaml", left.peerWith("right", right, 64512, 64513))
	write(t, left.dir, "web.yaml", webManifest(10))
	write(t, right.dir, "peer.yaml", right.peerWith("left", left, 64513, 64512))
	left.start()
	right.start()

	eventually(t, "the session", func() error {
		return errors.Join(left.established("right"), right.established("left"))
	})
	eventually(t, "the statuses", func() error {
		return errors.Join(
			left.isTrue("BGPSession", "right.left", "Established", 1),
			left.isTrue("BGPPeer", "right", "Accepted", 1),
			left.isTrue("BGPPeer", "right", "Established", 1),
			left.isTrue("Announcement", "web", "Accepted", 1),
			left.isTrue("Announcement", "web", "Advertised", 1),
		)
	})
	received := func(routes, updates uint64) func() error {
		return func() error {
			snapshot, _ := right.peerNamed("left")
			if m := snapshot.Messages; m.ReceivedReachable != routes || m.Received[wire.TypeUpdate] < updates {
				return fmt.Errorf("received %d routes in %v", m.ReceivedReachable, m.Received)
			}
			return nil
		}
	}
	eventually(t, "the route", received(1, 1))
	wantRoute(t, left, 10)
	if code, body := left.get("/readyz"); code != http.StatusOK {
		t.Errorf("/readyz: %d %s", code, body)
	}
	if code, body := left.get("/routes?session=right.left&direction=received"); code != http.StatusOK || body != "" {
		t.Errorf("received routes: %d %q", code, body)
	}

	before, _ := right.peerNamed("left")
	write(t, left.dir, "web.yaml", webManifest(20))
	eventually(t, "the change of MED", func() error { return left.isTrue("Announcement", "web", "Advertised", 2) })
	eventually(t, "the changed route", received(2, 2))
	wantRoute(t, left, 20)
	after, _ := right.peerNamed("left")
	if n := after.Messages.Received[wire.TypeUpdate] - before.Messages.Received[wire.TypeUpdate]; n != 1 || after.Flaps != 0 {
		t.Errorf("a change of MED sent %d UPDATEs and made %d flaps, want one UPDATE", n, after.Flaps)
	}

	t.Run("broken", func(t *testing.T) { breakAndRepair(t, left, right) })

	left.stop(speaker.ErrDecommission)
	// In its log, since the last error may be of the next attempt already.
	eventually(t, "the decommission", func() error { return right.logged("received Cease / Administrative Shutdown (6/2)") })
	snapshot, _ := right.peerNamed("left")
	if snapshot.Messages.ReceivedWithdrawn != 1 {
		t.Errorf("%d routes were withdrawn before the end, want 1", snapshot.Messages.ReceivedWithdrawn)
	}
}

// wantRoute looks at what left says that it announces.
func wantRoute(t *testing.T, left *host, med int) {
	t.Helper()
	want := fmt.Sprintf(`{"family":"IPv4/Unicast","nlri":"203.0.113.0/24","attributes":{"origin":"IGP","asPath":[64512],`+
		`"nextHop":"127.0.0.1","med":%d,"communities":["64512:100","NO_EXPORT"]},"announcement":"shop/web"}`+"\n", med)
	if code, body := left.get("/routes?session=right.left"); code != http.StatusOK || body != want {
		t.Errorf("/routes: %d\n%s\nwant\n%s", code, body, want)
	}
}

// breakAndRepair refuses a new version of the announcement: the one before stays, and nothing is sent.
func breakAndRepair(t *testing.T, left, right *host) {
	before, _ := right.peerNamed("left")
	write(t, left.dir, "web.yaml", strings.Replace(webManifest(30), "203.0.113.0/24", "203.0.113.7/24", 1))
	eventually(t, "the refusal", func() error {
		_, body := left.get("/status")
		if !strings.Contains(body, "host bits are set") || !strings.Contains(body, "web.yaml, document 1") {
			return errors.New(body)
		}
		return nil
	})
	wantRoute(t, left, 20)
	if err := left.isTrue("Announcement", "web", "Advertised", 2); err != nil {
		t.Errorf("what is in force: %v", err)
	}
	wantBothVersions(t, left)
	var table bytes.Buffer
	list, err := nodeapi.GetStatus(t.Context(), strings.TrimPrefix(left.endpoint.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := nodeapi.WriteTables(&table, list, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SESSION", "right.left", "PEER", "1/1", "ANNOUNCEMENT", "shop/web", "PROBLEM", "Invalid", "host bits are set"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in the table:\n%s", want, table.String())
		}
	}
	t.Logf("herald status:\n%s", table.String())

	write(t, left.dir, "web.yaml", webManifest(20))
	eventually(t, "the repair", func() error {
		if _, body := left.get("/status"); strings.Contains(body, "host bits are set") {
			return errors.New(body)
		}
		return nil
	})
	after, _ := right.peerNamed("left")
	if n := after.Messages.Received[wire.TypeUpdate] - before.Messages.Received[wire.TypeUpdate]; n != 0 {
		t.Errorf("a broken file and its repair sent %d UPDATEs, want none", n)
	}
}

// wantBothVersions looks for what is in force, and for the new content with Accepted=False.
func wantBothVersions(t *testing.T, left *host) {
	t.Helper()
	objects, err := left.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, object := range objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		u := unstructured.Unstructured{Object: content}
		if u.GetKind() != "Announcement" {
			continue
		}
		var shown v1alpha1.Announcement
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &shown); err != nil {
			t.Fatal(err)
		}
		accepted := meta.FindStatusCondition(shown.Status.Conditions, v1alpha1.ConditionAccepted)
		versions = append(versions, fmt.Sprintf("generation %d of %s with %s: %s at %d", shown.Generation, shown.Namespace+"/"+shown.Name,
			shown.Spec.Prefixes, accepted.Status, accepted.ObservedGeneration))
	}
	want := []string{"generation 2 of shop/web with [203.0.113.0/24]: True at 2", "generation 3 of shop/web with [203.0.113.7/24]: False at 3"}
	if !slices.Equal(versions, want) {
		t.Errorf("/status lists %q, want %q", versions, want)
	}
}

// TestRestartSendsNoNotification ends a host as SIGTERM does: the peer is to keep the routes.
func TestRestartSendsNoNotification(t *testing.T) {
	left, right := newHost(t, "left", "127.0.0.3"), newHost(t, "right", "127.0.0.4")
	write(t, left.dir, "all.yaml", left.peerWith("right", right, 64512, 64513)+"---\n"+webManifest(1))
	write(t, right.dir, "peer.yaml", right.peerWith("left", left, 64513, 64512))
	left.start()
	right.start()
	eventually(t, "the route", func() error { return left.isTrue("Announcement", "web", "Advertised", 1) })
	eventually(t, "the session", func() error { return right.established("left") })
	left.stop(errors.New("restart"))
	eventually(t, "the end", func() error {
		snapshot, _ := right.peerNamed("left")
		if snapshot.State == speaker.StateEstablished {
			return errors.New("still established")
		}
		return nil
	})
	snapshot, _ := right.peerNamed("left")
	if n := snapshot.Messages.Received[wire.TypeNotification]; n != 0 {
		t.Errorf("%d NOTIFICATIONs: %+v", n, snapshot.LastError)
	}
}

// TestSecretComesLater holds a session down until its key is there.
func TestSecretComesLater(t *testing.T) {
	h := newHost(t, "left", "127.0.0.5")
	write(t, h.dir, "peer.yaml", peerManifest("tor", "127.0.0.6")+"  # its key:\n")
	write(t, h.dir, "peer.yaml", strings.Replace(peerManifest("tor", "127.0.0.6"),
		"peerASN: 64500}", "peerASN: 64500, authentication: {type: TCPMD5, tcpMD5: {secretRef: {name: key}}}}", 1))
	h.start()
	eventually(t, "SecretNotFound", func() error {
		c, err := h.condition("BGPSession", "tor.left", "Established")
		if err == nil && c.Reason != v1alpha1.ReasonSecretNotFound {
			err = fmt.Errorf("%+v", c)
		}
		return err
	})
	write(t, h.dir, "secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: s3cret}}")
	eventually(t, "the key", func() error {
		c, err := h.condition("BGPSession", "tor.left", "Established")
		if err == nil && c.Reason == v1alpha1.ReasonSecretNotFound {
			err = fmt.Errorf("%+v", c)
		}
		return err
	})
	if _, body := h.get("/status"); strings.Contains(body, "s3cret") {
		t.Error("the endpoint shows the key")
	}
}

func TestBrokenFilesAtStart(t *testing.T) {
	h := newHost(t, "left", "127.0.0.7")
	write(t, h.dir, "a.yaml", "{")
	write(t, h.dir, "b.yaml", peerManifest("tor", "127.0.0.8"))
	h.start()
	eventually(t, "the good peer", func() error { return h.isTrue("BGPPeer", "tor", "Accepted", 1) })
	_, body := h.get("/status")
	if !strings.Contains(body, `"kind":"Status"`) || !strings.Contains(body, "a.yaml, document 1 (line 1)") {
		t.Errorf("the broken file is not reported: %s", body)
	}
}

// TestBadAnnotationsOfTheNode: they are shown among the problems, with their file, and go when they are mended.
func TestBadAnnotationsOfTheNode(t *testing.T) {
	// Without a router ID of its own, so that the annotation counts.
	h := newHost(t, "left", "127.0.0.13", func(o *Options) { o.RouterID = netip.Addr{} })
	const node = "{apiVersion: v1, kind: Node, metadata: {name: left, annotations: {herald.network/asn: %q, herald.network/router-id: %q}}}"
	write(t, h.dir, "node.yaml", fmt.Sprintf(node, "many", "::1"))
	write(t, h.dir, "peer.yaml", strings.Replace(peerManifest("tor", "127.0.0.14"), "localASN: 64512, ", "", 1))
	h.start()
	problems := func() []string {
		objects, err := h.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var messages []string
		for _, object := range objects {
			if status, ok := object.(*metav1.Status); ok {
				messages = append(messages, status.Message)
			}
		}
		return messages
	}
	eventually(t, "the problems", func() error {
		all := strings.Join(problems(), "\n")
		for _, annotation := range []string{"asn", "router-id"} {
			if !strings.Contains(all, "node.yaml: Node left: metadata.annotations: annotation herald.network/"+annotation+": ") {
				return fmt.Errorf("no word of %s in %q", annotation, all)
			}
		}
		return nil
	})
	write(t, h.dir, "node.yaml", fmt.Sprintf(node, "64512", "192.0.2.10"))
	eventually(t, "their end", func() error {
		if left := problems(); len(left) != 0 {
			return fmt.Errorf("problems %q", left)
		}
		return nil
	})
}

// TestStatusSaysWhyThereIsNothing: a host that has not read its manifests yet is not one without objects.
func TestStatusSaysWhyThereIsNothing(t *testing.T) {
	h := newHost(t, "left", "127.0.0.19")
	if code, body := h.get("/status"); code != http.StatusOK || !strings.Contains(body, "no complete configuration was applied yet") {
		t.Errorf("/status: %d %s", code, body)
	}
}

// TestIssuesAreLoggedOnce: what is wrong with an object is no news with every change of another.
func TestIssuesAreLoggedOnce(t *testing.T) {
	h := newHost(t, "left", "127.0.0.15")
	write(t, h.dir, "peer.yaml", strings.Replace(peerManifest("tor", "127.0.0.16"), "localASN: 64512, ", "", 1))
	h.start()
	eventually(t, "the issue", func() error { return h.logged(v1alpha1.ReasonNoLocalASN) })
	for i := range 3 {
		write(t, h.dir, "web.yaml", webManifest(i))
		eventually(t, "the change", func() error { return h.isTrue("Announcement", "web", "Accepted", int64(i+1)) })
	}
	if n := h.linesWith(v1alpha1.ReasonNoLocalASN); n != 1 {
		t.Errorf("the issue is logged %d times, want once", n)
	}
}

// TestRepeatedErrorKeepsItsTime: a neighbour that cannot be reached is no news with every attempt.
func TestRepeatedErrorKeepsItsTime(t *testing.T) {
	left, nobody := newHost(t, "left", "127.0.0.17"), newHost(t, "nobody", "127.0.0.18")
	write(t, left.dir, "peer.yaml", left.peerWith("nobody", nobody, 64512, 64513))
	left.start()
	// shown is the last error of the BGPSession, and of is that of the speaker.
	shown := func() (shown *v1alpha1.SessionError, of *speaker.SessionError) {
		objects, err := left.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			if session, ok := object.(*v1alpha1.BGPSession); ok {
				shown = session.Status.LastError
			}
		}
		snapshot, _ := left.peerNamed("nobody")
		return shown, snapshot.LastError
	}
	var first *v1alpha1.SessionError
	eventually(t, "the first error", func() error {
		if first, _ = shown(); first == nil {
			return errors.New("none yet")
		}
		return nil
	})
	eventually(t, "a later error", func() error {
		if _, last := shown(); last.Time.Unix() == first.Time.Unix() { // times are shown in seconds
			return errors.New("none yet")
		}
		return nil
	})
	if again, _ := shown(); !again.Time.Equal(&first.Time) {
		t.Errorf("the error %q is of %v, and then of %v", again.Text, first.Time, again.Time)
	}
}

func TestNewRunnerWithoutDirectory(t *testing.T) {
	_, err := NewRunner(Options{Directory: t.TempDir() + "/none", NodeName: "left"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
}

func TestNodeOf(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "nodes.yaml", `{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {rack: a}}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-2}}
`)
	source, err := Open(dir, "", testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	source.load(t.Context(), time.Now())
	nodeOf := func(name string) *corev1.Node {
		source.objects.nodeName = name
		var in, all engine.Input
		if err := errors.Join(source.objects.Read(t.Context(), engine.Key{Kind: "Node", Name: name}, &in),
			source.objects.ReadAll(t.Context(), &all)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(in.Node, all.Node) {
			t.Errorf("of its key: %+v, of all: %+v", in.Node, all.Node)
		}
		return in.Node
	}
	if n := nodeOf("node-1"); n.Labels["rack"] != "a" {
		t.Errorf("node-1: %+v", n)
	}
	if n := nodeOf("node-3"); n.Name != "node-3" || len(n.Labels) != 0 {
		t.Errorf("node-3: %+v", n)
	}
}
