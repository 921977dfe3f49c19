// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// The user that the image runs as, by number, so that runAsNonRoot can be checked.
const (
	user   = "65534:65534"
	passwd = "root:x:0:0:root:/:/sbin/nologin\nherald:x:65534:65534:herald:/:/sbin/nologin\n"
	group  = "root:x:0:\nherald:x:65534:\n"
)

// file is a file or directory of the image. All of them belong to root.
type file struct {
	path    string // relative to the root
	mode    fs.FileMode
	content []byte
}

// rootFiles are all files of the image, each after its directory.
func rootFiles(binary string) ([]file, error) {
	herald, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("binary of the image: %w", err)
	}
	return []file{
		{path: "etc", mode: fs.ModeDir | 0o755},
		{path: "etc/group", mode: 0o644, content: []byte(group)},
		{path: "etc/passwd", mode: 0o644, content: []byte(passwd)},
		{path: "etc/ssl", mode: fs.ModeDir | 0o755},
		{path: "etc/ssl/certs", mode: fs.ModeDir | 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()},
		{path: "herald", mode: 0o755, content: herald},
	}, nil
}

// certificates are Mozilla's root certificates at the version that go.mod pins: those of the building machine would differ from
// machine to machine. A root that Mozilla trusts for some certificates only is left out, since a PEM file cannot express that.
func certificates() []byte {
	var out []byte
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
		}
	}
	return out
}

// layer is the files as a compressed tar.
func layer(files []file, date time.Time) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	if err := writeTar(compressed, files, date); err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	if err := compressed.Close(); err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	return out.Bytes(), nil
}

func writeTar(w io.Writer, files []file, date time.Time) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.path, Mode: int64(f.mode.Perm()), Size: int64(len(f.content)),
			ModTime: date, Format: tar.FormatPAX,
		}
		if f.mode.IsDir() {
			header.Typeflag, header.Name = tar.TypeDir, f.path+"/"
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		if _, err := archive.Write(f.content); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return archive.Close()
}

// writeFiles writes the files below a directory.
func writeFiles(root string, files []file) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(root, filepath.FromSlash(f.path))
		if f.mode.IsDir() {
			if err := os.MkdirAll(path, f.mode.Perm()); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, f.content, f.mode.Perm()); err != nil {
			return err
		}
	}
	return nil
}
