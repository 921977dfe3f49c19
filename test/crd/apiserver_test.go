// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/test/controlplane"
)

// crdFolder is the folder of the installed CRDs, relative to this package.
const crdFolder = "../../config/crd/bases"

// newClient talks to the API server as kubectl does: unknown fields are errors.
func newClient(t *testing.T, cp *controlplane.ControlPlane) client.Client {
	t.Helper()
	c, err := client.New(cp.AdminConfig(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldValidation(c, "Strict")
}

// judgeByAPIServer asks the API server, and leaves nothing behind.
func judgeByAPIServer(ctx context.Context, c client.Client, e example) (verdict, before error) {
	var stored *unstructured.Unstructured
	defer func() {
		if stored != nil {
			before = client.IgnoreNotFound(c.Delete(ctx, stored))
		}
	}()
	for i, object := range e.objects {
		next := object.DeepCopy()
		var err error
		if stored == nil {
			err = c.Create(ctx, next)
		} else {
			next.SetResourceVersion(stored.GetResourceVersion())
			err = c.Update(ctx, next)
		}
		switch {
		case i == len(e.objects)-1 && err != nil:
			return err, nil
		case err != nil:
			return nil, fmt.Errorf("the object before: %w", err)
		}
		stored = next
	}
	return nil, nil
}

func TestAPIServer(t *testing.T) {
	t.Parallel()
	cp := controlplane.ForTest(t, controlplane.Options{})
	if err := cp.InstallCRDs(t.Context(), crdFolder); err != nil {
		t.Fatal(err)
	}
	t.Run("examples", func(t *testing.T) { testExamples(t, cp) })
	t.Run("columns", func(t *testing.T) { testColumns(t, cp) })
}

// The API server judges every example as expected, and gives the same causes as
// standalone's admission.
func testExamples(t *testing.T, cp *controlplane.ControlPlane) {
	c, admitter := newClient(t, cp), newAdmitter(t)
	var verdicts []verdict
	for _, e := range readExamples(t) {
		t.Run(e.name, func(t *testing.T) {
			err, before := judgeByAPIServer(t.Context(), c, e)
			if before != nil {
				t.Fatal(before)
			}
			v := verdict{example: e, err: err}
			v.check(t)
			verdicts = append(verdicts, v)

			standalone, before := judgeByAdmission(t.Context(), admitter, e)
			if before != nil {
				t.Fatal(before)
			}
			checkSameCauses(t, err, standalone)
		})
	}
	checkCoverage(t, verdicts)
}

func checkSameCauses(t *testing.T, server, standalone error) {
	t.Helper()
	want, have := causesOf(server), causesOf(standalone)
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("the API server says\n%q\nand standalone\n%q", want, have)
	}
}
