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
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// FRR runs FRRouting's bgpd, with zebra for what it must know of interfaces, and asks them with vtysh. Neither
// touches the kernel's routes.
type FRR struct {
	config  Config
	sockets string // a folder of the daemons' own user, to which they change
	zebra   *Process
	bgpd    *Process
}

// NewFRR makes an FRR that does not run yet.
func NewFRR(config Config) *FRR { return &FRR{config: config.withDefaults()} }

// frrPath is where Debian keeps the daemons, which are not in anybody's PATH.
func frrPath(daemon string) string { return "/usr/lib/frr/" + daemon }

var frrConfiguration = configuration("bgpd.conf", `
hostname router
log stdout
router bgp {{.ASN}}
 bgp router-id {{.RouterID}}
 bgp log-neighbor-changes
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 {{with .Neighbor.LongLivedSeconds}}bgp graceful-restart restart-time 2
 bgp long-lived-graceful-restart stale-time {{.}}{{end}}
 {{if .Neighbor.KeepsOverNotifications}}bgp graceful-restart notification{{end}}
 {{$peer := .Neighbor.Address}}
 neighbor {{$peer}} remote-as {{.Neighbor.ASN}}
 neighbor {{$peer}} timers {{.KeepaliveSeconds}} {{.Neighbor.HoldSeconds}}
 neighbor {{$peer}} timers connect 1
 neighbor {{$peer}} advertisement-interval 0
 neighbor {{$peer}} port {{.Neighbor.Port}}
 {{if .Neighbor.LocalAddress.IsValid}}neighbor {{$peer}} update-source {{.Neighbor.LocalAddress}}{{end}}
 {{with .Neighbor.Password}}neighbor {{$peer}} password {{.}}{{end}}
 {{if .Neighbor.Passive}}neighbor {{$peer}} passive{{end}}
 {{if and .Neighbor.MultihopTTL .External}}neighbor {{$peer}} ebgp-multihop {{.Neighbor.MultihopTTL}}{{end}}
 {{with .Neighbor.TTLSecurityHops}}neighbor {{$peer}} ttl-security hops {{.}}{{end}}
 {{with .Neighbor.Role}}neighbor {{$peer}} local-role {{.}}{{end}}
 neighbor {{$peer}} capability extended-nexthop
 {{if .Neighbor.GracefulRestart}}neighbor {{$peer}} graceful-restart{{end}}
 address-family ipv4 unicast
  neighbor {{$peer}} activate
  {{range .Originate}}{{if .Addr.Is4}}network {{.}}{{end}}
  {{end}}
 exit-address-family
 address-family ipv6 unicast
  neighbor {{$peer}} activate
  {{range .Originate}}{{if .Addr.Is6}}network {{.}}{{end}}
  {{end}}
 exit-address-family
`)

// KeepaliveSeconds is a third of the hold time.
func (c Config) KeepaliveSeconds() int { return c.Neighbor.HoldSeconds / 3 }

// Name is FRR.
func (f *FRR) Name() string { return "FRR" }

// Version is what bgpd says of itself, such as "bgpd version 8.4.4".
func (f *FRR) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, frrPath("bgpd"), "--version").Output()
	first, _, _ := strings.Cut(string(out), "\n")
	return first, err
}

// Start runs zebra, then bgpd, each in the foreground, and waits until they answer.
func (f *FRR) Start(ctx context.Context) error {
	if err := f.prepare(); err != nil {
		return err
	}
	var err error
	if f.zebra, err = f.start(ctx, "zebra"); err != nil {
		return err
	}
	if err := f.answering(ctx, f.zebra); err != nil {
		return err
	}
	args := []string{"--no_kernel", "--bgp_port", strconv.Itoa(int(f.config.Port))}
	if f.config.Listen.IsValid() {
		args = append(args, "--listenon", f.config.Listen.String())
	}
	if f.bgpd, err = f.start(ctx, "bgpd", args...); err != nil {
		return err
	}
	return f.answering(ctx, f.bgpd)
}

// prepare makes the folder and writes the configuration. A test's own folder will not do: others may not enter it.
func (f *FRR) prepare() error {
	dir, err := os.MkdirTemp("", "herald-frr-")
	if err != nil {
		return err
	}
	f.sockets = dir
	account, err := user.Lookup("frr")
	if err != nil {
		return fmt.Errorf("FRR runs as its own user: %w", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "zebra.conf"), []byte("hostname router\nlog stdout\n"), 0o644); err != nil {
		return err
	}
	return f.config.render(filepath.Join(dir, "bgpd.conf"), frrConfiguration, f.config)
}

