// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var (
	testDate   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testSource = source{version: "v1.2.3", revision: "0123abc", date: testDate}
)

// TestArchive builds the image for this machine as a person would, and reads it back.
func TestArchive(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767323045") // testDate
	path := filepath.Join(t.TempDir(), "dist", "herald.tar")
	var out strings.Builder
	args := []string{"-o", path, "-version", testSource.version, "-platform", "linux/" + runtime.GOARCH}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err) // over the budget, among others
	}
	t.Log("\n" + out.String())
	index, descriptor := readArchive(t, path)
	if err := validate.Index(index); err != nil {
		t.Errorf("the image is not valid: %v", err)
	}
	for key, want := range map[string]string{
		"org.opencontainers.image.ref.name": "v1.2.3",
		"io.containerd.image.name":          "ghcr.io/herald-bgp/herald:v1.2.3",
	} {
		if got := descriptor.Annotations[key]; got != want {
			t.Errorf("annotation %s is %q, want %q", key, got, want)
		}
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), digest.String()) || !strings.Contains(out.String(), path) {
		t.Errorf("the output has not %s and %s: %q", path, digest, out.String())
	}
	images := imagesOf(t, index)
	if len(images) != 1 || images[0].platform.Architecture != runtime.GOARCH {
		t.Fatalf("%d images, want one for %s", len(images), runtime.GOARCH)
	}
	expectConfig(t, images[0])
	root := t.TempDir()
	extract(t, images[0].image, root)
	expectVersion(t, root)
}

func expectConfig(t *testing.T, built platformImage) {
	t.Helper()
	config, err := built.image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != built.platform.Architecture {
		t.Errorf("the image is for %s/%s, want %s", config.OS, config.Architecture, built.platform)
	}
	if !config.Created.Equal(testDate) {
		t.Errorf("created %v, want %v", config.Created, testDate)
	}
	if got := config.Config.User; got != "65534:65534" {
		t.Errorf("user %q, want 65534:65534", got)
	}
	if got := config.Config.Entrypoint; !slices.Equal(got, []string{"/herald"}) {
		t.Errorf("entrypoint %q, want /herald", got)
	}
	for key, want := range map[string]string{
		"org.opencontainers.image.version":  testSource.version,
		"org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.created":  "2026-01-02T03:04:05Z",
	} {
		if got := config.Config.Labels[key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
}

// expectVersion runs the binary with nothing around it but the image, as the user of the image.
func expectVersion(t *testing.T, root string) {
	t.Helper()
	var command *exec.Cmd
	if os.Geteuid() == 0 {
		command = exec.CommandContext(t.Context(), "/herald", "version")
		command.Dir = "/"
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else {
		command = exec.CommandContext(t.Context(), filepath.Join(root, "herald"), "version")
	}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("herald version: %v: %s", err, output)
	}
	if !strings.HasPrefix(string(output), "herald "+testSource.version+"\n") {
		t.Errorf("herald version says %q, want %s", output, testSource.version)
	}
}

// TestArchiveOfTwoPlatforms: one index, deterministic to the byte.
func TestArchiveOfTwoPlatforms(t *testing.T) {
	paths := []string{filepath.Join(t.TempDir(), "one.tar"), filepath.Join(t.TempDir(), "two.tar")}
	var archives [][]byte
	for _, path := range paths {
		if err := writeArchive(path, smallIndex(t), "example.com/herald", testSource); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, content)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same sources gave two different archives")
	}
	index, _ := readArchive(t, paths[0])
	if err := validate.Index(index); err != nil {
		t.Errorf("the image is not valid: %v", err)
	}
	var platforms []string
	for _, built := range imagesOf(t, index) {
		platforms = append(platforms, built.platform.String())
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("platforms %v, want %v", platforms, want)
	}
}

func smallIndex(t *testing.T) v1.ImageIndex {
	t.Helper()
	var images []platformImage
	for _, architecture := range []string{"amd64", "arm64"} {
		platform := v1.Platform{OS: "linux", Architecture: architecture}
		files := []file{{path: "herald", mode: 0o755, content: []byte(architecture)}}
		image, err := newImage(files, platform, testSource)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, platformImage{platform: platform, image: image})
	}
	return newIndex(images, testSource)
}

