// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package crd_test tests the CRDs with examples: each validation rule accepts one
// object and refuses another, on a real API server and in standalone's admission
// alike.
package crd_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/controllers/admission"
)

// judgeByAdmission asks standalone's admission. An object that was stored before must be
// admitted.
func judgeByAdmission(ctx context.Context, admitter *admission.Admitter, e example) (error, error) {
	var stored client.Object
	for _, object := range e.objects[:len(e.objects)-1] {
		var err error
		if stored, err = admitter.Admit(ctx, object, stored); err != nil {
			return nil, fmt.Errorf("the object before: %w", err)
		}
	}
	_, err := admitter.Admit(ctx, e.judged(), stored)
	return err, nil
}

// causesOf lists the single errors of a refusal.
func causesOf(err error) []string {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var causes []string
	for _, cause := range status.Status().Details.Causes {
		causes = append(causes, cause.Field+": "+cause.Message)
	}
	return causes
}

func newAdmitter(t *testing.T) *admission.Admitter {
	t.Helper()
	admitter, err := admission.New()
	if err != nil {
		t.Fatal(err)
	}
	return admitter
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	var verdicts []verdict
	for _, e := range readExamples(t) {
		t.Run(e.name, func(t *testing.T) {
			err, before := judgeByAdmission(t.Context(), admitter, e)
			if before != nil {
				t.Fatal(before)
			}
			v := verdict{example: e, err: err}
			v.check(t)
			verdicts = append(verdicts, v)
		})
	}
	checkCoverage(t, verdicts)
}
