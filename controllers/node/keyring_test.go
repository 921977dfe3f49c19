// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/herald-bgp/herald/controllers/compile"
)

// slowServer answers requests for Secrets only once it is told to.
type slowServer struct{ answers chan struct{} }

func (s slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-s.answers:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	events, stream := io.Pipe()
	go func() {
		encoder := json.NewEncoder(stream)
		secret := corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "herald", Name: "tor-a", ResourceVersion: "7"},
			Data:       map[string][]byte{"password": []byte("secret")},
		}
		end := corev1.Secret{TypeMeta: secret.TypeMeta, ObjectMeta: metav1.ObjectMeta{
			ResourceVersion: "7", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"},
		}}
		for _, event := range []map[string]any{{"type": watch.Added, "object": secret}, {"type": watch.Bookmark, "object": end}} {
			_ = encoder.Encode(event)
		}
		<-r.Context().Done()
		stream.Close()
	}()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: events, Request: r,
	}, nil
}

// TestKeyringWaitsForNobody: it says at once what it knows of a Secret, and tells when it knows more: that the answer takes long, and what
// the answer is.
func TestKeyringWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := slowServer{answers: make(chan struct{})}
		core, err := corev1client.NewForConfigAndClient(&rest.Config{Host: "http://192.0.2.1"}, &http.Client{Transport: server})
		if err != nil {
			t.Fatal(err)
		}
		changed := make(chan struct{}, 16)
		k := newKeyring("herald", func() { changed <- struct{}{} })
		defer k.stop()
		k.use(core.RESTClient())
		read := func() compile.Secret { return k.read(map[string]bool{"tor-a": true})["tor-a"] }
		start := time.Now()
		if got := read(); !got.Unread || got.Problem != "" || time.Now() != start {
			t.Errorf("after %v the Secret is %+v, want it unread at once", time.Since(start), got)
		}
		<-changed
		if got := read(); !got.Unread || got.Problem != errNoAnswer.Error() || time.Since(start) != keyPatience {
			t.Errorf("after %v the Secret is %+v, want it to be late", time.Since(start), got)
		}
		close(server.answers)
		got := read()
		for got.Unread {
			<-changed
			got = read()
		}
		if !got.Exists || string(got.Data["password"]) != "secret" || got.Problem != "" {
			t.Errorf("once it was read the Secret is %+v", got)
		}
	})
}

// TestUnread: a Secret that may not be read is missing. Of one that could not be read so far nobody knows.
func TestUnread(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "tor-a", errors.New("no rule"))
	for _, problem := range []error{nil, errNoAnswer, forbidden, apierrors.NewTimeoutError("etcd", 1)} {
		got := unread(problem)
		if want := problem != forbidden; got.Exists || got.Unread != want {
			t.Errorf("%v: %+v, want unread %v", problem, got, want)
		}
		if problem != nil && !strings.Contains(got.Problem, problem.Error()) {
			t.Errorf("%v: the problem is %q", problem, got.Problem)
		}
	}
}
