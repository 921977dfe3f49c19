// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/herald-bgp/herald/test/bench/report"
)

// errInterrupted is why what was not measured any more was not.
var errInterrupted = errors.New("interrupted")

// measureAll runs the scenarios one after the other until ctx ends, and returns the names of those that failed. The page is
// written after each, so that what was measured is not lost with what was not: a run takes an hour or two.
func (b *bench) measureAll(ctx context.Context, chosen []scenario) (failed []string) {
	var missing []report.Fact
	for i, s := range chosen {
		if ctx.Err() != nil {
			break
		}
		progress("%s: %s", s.name, s.title)
		err := s.run(ctx, b)
		if ctx.Err() != nil {
			err = errInterrupted
		}
		if err != nil {
			progress("%s: %v", s.name, err)
			failed = append(failed, s.name)
			missing = append(missing, report.Fact{Name: s.title, Value: oneLine(err)})
		}
		b.report.Missing = slices.Clone(missing)
		for _, later := range chosen[i+1:] {
			b.report.Missing = append(b.report.Missing, report.Fact{Name: later.title, Value: "the run had not come to it"})
		}
		if err := b.save(); err != nil {
			progress("the page is not written: %v", err)
		}
	}
	return failed
}

// finish prints the tables and writes the page.
func (b *bench) finish() error {
	for i := range b.report.Tables {
		if err := b.report.Tables[i].Print(os.Stdout); err != nil {
			return err
		}
	}
	if err := b.report.Summary(os.Stdout); err != nil {
		return err
	}
	if b.write == "" {
		return nil
	}
	if err := b.save(); err != nil {
		return err
	}
	progress("%s written", b.write)
	return nil
}

// save writes the page whole, in place of the one before it.
func (b *bench) save() (err error) {
	if b.write == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(b.write), filepath.Base(b.write)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = errors.Join(b.report.Markdown(f), f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), b.write)
}
