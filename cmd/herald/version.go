// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = ""

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of herald",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			_, err := fmt.Fprint(c.OutOrStdout(), versionText(version, info))
			return err
		},
	}
}

// softwareVersion is the version that is sent to neighbours with capabilities.softwareVersion.
func softwareVersion() string {
	info, _ := debug.ReadBuildInfo()
	return "Herald/" + versionOf(version, info)
}

// versionOf is the version of a build. info may be nil.
func versionOf(version string, info *debug.BuildInfo) string {
	if version == "" && info != nil {
		version = info.Main.Version
	}
	if version == "" {
		return "unknown"
	}
	return version
}

// versionText describes a build. info may be nil.
func versionText(version string, info *debug.BuildInfo) string {
	settings := map[string]string{}
	if info != nil {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	text := fmt.Sprintf("herald %s\ngo       %s %s/%s\n", versionOf(version, info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if revision := settings["vcs.revision"]; revision != "" {
		if settings["vcs.modified"] == "true" {
			revision += " (modified)"
		}
		text += "revision " + revision + "\n"
	}
	if at := settings["vcs.time"]; at != "" {
		text += "of       " + at + "\n"
	}
	return text
}
