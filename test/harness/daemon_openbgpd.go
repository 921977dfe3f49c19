// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// OpenBGPD runs OpenBGPD's bgpd and asks it with bgpctl over its control socket. It leaves the kernel's routes alone.
type OpenBGPD struct {
	config  Config
	process *Process
}

// NewOpenBGPD makes an OpenBGPD that does not run yet.
func NewOpenBGPD(config Config) *OpenBGPD { return &OpenBGPD{config: config.withDefaults()} }

// openbgpdPath is where Debian keeps the daemon, whose name FRR has too.
const openbgpdPath = "/usr/sbin/bgpd"

// openbgpdRoot is the empty folder that its children change their root to. The package's service would make it.
const openbgpdRoot = "/run/openbgpd"

var openbgpdConfiguration = configuration("bgpd.conf", `
AS {{.ASN}}
router-id {{.RouterID}}
listen on {{if .Neighbor.LocalAddress.IsValid}}{{.Neighbor.LocalAddress}}{{else}}0.0.0.0{{end}} port {{.Port}}
socket "{{.ControlSocket}}"
fib-update no
connect-retry 1
{{range .Originate}}network {{.}}
{{end}}
neighbor {{.Neighbor.Address}} {
  remote-as {{.Neighbor.ASN}}
  port {{.Neighbor.Port}}
  holdtime {{.Neighbor.HoldSeconds}}
  {{if .Neighbor.LocalAddress.IsValid}}local-address {{.Neighbor.LocalAddress}}{{end}}
  {{with .Neighbor.Password}}tcp md5sig password "{{.}}"{{end}}
  {{if .Neighbor.Passive}}passive{{end}}
  {{if .External}}{{with .Neighbor.Hops}}multihop {{.}}{{end}}{{end}}
  {{if .Neighbor.TTLSecurityHops}}ttl-security yes{{end}}
  {{with .Neighbor.Role}}announce policy {{.}}{{end}}
  announce IPv4 unicast
  announce IPv6 unicast
  announce add-path recv yes
  announce enhanced refresh yes
  announce restart {{if .Neighbor.GracefulRestart}}yes{{else}}no{{end}}
}
allow from any
allow to any
`)

// ControlSocket is where OpenBGPD's bgpctl asks.
func (c Config) ControlSocket() string { return filepath.Join(c.Dir, "bgpd.sock") }

// Name is OpenBGPD.
func (o *OpenBGPD) Name() string { return "OpenBGPD" }

// Version is what the program says of itself, such as "OpenBGPD 7.7".
func (o *OpenBGPD) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, openbgpdPath, "-V").CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Start runs the daemon in the foreground and waits until it answers.
func (o *OpenBGPD) Start(ctx context.Context) error {
	file := filepath.Join(o.config.Dir, "bgpd.conf")
	if err := o.config.render(file, openbgpdConfiguration, o.config); err != nil {
		return err
	}
	if err := os.Chmod(file, 0o600); err != nil { // it refuses one that everybody may read
		return err
	}
	if err := os.MkdirAll(openbgpdRoot, 0o755); err != nil {
		return err
	}
	command := o.config.Netns.Command(context.WithoutCancel(ctx), openbgpdPath, "-d", "-f", file)
	var err error
	if o.process, err = StartProcess(o.config.Dir, "openbgpd", command); err != nil {
		return err
	}
	return o.config.answers(ctx, o.process, func(ctx context.Context) error {
		_, err := o.neighbor(ctx)
		return err
	})
}

// Kill ends the daemon and its children with SIGKILL.
func (o *OpenBGPD) Kill() {
	if o.process != nil {
		o.process.Kill()
	}
}

// Process is the running daemon.
func (o *OpenBGPD) Process() *Process { return o.process }

// Log is what the daemon wrote so far.
func (o *OpenBGPD) Log() string { return logOf(o.process) }

// Ask runs a bgpctl command, and decodes its answer as JSON unless answer is nil.
func (o *OpenBGPD) Ask(ctx context.Context, answer any, command ...string) error {
	args := append([]string{"-j", "-s", o.config.ControlSocket()}, command...)
	out, err := exec.CommandContext(ctx, "bgpctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("bgpctl %s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("bgpctl %s: %w: %s", strings.Join(command, " "), err, out)
	}
	return nil
}

func (o *OpenBGPD) neighbor(ctx context.Context) (openbgpdNeighbor, error) {
	var answer struct {
		Neighbors []openbgpdNeighbor `json:"neighbors"`
	}
	if err := o.Ask(ctx, &answer, "show", "neighbor", o.config.Neighbor.Address.String()); err != nil {
		return openbgpdNeighbor{}, err
	}
	if len(answer.Neighbors) != 1 {
		return openbgpdNeighbor{}, fmt.Errorf("OpenBGPD lists %d neighbors", len(answer.Neighbors))
	}
	return answer.Neighbors[0], nil
}

// Session reads `show neighbor`; only the log says of which family an End-of-RIB was.
func (o *OpenBGPD) Session(ctx context.Context) (Session, error) {
	neighbor, err := o.neighbor(ctx)
	if err != nil {
		return Session{}, err
	}
	session, log := neighbor.session(), o.Log()
	const up = "-> Established"
	session.Since = fmt.Sprintf("session %d", strings.Count(log, up))
	if last := strings.LastIndex(log, up); last >= 0 && session.Established {
		for _, family := range []Family{IPv4, IPv6} {
			if strings.Contains(log[last:], "received "+string(family)+" unicast EOR marker") {
				session.EndOfRIB = append(session.EndOfRIB, family)
			}
		}
	}
	return session, nil
}

// Route reads `show rib detail` for exactly one prefix.
func (o *OpenBGPD) Route(ctx context.Context, prefix netip.Prefix) (*Route, error) {
	return only(o.Routes(ctx, prefix))
}

// Routes reads `show rib detail` for exactly one prefix.
func (o *OpenBGPD) Routes(ctx context.Context, prefix netip.Prefix) ([]Route, error) {
	var answer struct {
		RIB []openbgpdRoute `json:"rib"`
	}
	if err := o.Ask(ctx, &answer, "show", "rib", "detail", prefix.String()); err != nil {
		return nil, err
	}
	var routes []Route
	for _, entry := range answer.RIB {
		if entry.Prefix != prefix || entry.Neighbor.Address != o.config.Neighbor.Address.String() {
			continue
		}
		route, err := entry.route()
		if err != nil {
			return nil, fmt.Errorf("OpenBGPD's route: %w", err)
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// Refresh has bgpd ask for all routes of both families again.
func (o *OpenBGPD) Refresh(ctx context.Context, _ Family) error {
	return o.Ask(ctx, nil, "neighbor", o.config.Neighbor.Address.String(), "refresh")
}
