// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ExaBGP runs ExaBGP 4. It keeps no table: a process of its API writes every event as JSON to a file, and its
// table is what these events say.
type ExaBGP struct {
	config  exabgpConfig
	process *Process
}

// exabgpConfig adds the paths of the API process.
type exabgpConfig struct {
	Config
	Script, Events, Commands string
}

// NewExaBGP makes an ExaBGP that does not run yet.
func NewExaBGP(config Config) *ExaBGP {
	return &ExaBGP{config: exabgpConfig{
		Config:   config.withDefaults(),
		Script:   filepath.Join(config.Dir, "table.sh"),
		Events:   filepath.Join(config.Dir, "events.json"),
		Commands: filepath.Join(config.Dir, "commands"),
	}}
}

// exabgpScript writes what ExaBGP says to a file, and what is written to another file to ExaBGP. A job in the
// background has no standard input of its own in a shell: it takes a copy.
const exabgpScript = `#!/bin/sh
exec 3<&0
cat <&3 >>"$1" &
exec tail --pid=$PPID --lines=0 --follow "$2"
`

var exabgpConfiguration = configuration("exabgp.conf", `
process table {
  run {{.Script}} {{.Events}} {{.Commands}};
  encoder json;
}
neighbor {{.Neighbor.Address}} {
  router-id {{.RouterID}};
  local-address {{.Neighbor.LocalAddress}};
  local-as {{.ASN}};
  peer-as {{.Neighbor.ASN}};
  hold-time {{.Neighbor.HoldSeconds}};
  listen {{.Port}};
  {{if .Neighbor.Passive}}passive true;{{else}}connect {{.Neighbor.Port}};{{end}}
  {{with .Neighbor.Password}}md5-password "{{.}}";{{end}}
  {{with .Neighbor.MultihopTTL}}outgoing-ttl {{.}};{{end}}
  {{if .Neighbor.TTLSecurityHops}}outgoing-ttl 255; incoming-ttl {{.Neighbor.MinTTL}};{{end}}
  capability {
    add-path receive;
    extended-message enable;
    nexthop enable;
    asn4 enable;
    route-refresh enable;
    {{if .Neighbor.GracefulRestart}}graceful-restart 120;{{end}}
  }
  family { ipv4 unicast; ipv6 unicast; }
  nexthop { ipv4 unicast ipv6; }
  api {
    processes [ table ];
    neighbor-changes;
    receive { parsed; update; open; }
  }
  static {
    {{range .Originate}}route {{.}} next-hop {{if .Addr.Is4}}{{$.Netns.IPv4}}{{else}}{{$.Netns.IPv6}}{{end}};
    {{end}}
  }
}
`)

// Name is ExaBGP.
func (e *ExaBGP) Name() string { return "ExaBGP" }

// Version is what the program says of itself, such as "ExaBGP : 4.2.21".
func (e *ExaBGP) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "exabgp", "--version").CombinedOutput()
	first, _, _ := strings.Cut(string(out), "\n")
	return first, err
}

// Start runs the daemon in the foreground and waits until its reactor runs.
func (e *ExaBGP) Start(ctx context.Context) error {
	if err := e.prepare(); err != nil {
		return err
	}
	command := e.config.Netns.Command(context.WithoutCancel(ctx), "exabgp", e.file())
	command.Env = append(os.Environ(),
		"exabgp.daemon.drop=false", "exabgp.daemon.user=root", "exabgp.api.ack=false", "exabgp.api.cli=false",
		"exabgp.tcp.bind="+e.config.Neighbor.LocalAddress.String(), fmt.Sprintf("exabgp.tcp.port=%d", e.config.Port))
	started := strings.Count(e.Log(), exabgpRuns)
	var err error
	if e.process, err = StartProcess(e.config.Dir, "exabgp", command); err != nil {
		return err
	}
	return e.config.answers(ctx, e.process, func(context.Context) error {
		if strings.Count(e.Log(), exabgpRuns) == started {
			return errors.New("its reactor does not run yet")
		}
		return nil
	})
}

const exabgpRuns = "loaded new configuration successfully"

// prepare writes the files; events of an earlier run are forgotten, as ExaBGP forgets them.
func (e *ExaBGP) prepare() error {
	return errors.Join(
		e.Rewrite(),
		os.WriteFile(e.config.Script, []byte(exabgpScript), 0o755),
		os.WriteFile(e.config.Events, nil, 0o644),
		os.WriteFile(e.config.Commands, nil, 0o644),
	)
}

// Kill ends the daemon and its API process with SIGKILL.
func (e *ExaBGP) Kill() {
	if e.process != nil {
		e.process.Kill()
	}
}

func (e *ExaBGP) file() string { return filepath.Join(e.config.Dir, "exabgp.conf") }

// Rewrite writes the configuration file anew; SIGUSR1 has the daemon read it again.
func (e *ExaBGP) Rewrite() error { return e.config.render(e.file(), exabgpConfiguration, e.config) }

// Process is the running daemon.
func (e *ExaBGP) Process() *Process { return e.process }

// Log is what the daemon wrote so far.
func (e *ExaBGP) Log() string { return logOf(e.process) }

// Session is what the events say.
func (e *ExaBGP) Session(context.Context) (Session, error) {
	table, err := e.table()
	return table.session, err
}

// Route is what the events say.
func (e *ExaBGP) Route(ctx context.Context, prefix netip.Prefix) (*Route, error) {
	return only(e.Routes(ctx, prefix))
}

// Routes is what the events say.
func (e *ExaBGP) Routes(_ context.Context, prefix netip.Prefix) ([]Route, error) {
	table, err := e.table()
	var routes []Route
	for nlri, route := range table.routes {
		if nlri.prefix == prefix {
			routes = append(routes, *route)
		}
	}
	slices.SortFunc(routes, func(a, b Route) int { return cmp.Compare(a.PathID, b.PathID) })
	return routes, err
}

// Refresh tells ExaBGP to send a ROUTE-REFRESH.
func (e *ExaBGP) Refresh(_ context.Context, family Family) error {
	f, err := os.OpenFile(e.config.Commands, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "announce route-refresh %s unicast\n", strings.ToLower(string(family)))
	return errors.Join(err, f.Close())
}

func (e *ExaBGP) table() (exabgpTable, error) {
	events, err := os.ReadFile(e.config.Events)
	if err != nil {
		return exabgpTable{}, err
	}
	return readExaBGPEvents(string(events))
}
