// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
)

// GoBGP runs gobgpd and asks it with gobgp, over gRPC on the loopback address of its namespace.
type GoBGP struct {
	config  Config
	process *Process
}

// NewGoBGP makes a GoBGP that does not run yet.
func NewGoBGP(config Config) *GoBGP { return &GoBGP{config: config.withDefaults()} }

const (
	gobgpAPIHost = "127.0.0.1"
	gobgpAPIPort = "50051"
)

var gobgpConfiguration = configuration("gobgpd.toml", `
[global.config]
  as = {{.ASN}}
  router-id = "{{.RouterID}}"
  port = {{.Port}}
  {{if .Neighbor.LocalAddress.IsValid}}local-address-list = ["{{.Neighbor.LocalAddress}}"]{{end}}
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{{.Neighbor.Address}}"
    peer-as = {{.Neighbor.ASN}}
    {{with .Neighbor.Password}}auth-password = "{{.}}"{{end}}
  [neighbors.transport.config]
    remote-port = {{.Neighbor.Port}}
    passive-mode = {{.Neighbor.Passive}}
    {{if .Neighbor.LocalAddress.IsValid}}local-address = "{{.Neighbor.LocalAddress}}"{{end}}
  [neighbors.timers.config]
    hold-time = {{.Neighbor.HoldSeconds}}
    connect-retry = 1
    idle-hold-time-after-reset = 1
{{if .Neighbor.MultihopTTL}}
  [neighbors.ebgp-multihop.config]
    enabled = true
    multihop-ttl = {{.Neighbor.MultihopTTL}}
{{end}}
{{if .Neighbor.TTLSecurityHops}}
  [neighbors.ttl-security.config]
    enabled = true
    ttl-min = {{.Neighbor.MinTTL}}
{{end}}
{{if .Neighbor.GracefulRestart}}
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = {{if .Neighbor.LongLivedSeconds}}2{{else}}120{{end}}
    long-lived-enabled = {{ne .Neighbor.LongLivedSeconds 0}}
    notification-enabled = {{.Neighbor.KeepsOverNotifications}}
{{end}}
{{$gr := .Neighbor.GracefulRestart}}
{{$stale := .Neighbor.LongLivedSeconds}}
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = {{$gr}}
    {{with $stale}}[neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = {{.}}{{end}}
    [neighbors.afi-safis.add-paths.config]
      receive = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = {{$gr}}
    {{with $stale}}[neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = {{.}}{{end}}
    [neighbors.afi-safis.add-paths.config]
      receive = true
`)

// Name is GoBGP.
func (g *GoBGP) Name() string { return "GoBGP" }

// Version is what the program says of itself, such as "gobgpd version 3.10.0".
func (g *GoBGP) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "gobgpd", "--version").Output()
	return strings.TrimSpace(string(out)), err
}

// Start runs the daemon in the foreground and waits until it answers.
func (g *GoBGP) Start(ctx context.Context) error {
	file := filepath.Join(g.config.Dir, "gobgpd.toml")
	if err := g.config.render(file, gobgpConfiguration, g.config); err != nil {
		return err
	}
	command := g.config.Netns.Command(context.WithoutCancel(ctx), "gobgpd",
		"-f", file, "--api-hosts", gobgpAPIHost+":"+gobgpAPIPort, "--log-plain", "--pprof-disable")
	var err error
	if g.process, err = StartProcess(g.config.Dir, "gobgpd", command); err != nil {
		return err
	}
	if err := g.config.answers(ctx, g.process, func(ctx context.Context) error {
		return g.ask(ctx, &gobgpNeighbor{}, "neighbor", g.config.Neighbor.Address.String())
	}); err != nil {
		return err
	}
	for _, prefix := range g.config.Originate {
		if err := g.ask(ctx, nil, "global", "rib", "add", prefix.String(), "-a", g.family(FamilyOf(prefix))); err != nil {
			return err
		}
	}
	return nil
}

// Kill ends the daemon with SIGKILL.
func (g *GoBGP) Kill() {
	if g.process != nil {
		g.process.Kill()
	}
}

// Process is the running daemon.
func (g *GoBGP) Process() *Process { return g.process }

// Ask runs a gobgp command, and decodes its answer as JSON unless answer is nil.
func (g *GoBGP) Ask(ctx context.Context, answer any, command ...string) error {
	return g.ask(ctx, answer, command...)
}

// Log is what the daemon wrote so far.
func (g *GoBGP) Log() string { return logOf(g.process) }

// ask runs a gobgp command and decodes its answer, unless answer is nil.
func (g *GoBGP) ask(ctx context.Context, answer any, command ...string) error {
	args := append([]string{"-u", gobgpAPIHost, "-p", gobgpAPIPort, "-j"}, command...)
	out, err := g.config.Netns.Command(ctx, "gobgp", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("gobgp %s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("gobgp %s: %w: %s", strings.Join(command, " "), err, out)
	}
	return nil
}

func (g *GoBGP) family(family Family) string { return strings.ToLower(string(family)) }

// Session reads `gobgp neighbor`; only the log has the reason of the last NOTIFICATION.
func (g *GoBGP) Session(ctx context.Context) (Session, error) {
	var neighbor gobgpNeighbor
	if err := g.ask(ctx, &neighbor, "neighbor", g.config.Neighbor.Address.String()); err != nil {
		return Session{}, err
	}
	session := neighbor.session()
	for line := range strings.Lines(g.Log()) {
		if strings.Contains(line, "Peer Down") || strings.Contains(line, "notification") {
			session.LastError = strings.TrimSpace(line)
		}
	}
	return session, nil
}

// Route reads `gobgp global rib` for exactly one prefix.
func (g *GoBGP) Route(ctx context.Context, prefix netip.Prefix) (*Route, error) {
	return only(g.Routes(ctx, prefix))
}

// Routes reads `gobgp global rib` for exactly one prefix.
func (g *GoBGP) Routes(ctx context.Context, prefix netip.Prefix) ([]Route, error) {
	var table map[string][]gobgpPath
	if err := g.ask(ctx, &table, "global", "rib", "-a", g.family(FamilyOf(prefix)), prefix.String()); err != nil {
		if strings.Contains(err.Error(), "Network not in table") {
			return nil, nil
		}
		return nil, err
	}
	var routes []Route
	for _, path := range table[prefix.String()] {
		route, err := path.route()
		if err != nil {
			return nil, err
		}
		routes = append(routes, *route)
	}
	return routes, nil
}

// Refresh is ErrUnsupported: `gobgp neighbor softresetin` looks again at what GoBGP has kept, and asks for nothing.
func (g *GoBGP) Refresh(context.Context, Family) error { return ErrUnsupported }
