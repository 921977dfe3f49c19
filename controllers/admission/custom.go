// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// customResource admits the objects of one version of a CRD.
type customResource struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	checks
	// plain are the checks of an object whose prefixes are plain, which need no rules: nil where the CRD has no such list.
	plain *checks
}

// checks are what a schema says of an object.
type checks struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      func() *cel.Validator
}

func newCustomResource(crd *apiextensionsv1.CustomResourceDefinition, version *apiextensionsv1.CustomResourceDefinitionVersion) (*customResource, error) {
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, fmt.Errorf("convert the schema: %w", err)
	}
	all, err := newChecks(&props, &props)
	if err != nil {
		return nil, err
	}
	r := &customResource{
		gvk:        schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind},
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		checks:     *all,
	}
	if standsFor(props.Properties["spec"].Properties["prefixes"].Items) {
		typed := &apiextensions.JSONSchemaPropsOrArray{Schema: &apiextensions.JSONSchemaProps{Type: "string"}}
		r.plain, err = newChecks(withItems(&props, typed), withItems(&props, nil))
	}
	return r, err
}

// newChecks takes the rules from one schema, and what is beside them from another.
func newChecks(rules, beside *apiextensions.JSONSchemaProps) (*checks, error) {
	structural, err := structuralschema.NewStructural(rules)
	if err != nil {
		return nil, fmt.Errorf("read the structural schema: %w", err)
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, fmt.Errorf("prune the defaults: %w", err)
	}
	schemaValidator, _, err := validation.NewSchemaValidator(beside)
	if err != nil {
		return nil, fmt.Errorf("build the schema validator: %w", err)
	}
	return &checks{
		structural: structural,
		schema:     schemaValidator,
		rules: sync.OnceValue(func() *cel.Validator {
			return cel.NewValidator(structural, true, celconfig.PerCallLimit)
		}),
	}, nil
}

// admit returns a copy of obj as the API server would store it.
func (r *customResource) admit(ctx context.Context, obj *unstructured.Unstructured, old client.Object) (*unstructured.Unstructured, error) {
	admitted := obj.DeepCopy()
	if err := r.prune(admitted); err != nil {
		return nil, err
	}
	defaulting.Default(admitted.Object, r.structural)
	unstructured.RemoveNestedField(admitted.Object, "status")
	if r.namespaced && admitted.GetNamespace() == "" {
		admitted.SetNamespace(defaultNamespace)
	}

	before, err := r.before(old)
	if err != nil {
		return nil, err
	}
	if errs := r.validate(ctx, admitted, before); len(errs) > 0 {
		return nil, apierrors.NewInvalid(r.gvk.GroupKind(), admitted.GetName(), errs)
	}
	setGeneration(admitted, before)
	return admitted, nil
}

// before is the object before the change, in the form of the new object; nil if there is none.
func (r *customResource) before(old client.Object) (*unstructured.Unstructured, error) {
	if old == nil {
		return nil, nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(old)
	if err != nil {
		return nil, fmt.Errorf("convert the object before: %w", err)
	}
	before := &unstructured.Unstructured{Object: content}
	before.SetGroupVersionKind(r.gvk)
	unstructured.RemoveNestedField(before.Object, "status")
	return before, nil
}

// validate runs the checks of the API server in its order.
func (r *customResource) validate(ctx context.Context, obj, old *unstructured.Unstructured) field.ErrorList {
	errs := validateMetadata(obj, r.namespaced, apivalidation.NameIsDNSSubdomain)
	c := &r.checks
	if r.plain != nil && hasPlainPrefixes(obj) {
		c = r.plain
	}
	if old == nil {
		errs = append(errs, validation.ValidateCustomResource(nil, obj.Object, c.schema)...)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, obj.Object)...)
		return append(errs, c.validateRules(ctx, errs, obj.Object, nil)...)
	}
	correlated := common.NewCorrelatedObject(obj.Object, old.Object, &model.Structural{Structural: c.structural})
	errs = append(errs, validation.ValidateCustomResourceUpdate(nil, obj.Object, old.Object, c.schema, validation.WithRatcheting(correlated))...)
	if len(listtype.ValidateListSetsAndMaps(nil, c.structural, old.Object)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, obj.Object)...)
	}
	return append(errs, c.validateRules(ctx, errs, obj.Object, old.Object, cel.WithRatcheting(correlated))...)
}

// validateRules runs the CEL rules unless an error among earlier could make them
// fail, or cost too much.
func (c *checks) validateRules(ctx context.Context, earlier field.ErrorList, obj, old map[string]any, options ...cel.Option) field.ErrorList {
	for _, err := range earlier {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
			field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return field.ErrorList{field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")}
		}
	}
	// The rules need an absent object; a nil map in an interface is not absent.
	var before any
	if old != nil {
		before = old
	}
	errs, _ := c.rules().Validate(ctx, nil, c.structural, obj, before, celconfig.RuntimeCELCostBudget, options...)
	return errs
}