func (f *FRR) start(ctx context.Context, daemon string, args ...string) (*Process, error) {
	dir := f.sockets
	args = append([]string{
		"--vty_socket", dir, "--vty_port", "0", "--socket", filepath.Join(dir, "zserv.api"), "--log", "stdout",
		"--pid_file", filepath.Join(dir, daemon+".pid"), "--config_file", filepath.Join(dir, daemon+".conf"),
	}, args...)
	return StartProcess(f.config.Dir, daemon, f.config.Netns.Command(context.WithoutCancel(ctx), frrPath(daemon), args...))
}

func (f *FRR) answering(ctx context.Context, process *Process) error {
	return f.config.answers(ctx, process, func(ctx context.Context) error {
		_, err := f.ask(ctx, process.Name, "show version")
		return err
	})
}

// Kill ends both daemons with SIGKILL.
func (f *FRR) Kill() {
	for _, process := range []*Process{f.bgpd, f.zebra} {
		if process != nil {
			process.Kill()
		}
	}
	if f.sockets != "" {
		_ = os.RemoveAll(f.sockets) // sockets and a configuration in the system's folder for what may go
	}
}

// Processes are the running daemons.
func (f *FRR) Processes() []*Process { return []*Process{f.zebra, f.bgpd} }

// Ask has bgpd run a command of vtysh, and returns its answer.
func (f *FRR) Ask(ctx context.Context, command string) ([]byte, error) {
	return f.ask(ctx, "bgpd", command)
}

// Feed has bgpd run the commands in a file, as if they were typed one after the other.
func (f *FRR) Feed(ctx context.Context, file string) error {
	out, err := exec.CommandContext(ctx, "vtysh", "--vty_socket", f.sockets, "-d", "bgpd", "-f", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("vtysh -f: %w: %s", err, lastLines(string(out), tailLines))
	}
	return nil
}

// Log is what bgpd wrote so far.
func (f *FRR) Log() string { return logOf(f.bgpd) }

func (f *FRR) ask(ctx context.Context, daemon, command string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "vtysh", "--vty_socket", f.sockets, "-d", daemon, "-c", command).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("vtysh %s: %w: %s", command, err, strings.TrimSpace(string(out)))
	}
	return out, nil
}

// Session reads `show bgp neighbors`; of a session that was never established the log alone has the NOTIFICATION.
func (f *FRR) Session(ctx context.Context) (Session, error) {
	out, err := f.ask(ctx, "bgpd", fmt.Sprintf("show bgp neighbors %s json", f.config.Neighbor.Address))
	if err != nil {
		return Session{}, err
	}
	var neighbors map[string]frrNeighbor
	if err := json.Unmarshal(out, &neighbors); err != nil {
		return Session{}, fmt.Errorf("FRR's neighbor: %w", err)
	}
	session := neighbors[f.config.Neighbor.Address.String()].session()
	for line := range strings.Lines(f.Log()) {
		if strings.Contains(line, "%NOTIFICATION") {
			session.LastError += " " + strings.TrimSpace(line)
		}
	}
	return session, nil
}

// Route reads `show bgp` for exactly one prefix.
func (f *FRR) Route(ctx context.Context, prefix netip.Prefix) (*Route, error) {
	return only(f.Routes(ctx, prefix))
}

// Routes reads `show bgp` for exactly one prefix.
func (f *FRR) Routes(ctx context.Context, prefix netip.Prefix) ([]Route, error) {
	out, err := f.ask(ctx, "bgpd", fmt.Sprintf("show bgp %s unicast %s json", strings.ToLower(string(FamilyOf(prefix))), prefix))
	if err != nil {
		return nil, err
	}
	var table frrRoutes
	if err := json.Unmarshal(out, &table); err != nil {
		return nil, fmt.Errorf("FRR's route: %w: %s", err, out)
	}
	return table.routes(prefix), nil
}

// Refresh has bgpd ask for all routes of a family again.
func (f *FRR) Refresh(ctx context.Context, family Family) error {
	_, err := f.ask(ctx, "bgpd", fmt.Sprintf("clear bgp %s unicast %s soft in", strings.ToLower(string(family)), f.config.Neighbor.Address))
	return err
}
