// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// writeArchive writes an OCI image layout with the index as a tar.
func writeArchive(path string, index v1.ImageIndex, repository string, s source) error {
	tag, err := name.NewTag(repository+":"+s.version, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("name of the image: %w", err)
	}
	dir, err := os.MkdirTemp("", "herald-layout-")
	if err != nil {
		return fmt.Errorf("image layout: %w", err)
	}
	defer os.RemoveAll(dir)
	target, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("image layout: %w", err)
	}
	err = target.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": tag.TagStr(), // of podman and skopeo
		"io.containerd.image.name":          tag.Name(),   // of containerd and docker
	}))
	if err != nil {
		return fmt.Errorf("image layout: %w", err)
	}
	files, err := readFiles(dir)
	if err != nil {
		return fmt.Errorf("image layout: %w", err)
	}
	return writeTarFile(path, files, s)
}

// readFiles reads all files below a directory, in the order of their names.
func readFiles(root string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(relative), mode: 0o644}
		if entry.IsDir() {
			f.mode = fs.ModeDir | 0o755
		} else if f.content, err = os.ReadFile(path); err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// writeTarFile writes a tar beside its final path and renames it, so that no reader finds half a file.
func writeTarFile(path string, files []file, s source) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("archive: %w", err), os.Remove(out.Name()))
		}
	}()
	if err := errors.Join(writeTar(out, files, s.date), out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
