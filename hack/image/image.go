// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	projectURL  = "https://github.com/herald-bgp/herald"
	dateFormat  = "2006-01-02T15:04:05Z07:00" // RFC 3339, the form of the annotation
	description = "Kubernetes-native BGP operator with its own speaker"
)

type platformImage struct {
	platform v1.Platform
	image    v1.Image
}

// labels are the predefined annotation keys of the OCI image specification.
func (s source) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":         "herald",
		"org.opencontainers.image.description":   description,
		"org.opencontainers.image.url":           projectURL,
		"org.opencontainers.image.source":        projectURL,
		"org.opencontainers.image.documentation": projectURL + "/tree/main/docs",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.vendor":        "The Herald Authors",
		"org.opencontainers.image.version":       s.version,
		"org.opencontainers.image.created":       s.date.Format(dateFormat),
	}
	if s.revision != "" {
		labels["org.opencontainers.image.revision"] = s.revision
	}
	return labels
}

// newImage makes an image of one layer with the files.
func newImage(files []file, platform v1.Platform, s source) (v1.Image, error) {
	content, err := layer(files, s.date)
	if err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	blob, err := tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{
		Layer:   blob,
		History: v1.History{Created: v1.Time{Time: s.date}, CreatedBy: "hack/image", Comment: "herald, CA certificates, passwd"},
	})
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: s.date}
	config.Config = v1.Config{
		User:       user,
		Entrypoint: []string{"/herald"},
		WorkingDir: "/",
		Env:        []string{"PATH=/"},
		Labels:     s.labels(),
	}
	return mutate.ConfigFile(image, config)
}

// newIndex joins the images of all platforms under one name.
func newIndex(images []platformImage, s source) v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, built := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        built.image,
			Descriptor: v1.Descriptor{Platform: &built.platform},
		})
	}
	// mutate.Annotations of an index returns an index, although its static type does not say so.
	return mutate.Annotations(index, s.labels()).(v1.ImageIndex)
}

// compressedSize is the number of bytes that a node without any part of the image pulls.
func compressedSize(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, fmt.Errorf("manifest: %w", err)
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}
