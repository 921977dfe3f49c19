// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures Herald and other BGP programs side by side against the same sink, and writes
// docs/benchmarks.md. `make bench` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == speakerCommand {
		exit(runSpeaker(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == watchCommand {
		exit(runWatch(os.Args[2:]))
	}
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		os.Exit(2) // the flag package said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !insideNamespace() {
		exit(enterNamespace(ctx))
	}
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// options are the flags.
type options struct {
	herald   string
	base     string
	rounds   int
	scale    float64
	only     []string
	rivals   []string
	fan      int
	many     int
	idle     time.Duration
	rest     time.Duration
	patience time.Duration
	goBench  string
	write    string
}

const usage = `bench measures Herald and the other BGP programs that are installed (BIRD, FRR, GoBGP, OpenBGPD, ExaBGP) side by side,
all against the same sink, in a network namespace of its own: as root, or in a user namespace, where what has to change its
user (FRR, OpenBGPD) does not start. What a program cannot do within -patience is said with how far it came.

Scenarios, for -only:
%s
Flags:
`

func parseOptions(args []string) (options, error) {
	var o options
	var only, rivals string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.herald, "herald", "bin/herald", "the program under test")
	flags.StringVar(&o.base, "base", "", "folder with herald and bench of another commit, as go build -o FOLDER/ ./cmd/herald ./test/bench makes them there: both Heralds\n"+
		"are measured in turns, and compared (default: none)")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each measurement, of which the median counts")
	flags.Float64Var(&o.scale, "scale", 1, "part of the routes of the full run, such as 0.01; budgets are judged at 1 alone")
	flags.StringVar(&only, "only", "", "scenarios to run, separated by commas (default: all)")
	flags.StringVar(&rivals, "rivals", "BIRD,FRR,GoBGP,OpenBGPD,ExaBGP", `rivals to measure, separated by commas; "none" for Herald alone`)
	flags.IntVar(&o.fan, "fan", 50, "sinks that join at once")
	flags.IntVar(&o.many, "many", 1000, "sinks of the scenario of many peers")
	flags.DurationVar(&o.idle, "idle", 5*time.Minute, "how long the idle scenario watches")
	flags.DurationVar(&o.rest, "rest", 10*time.Second, "how long after the last route memory is read")
	flags.DurationVar(&o.patience, "patience", 5*time.Minute, "how long a program may take to load its routes, and to send them")
	flags.StringVar(&o.goBench, "gobench", "", "file with the output of go test -bench, for the report")
	flags.StringVar(&o.write, "write", "", "file for the report in Markdown, such as docs/benchmarks.md (default: none)")
	flags.Usage = func() {
		list := ""
		for _, s := range scenarios() {
			list += fmt.Sprintf("  %-8s %s\n", s.name, s.title)
		}
		fmt.Fprintf(flags.Output(), usage, list)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, o.rivals = split(only), split(rivals)
	return o, o.check(flags)
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// check refuses what cannot be run.
func (o *options) check(flags *flag.FlagSet) error {
	var err error
	for _, name := range o.only {
		if !slices.ContainsFunc(scenarios(), func(s scenario) bool { return s.name == name }) {
			err = fmt.Errorf("-only: there is no scenario %q", name)
		}
	}
	if o.scale <= 0 || o.scale > 1 || o.rounds < 1 || o.fan < 1 || o.many < 1 {
		err = fmt.Errorf("-scale is above 0 and at most 1; -rounds, -fan and -many are at least 1")
	}
	if err != nil {
		fmt.Fprintln(flags.Output(), "bench: "+err.Error())
	}
	return err
}

// bench is a run.
type bench struct {
	options
	dir      string
	programs []program.Program // Herald first
	report   report.Report
}

// run measures what was asked for, and writes the report even where a scenario failed.
func run(ctx context.Context, o options) error {
	if err := prepareNamespace(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "herald-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// FRR and OpenBGPD run as users of their own.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	b := &bench{options: o, dir: dir}
	if err := b.choosePrograms(ctx); err != nil {
		return err
	}
	b.report.Facts = b.facts()
	failed := b.measureAll(ctx, b.chosen())
	if err := b.finish(); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return ctx.Err()
}

// chosen are the scenarios to run.
func (b *bench) chosen() []scenario {
	return slices.DeleteFunc(scenarios(), func(s scenario) bool { return len(b.only) > 0 && !slices.Contains(b.only, s.name) })
}

// choosePrograms finds out which are installed.
func (b *bench) choosePrograms(ctx context.Context) error {
	herald, err := b.copyOf(b.herald, "now", "herald")
	if err != nil {
		return err
	}
	b.programs = []program.Program{&program.Herald{Binary: herald}}
	if b.base != "" {
		base, err := b.copyOf(filepath.Join(b.base, "herald"), "base", "herald")
		if err != nil {
			return err
		}
		if _, err := b.copyOf(filepath.Join(b.base, "bench"), "base", "bench"); err != nil {
			return err
		}
		b.programs = append(b.programs, &program.Herald{Title: baseName, Binary: base})
	}
	for _, rival := range program.Rivals() {
		if slices.ContainsFunc(b.rivals, func(name string) bool { return strings.EqualFold(name, rival.Name()) }) {
			b.programs = append(b.programs, rival)
		}
	}
	var installed []program.Program
	for _, p := range b.programs {
		version, err := p.Version(ctx)
		if err != nil && len(installed) == 0 {
			return fmt.Errorf("-herald %s: %w", b.herald, err)
		}
		if err != nil {
			progress("%s is not installed: %v", p.Name(), err)
			version = "not installed"
		} else {
			installed = append(installed, p)
		}
		b.report.Programs = append(b.report.Programs, report.Program{Name: p.Name(), Version: version, Setting: p.Setting()})
	}
	b.programs = installed
	return nil
}

// copyOf copies a program into a folder of the bench's own and returns the path there. How many pages of a program the kernel maps at once
// depends on how it came into the page cache: of two that are compared, both are copied just before.
func (b *bench) copyOf(path, folder, name string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	folder = filepath.Join(b.dir, folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(folder, name)
	return path, os.WriteFile(path, content, 0o755)
}

// heralds are Herald, and with -base that of another commit.
func (b *bench) heralds() []*program.Herald {
	var heralds []*program.Herald
	for _, p := range b.programs {
		if h, ok := p.(*program.Herald); ok {
			heralds = append(heralds, h)
		}
	}
	return heralds
}

// progress prints a line for whoever waits.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: %s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}
