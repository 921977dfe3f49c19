// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Command image writes Herald's container image as an OCI archive, without a daemon and without root.
//
// The image holds one static binary, CA certificates and a passwd file, and has no base image. The same sources, version and date
// give the same bytes: the date is $SOURCE_DATE_EPOCH, or the date of the commit.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxCompressed is the budget for the bytes that a node pulls.
const maxCompressed = 25 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

type options struct {
	output     string
	rootfs     string
	repository string
	version    string
	platforms  []v1.Platform
}

func parse(ctx context.Context, args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&o.output, "o", "", "archive to write (default dist/herald-VERSION-oci.tar)")
	flags.StringVar(&o.rootfs, "rootfs", "", "write the files of the image to this directory instead, for one platform")
	flags.StringVar(&o.repository, "repository", "ghcr.io/herald-bgp/herald", "name of the image")
	flags.StringVar(&o.version, "version", os.Getenv("VERSION"), "tag of the image (default $VERSION, else the output of git describe)")
	platforms := flags.String("platform", "linux/"+runtime.GOARCH, "platforms to build for, separated by commas")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if o.version == "" {
		o.version = gitVersion(ctx)
	}
	if o.output == "" {
		o.output = filepath.Join("dist", "herald-"+o.version+"-oci.tar")
	}
	for text := range strings.SplitSeq(*platforms, ",") {
		platform, err := v1.ParsePlatform(text)
		if err != nil || platform.OS == "" || platform.Architecture == "" {
			return nil, fmt.Errorf("-platform %q: write an operating system and an architecture, such as linux/amd64", text)
		}
		o.platforms = append(o.platforms, *platform)
	}
	if o.rootfs != "" && len(o.platforms) > 1 {
		return nil, fmt.Errorf("-rootfs: name one -platform, not %d", len(o.platforms))
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(ctx, args)
	if err != nil {
		return err
	}
	staging, err := os.MkdirTemp("", "herald-image-")
	if err != nil {
		return fmt.Errorf("staging directory: %w", err)
	}
	defer os.RemoveAll(staging)
	source, err := readSource(ctx, o.version)
	if err != nil {
		return err
	}
	var images []platformImage
	for _, platform := range o.platforms {
		binary, err := buildBinary(ctx, staging, o.version, platform)
		if err != nil {
			return err
		}
		files, err := rootFiles(binary)
		if err != nil {
			return err
		}
		if o.rootfs != "" {
			return writeFiles(o.rootfs, files)
		}
		image, err := newImage(files, platform, source)
		if err != nil {
			return fmt.Errorf("image for %s: %w", platform, err)
		}
		images = append(images, platformImage{platform: platform, image: image})
	}
	index := newIndex(images, source)
	if err := writeArchive(o.output, index, o.repository, source); err != nil {
		return err
	}
	return report(stdout, o.output, index, images)
}

// report prints the path, digests and sizes of the image, and fails if a node would have to pull more than the budget.
func report(w io.Writer, path string, index v1.ImageIndex, images []platformImage) error {
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("digest of the index: %w", err)
	}
	fmt.Fprintf(w, "%s\n  %-12s  %s\n", path, "index", digest)
	for _, built := range images {
		size, err := compressedSize(built.image)
		if err != nil {
			return err
		}
		digest, err := built.image.Digest()
		if err != nil {
			return fmt.Errorf("digest of %s: %w", built.platform, err)
		}
		fmt.Fprintf(w, "  %-12s  %s  %.1f MiB compressed\n", built.platform, digest, float64(size)/(1<<20))
		if size > maxCompressed {
			return fmt.Errorf("%s is %d bytes, over the budget of %d", built.platform, size, maxCompressed)
		}
	}
	return nil
}
