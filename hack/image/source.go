// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const mainPackage = "github.com/herald-bgp/herald/cmd/herald"

// source describes the sources of an image.
type source struct {
	version  string
	revision string    // empty where git knows none
	date     time.Time // of every file, and of the image
}

// readSource reads the environment and asks git. Without both the date is 1970-01-01, so that it is always the same.
func readSource(ctx context.Context, version string) (source, error) {
	s := source{version: version, revision: git(ctx, "rev-parse", "HEAD"), date: time.Unix(0, 0).UTC()}
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		text = git(ctx, "log", "-1", "--format=%ct")
	}
	if text == "" {
		return s, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH %q: write seconds since 1970", text)
	}
	s.date = time.Unix(seconds, 0).UTC()
	return s, nil
}

func gitVersion(ctx context.Context) string {
	if version := git(ctx, "describe", "--tags", "--always", "--dirty"); version != "" {
		return version
	}
	return "dev"
}

// git returns the one line that git prints, or nothing if git or its repository is missing.
func git(ctx context.Context, args ...string) string {
	output, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(output))
}

// buildBinary compiles herald into the directory and returns its path.
func buildBinary(ctx context.Context, dir, version string, platform v1.Platform) (string, error) {
	binary := filepath.Join(dir, "herald-"+platform.OS+"-"+platform.Architecture+platform.Variant)
	// The revision is a label of the image. In the binary it would change with every commit, and so would the binary.
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -X main.version="+version, "-o", binary, mainPackage)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
	if platform.Architecture == "arm" {
		build.Env = append(build.Env, "GOARM="+strings.TrimPrefix(platform.Variant, "v"))
	}
	var output bytes.Buffer
	build.Stdout, build.Stderr = &output, &output
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build for %s: %w\n%s", platform, err, output.Bytes())
	}
	return binary, nil
}