// readArchive extracts an archive, and returns the one index in it.
func readArchive(t *testing.T, path string) (v1.ImageIndex, v1.Descriptor) {
	t.Helper()
	archive, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := t.TempDir()
	untar(t, archive, dir)
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || !manifest.Manifests[0].MediaType.IsIndex() {
		t.Fatalf("index.json has %d entries, want one index", len(manifest.Manifests))
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index, manifest.Manifests[0]
}

func imagesOf(t *testing.T, index v1.ImageIndex) []platformImage {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var images []platformImage
	for _, descriptor := range manifest.Manifests {
		image, err := index.Image(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, platformImage{platform: *descriptor.Platform, image: image})
	}
	return images
}

// extract writes the layers of an image below a directory, and expects there what the image is said to hold.
func extract(t *testing.T, image v1.Image, root string) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		untar(t, content, root)
		if err := content.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"etc/passwd":                        "herald:x:65534:65534:",
		"etc/group":                         "herald:x:65534:",
		"etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----",
	} {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Contains(content, []byte(want)) {
			t.Errorf("%s has no %q", path, want)
		}
	}
}

// untar expects what a tar of ours is: relative names in order, root's, all of one date.
func untar(t *testing.T, r io.Reader, root string) {
	t.Helper()
	if err := os.Chmod(root, 0o755); err != nil { // for the user of the image
		t.Fatal(err)
	}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsLocal(header.Name) || header.Uid != 0 || header.Gid != 0 || !header.ModTime.Equal(testDate) {
			t.Errorf("%s belongs to %d:%d and is of %v", header.Name, header.Uid, header.Gid, header.ModTime)
		}
		path, mode := filepath.Join(root, header.Name), fs.FileMode(header.Mode)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, mode)
		} else {
			err = writeFile(path, mode, archive)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(path string, mode fs.FileMode, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

func TestWriteFiles(t *testing.T) {
	root := filepath.Join(t.TempDir(), "rootfs")
	binary := filepath.Join(t.TempDir(), "herald")
	if err := os.WriteFile(binary, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := rootFiles(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFiles(root, files); err != nil {
		t.Fatal(err)
	}
	written, err := readFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != len(files) {
		t.Fatalf("%d files were written, want %d", len(written), len(files))
	}
	for i, want := range files {
		if got := written[i]; got.path != want.path || !bytes.Equal(got.content, want.content) {
			t.Errorf("file %d is %s, want %s with its content", i, got.path, want.path)
		}
	}
	info, err := os.Stat(filepath.Join(root, "herald"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o755 {
		t.Errorf("mode of the binary is %v", info.Mode())
	}
}

func TestParse(t *testing.T) {
	t.Setenv("VERSION", "v9.9.9")
	o, err := parse(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("dist", "herald-v9.9.9-oci.tar"); o.output != want {
		t.Errorf("output %q, want %q", o.output, want)
	}
	if want := "linux/" + runtime.GOARCH; len(o.platforms) != 1 || o.platforms[0].String() != want {
		t.Errorf("platforms %v, want %s, this machine's", o.platforms, want)
	}
	if o, err = parse(t.Context(), []string{"-platform", "linux/amd64,linux/arm64"}); err != nil || len(o.platforms) != 2 {
		t.Errorf("two platforms are read as %v, %v", o, err)
	}
	for _, args := range [][]string{
		{"-platform", "linux"},
		{"-platform", ""},
		{"-rootfs", "x", "-platform", "linux/amd64,linux/arm64"},
		{"stray"},
	} {
		if _, err := parse(t.Context(), args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestReadSource(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767323045")
	s, err := readSource(t.Context(), "v1.2.3")
	if err != nil || !s.date.Equal(testDate) {
		t.Errorf("date %v, error %v, want %v", s.date, err, testDate)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, err := readSource(t.Context(), "v1.2.3"); err == nil {
		t.Error("a date that is no number is accepted")
	}
}
