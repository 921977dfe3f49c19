// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/httpserve"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
)

// Objects returns the objects of a process with their statuses, each with its apiVersion and kind.
type Objects func(ctx context.Context) ([]runtime.Object, error)

// Backend is the speaker of the process, whose state the endpoint shows.
type Backend interface {
	// Ready returns nil once the process has become ready, and before that an error that says what the process waits for.
	Ready() error
	// SessionID returns what the speaker knows a BGPSession by.
	SessionID(name string) (id speaker.SessionID, ok bool)
	// Routes yields the routes that a peer was sent, until yield returns false.
	Routes(id speaker.SessionID, yield func(rib.Route) bool) error
	// Received yields the routes from a peer that are kept, until yield returns false.
	Received(id speaker.SessionID, yield func(adjin.Route) bool) error
}

// Handler serves the endpoint of a process.
func Handler(b Backend, objects Objects, log logr.Logger) http.Handler {
	h := &handler{backend: b, objects: objects, log: log, began: metav1.Now().Rfc3339Copy()}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", h.health)
	mux.HandleFunc("/readyz", h.ready)
	mux.HandleFunc("/status", h.status)
	mux.HandleFunc("/routes", h.routes)
	mux.HandleFunc("/", h.notFound)
	return getOnly(mux)
}

type handler struct {
	backend Backend
	objects Objects
	log     logr.Logger
	began   metav1.Time
	streams atomic.Int32
}

func (h *handler) health(w http.ResponseWriter, _ *http.Request) { httpserve.WriteReady(w, nil) }

func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	httpserve.WriteReady(w, h.backend.Ready())
}

// list is kubectl's form of several objects of several kinds.
type list struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Metadata   metav1.ListMeta  `json:"metadata"`
	Items      []runtime.Object `json:"items"`
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	objects, err := h.objects(r.Context())
	if err != nil {
		h.log.Error(err, "status unavailable")
		writeError(w, apierrors.NewInternalError(err))
		return
	}
	objects = append([]runtime.Object{}, objects...)
	for i, object := range objects {
		if session, ok := object.(*v1alpha1.BGPSession); ok {
			objects[i] = h.reported(session)
		}
	}
	body, err := json.Marshal(list{APIVersion: "v1", Kind: "List", Items: objects})
	if err != nil {
		h.log.Error(err, "status cannot be encoded")
		writeError(w, apierrors.NewInternalError(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client went away, so nobody would read a report of it.
	_, _ = w.Write(append(body, '\n'))
}

// reported adds Reporting=True to a session, as the cluster role would: the process that answers here reports the session.
func (h *handler) reported(session *v1alpha1.BGPSession) *v1alpha1.BGPSession {
	reporting := *session
	reporting.Status.Conditions = append(slices.Clip(reporting.Status.Conditions), metav1.Condition{
		Type: v1alpha1.ConditionReporting, Status: metav1.ConditionTrue, ObservedGeneration: reporting.Generation,
		LastTransitionTime: h.began, Reason: v1alpha1.ReasonReporting, Message: "its own process says so",
	})
	return &reporting
}

func (h *handler) notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, notFound(fmt.Sprintf("no %q here: ask for /healthz, /readyz, /status or /routes", r.URL.Path)))
}

// getOnly refuses every method but GET (RFC 9110 §15.5.6).
func getOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			writeError(w, &apierrors.StatusError{ErrStatus: metav1.Status{
				Status:  metav1.StatusFailure,
				Code:    http.StatusMethodNotAllowed,
				Reason:  metav1.StatusReasonMethodNotAllowed,
				Message: fmt.Sprintf("%s is not allowed here: this endpoint answers GET alone", r.Method),
			}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func notFound(message string) *apierrors.StatusError {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusNotFound,
		Reason:  metav1.StatusReasonNotFound,
		Message: message,
	}}
}

func writeError(w http.ResponseWriter, err *apierrors.StatusError) {
	s := err.Status()
	s.APIVersion, s.Kind = "v1", "Status"
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(s.Code))
	// An error means that the client went away, so nobody would read a report of it.
	_ = json.NewEncoder(w).Encode(s)
}
