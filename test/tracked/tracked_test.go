// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package tracked tests the rule for files that git tracks: sources, and no file that was built from them.
package tracked

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

// maxSize is greater than the size of any source.
const maxSize = 1 << 20

func TestTrackedFiles(t *testing.T) {
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skipf("SKIPPED: this is no clone: %v", err)
	}
	harness.RequireTool(t, "git", "git")
	for _, offence := range offences(t, root) {
		t.Error(offence)
	}
}

// offences are the tracked files of a repository that break the rule, and how. It fails the test when git tracks none.
func offences(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	entries := strings.Split(strings.TrimSuffix(git(t, root, "ls-files", "--stage", "-z"), "\x00"), "\x00")
	for _, entry := range entries {
		mode, _, _ := strings.Cut(entry, " ")
		_, path, ok := strings.Cut(entry, "\t")
		if !ok {
			t.Fatalf("git tracks no file in %s: %q", root, entry)
		}
		offence, err := judge(filepath.Join(root, path), mode)
		if err != nil {
			t.Fatal(err)
		}
		if offence != "" {
			all = append(all, path+" "+offence)
		}
	}
	return all
}

// judge says how a file breaks the rule, or "". mode is the mode that git tracks.
func judge(path, mode string) (string, error) {
	const executable, link = "100755", "120000"
	if mode == link {
		return "", nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // removed, and not committed yet
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return "", err
	}
	switch {
	case len(head) > maxSize:
		return fmt.Sprintf("is larger than %d bytes: keep what is built or measured out of the repository", maxSize), nil
	case mode == executable && !bytes.HasPrefix(head, []byte("#!")):
		return "is executable and does not begin with #!: a program is built, not tracked; for anything else chmod -x", nil
	}
	return "", nil
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		t.Fatalf("git %s: %v", args[0], err)
	}
	return string(out)
}

func TestOffences(t *testing.T) {
	harness.RequireTool(t, "git", "git")
	root := t.TempDir()
	for _, file := range []struct {
		name    string
		mode    fs.FileMode
		content string
	}{
		{"script", 0o755, "#!/bin/sh\n"},
		{"source.go", 0o644, "package x\n"},
		{"largest", 0o644, strings.Repeat("x", maxSize)},
		{"too large", 0o644, strings.Repeat("x", maxSize+1)},
		{"large script", 0o755, "#!/bin/sh\n" + strings.Repeat("x", maxSize)},
		{"program", 0o755, "\x7fELF"},
		{"empty program", 0o755, ""},
		{"removed", 0o755, "\x7fELF"},
		{"untracked", 0o755, "\x7fELF"},
	} {
		if err := os.WriteFile(filepath.Join(root, file.name), []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	git(t, root, "init", "--quiet")
	git(t, root, "add", ".")
	git(t, root, "rm", "--quiet", "--cached", "untracked")
	if err := os.Remove(filepath.Join(root, "removed")); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, offence := range offences(t, root) {
		name, _, _ := strings.Cut(offence, " is ")
		names = append(names, name)
	}
	if want := []string{"empty program", "large script", "program", "too large"}; !slices.Equal(names, want) {
		t.Errorf("refused are %q, want %q", names, want)
	}
}
