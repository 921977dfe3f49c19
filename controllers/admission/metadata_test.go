// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"

	"github.com/herald-bgp/herald/controllers/admission"
)

// TestTypesOfMetadata: for every kind, the error names a field of metadata that should be a string and is not, with its type, and
// does not quote the value.
func TestTypesOfMetadata(t *testing.T) {
	t.Parallel()
	const quotes = ": write it in quotes"
	admitter := newAdmitter(t)
	for metadata, want := range map[string]string{
		"{name: 1234}":                      "metadata.name: want a string, have a number" + quotes,
		"{name: 1.5}":                       "metadata.name: want a string, have a number" + quotes,
		"{name: yes}":                       "metadata.name: want a string, have a boolean" + quotes,
		"{name: [web]}":                     "metadata.name: want a string, have a list",
		"{name: {web: 1234}}":               "metadata.name: want a string, have an object",
		"{name: web, namespace: 1234}":      "metadata.namespace: want a string, have a number" + quotes,
		"web":                               "metadata: want an object, have a string",
		"[web]":                             "metadata: want an object, have a list",
		"1234":                              "metadata: want an object, have a number",
		"{name: web, labels: {rack: 1234}}": "metadata.labels[rack]: Invalid value: want a string, have a number" + quotes,
		"{name: web, labels: {rack: true}}": "metadata.labels[rack]: Invalid value: want a string, have a boolean" + quotes,
		"{name: web, labels: [rack]}":       "metadata.labels: Invalid value: want an object, have a list",
		"{name: web, annotations: {note: [1234]}}": "metadata.annotations[note]: Invalid value: want a string, have a list",
		"{name: web, annotations: 1234}":           "metadata.annotations: Invalid value: want an object, have a number",
		"{name: web, creationTimestamp: 1234}":     "metadata.creationTimestamp: Invalid value: want a string, have a number" + quotes,
		"{name: web, deletionTimestamp: 1234}":     "metadata.deletionTimestamp: Invalid value: want a string, have a number" + quotes,
		"{name: web, uid: 1234}":                   "metadata.uid: Invalid value: want a string, have a number" + quotes,
		"{name: web, generateName: 1234}":          "metadata.generateName: Invalid value: want a string, have a number" + quotes,
		"{name: web, resourceVersion: 1234}":       "metadata.resourceVersion: Invalid value: want a string, have a number" + quotes,
		"{name: web, generation: many}":            "generation of type int64",
		"{name: web, finalizers: one}":             "finalizers of type []string",
		"{name: null}":                             "metadata.name: Required value: write a name",
		"null":                                     "metadata.name: Required value: write a name",
	} {
		for _, kind := range []string{"herald.network/v1alpha1, kind: BGPPeer", "herald.network/v1alpha1, kind: Announcement", "v1, kind: Secret", "v1, kind: Node"} {
			documents := admission.Decode([]byte("{apiVersion: "+kind+", metadata: "+metadata+"}"), nil)
			if len(documents) != 1 {
				t.Fatalf("%s: %d documents", metadata, len(documents))
			}
			err := documents[0].Err
			if err == nil {
				_, err = admitter.Admit(t.Context(), documents[0].Object, nil)
			}
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "1234") {
				t.Errorf("%s of %s: %v, want %q", metadata, kind, err, want)
			}
		}
	}
	for text, want := range map[string]string{
		"{apiVersion: 1, kind: Node}":  "apiVersion: want a string, have a number" + quotes,
		"{apiVersion: v1, kind: [a]}":  "kind: want a string, have a list",
		"{apiVersion: v1, kind: \"\"}": "kind is missing",
	} {
		if d := admission.Decode([]byte(text), nil); len(d) != 1 || d[0].Err == nil || !strings.HasSuffix(d[0].Err.Error(), want) {
			t.Errorf("%s: %+v, want %q", text, d, want)
		}
	}
}
