// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// text writes lines of a configuration, and keeps the first error.
type text struct {
	w   *bufio.Writer
	err error
}

func newText(w io.Writer) *text { return &text{w: bufio.NewWriterSize(w, 1<<16)} }

// line writes a line.
func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

// finish writes what is still in the buffer.
func (t *text) finish() error { return errors.Join(t.err, t.w.Flush()) }

// writeFile makes a file of what write writes.
func writeFile(name string, write func(*text)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	t := newText(f)
	write(t)
	return errors.Join(t.finish(), f.Close())
}

// replaceFile puts a file in place at once, as an editor does: aside, then by renaming.
func replaceFile(name, aside string, write func(*text)) error {
	if err := writeFile(aside, write); err != nil {
		return err
	}
	return os.Rename(aside, name)
}
