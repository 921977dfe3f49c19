// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package crd holds the CustomResourceDefinitions of Herald as the program that
// carries them: what is installed in a cluster is what standalone admits by.
package crd

import (
	"embed"
	"fmt"
	"io/fs"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

//go:embed bases/*.yaml
var bases embed.FS

// FS is the folder of the generated manifests, one file a kind.
func FS() fs.FS {
	sub, err := fs.Sub(bases, "bases")
	if err != nil {
		panic(err) // unreachable: the name is valid, and it was embedded
	}
	return sub
}

// Definitions are the decoded manifests, in order of their file names.
func Definitions() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	names, err := fs.Glob(FS(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the embedded CRDs: %w", err)
	}
	definitions := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			return nil, fmt.Errorf("read the embedded CRD: %w", err)
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, definition); err != nil {
			return nil, fmt.Errorf("decode the embedded CRD %s: %w", name, err)
		}
		definitions = append(definitions, definition)
	}
	return definitions, nil
}
