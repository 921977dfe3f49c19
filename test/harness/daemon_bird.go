// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// BIRD runs BIRD 2, and asks it with birdc over its control socket.
type BIRD struct {
	config  Config
	process *Process
}

// NewBIRD makes a BIRD that does not run yet.
func NewBIRD(config Config) *BIRD { return &BIRD{config: config.withDefaults()} }

var birdConfiguration = configuration("bird.conf", `
log stderr all;
router id {{.RouterID}};
timeformat base iso long ms;
timeformat log iso long ms;
timeformat protocol iso long ms;
timeformat route iso long ms;

protocol device {}
protocol direct { ipv4; ipv6; }

protocol static { ipv4; {{range .Originate}}{{if .Addr.Is4}}route {{.}} blackhole; {{end}}{{end}} }
protocol static { ipv6; {{range .Originate}}{{if .Addr.Is6}}route {{.}} blackhole; {{end}}{{end}} }
protocol bgp herald {
  debug { states, events, packets };
  local {{if .Neighbor.LocalAddress.IsValid}}{{.Neighbor.LocalAddress}}{{end}} port {{.Port}} as {{.ASN}};
  neighbor {{.Neighbor.Address}} port {{.Neighbor.Port}} as {{.Neighbor.ASN}};
  {{with .Neighbor.Hops}}multihop {{.}};{{else}}direct;{{end}}
  {{if .Neighbor.TTLSecurityHops}}ttl security on;{{end}}
  {{with .Neighbor.Role}}local role {{.}};{{end}}
  {{with .Neighbor.Password}}password "{{.}}";{{end}}
  {{if .Neighbor.Passive}}passive on;{{end}}
  strict bind on;
  hold time {{.Neighbor.HoldSeconds}};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  graceful restart {{if .Neighbor.GracefulRestart}}on{{else}}off{{end}};
  {{with .Neighbor.LongLivedSeconds}}graceful restart time 2; long lived graceful restart on; long lived stale time {{.}};{{end}}
  enable extended messages on;
  ipv4 { import all; export where source = RTS_STATIC; add paths rx; extended next hop on; };
  ipv6 { import all; export where source = RTS_STATIC; add paths rx; };
}
`)

// Name is BIRD.
func (b *BIRD) Name() string { return "BIRD" }

// Version is what the program says of itself, such as "BIRD version 2.0.12".
func (b *BIRD) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "bird", "--version").CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Socket is the path of the control socket, for birdc.
func (b *BIRD) Socket() string { return filepath.Join(b.config.Dir, "bird.ctl") }

// Start runs the daemon in the foreground and waits until it answers.
func (b *BIRD) Start(ctx context.Context) error {
	file := filepath.Join(b.config.Dir, "bird.conf")
	if err := b.config.render(file, birdConfiguration, b.config); err != nil {
		return err
	}
	command := b.config.Netns.Command(context.WithoutCancel(ctx), "bird", "-f", "-c", file, "-s", b.Socket())
	var err error
	if b.process, err = StartProcess(b.config.Dir, "bird", command); err != nil {
		return err
	}
	return b.config.answers(ctx, b.process, func(ctx context.Context) error {
		_, err := b.Ask(ctx, "show", "status")
		return err
	})
}

// Kill ends the daemon with SIGKILL.
func (b *BIRD) Kill() {
	if b.process != nil {
		b.process.Kill()
	}
}

// Process is the running daemon.
func (b *BIRD) Process() *Process { return b.process }

// Log is what the daemon wrote so far.
func (b *BIRD) Log() string { return logOf(b.process) }

// Ask runs a birdc command and returns its answer without the greeting.
func (b *BIRD) Ask(ctx context.Context, command ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "birdc", append([]string{"-s", b.Socket()}, command...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("birdc %s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	_, answer, _ := strings.Cut(string(out), " ready.\n")
	return answer, nil
}

// Session reads `show protocols all`. BIRD shows an End-of-RIB in its log alone, since the last time that the
// session came up.
func (b *BIRD) Session(ctx context.Context) (Session, error) {
	answer, err := b.Ask(ctx, "show", "protocols", "all", "herald")
	if err != nil {
		return Session{}, err
	}
	session := parseBIRDProtocol(answer)
	log := b.Log()
	// The time of `show protocols` is computed anew each time, and differs by a millisecond.
	session.Since = fmt.Sprintf("session %d", strings.Count(log, "herald: BGP session established"))
	if up := strings.LastIndex(log, "herald: BGP session established"); up >= 0 && session.Established {
		// BIRD does not say of which family it was: its session has both.
		if strings.Count(log[up:], "herald: Got END-OF-RIB") >= 2 {
			session.EndOfRIB = []Family{IPv4, IPv6}
		}
	}
	return session, nil
}

var birdImports = regexp.MustCompile(`Import updates:\s+(\d+)`)

func parseBIRDProtocol(answer string) Session {
	var session Session
	for line := range strings.Lines(answer) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found {
			continue
		}
		switch value = strings.TrimSpace(value); key {
		case "BGP state":
			session.State, session.Established = value, value == "Established"
		case "Hostname":
			session.HostName = value
		case "Last error":
			session.LastError = value
		}
	}
	for _, m := range birdImports.FindAllStringSubmatch(answer, -1) {
		updates, _ := strconv.Atoi(m[1])
		session.Routes += updates
	}
	session.Restarting = strings.Contains(answer, "Neighbor graceful restart active")
	return session
}

// Route reads `show route all` for exactly one prefix.
func (b *BIRD) Route(ctx context.Context, prefix netip.Prefix) (*Route, error) {
	return only(b.Routes(ctx, prefix))
}

// Routes reads `show route all` for exactly one prefix.
func (b *BIRD) Routes(ctx context.Context, prefix netip.Prefix) ([]Route, error) {
	answer, err := b.Ask(ctx, "show", "route", prefix.String(), "all", "protocol", "herald")
	if err != nil && strings.Contains(err.Error(), "Network not found") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseBIRDRoutes(answer)
}

// parseBIRDRoutes reads the lines "BGP.name: value" of each route, which begins with a line that names the protocol.
func parseBIRDRoutes(answer string) ([]Route, error) {
	var routes []Route
	for line := range strings.Lines(answer) {
		if strings.Contains(line, " [herald ") {
			routes = append(routes, Route{})
		}
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		name, isAttribute := strings.CutPrefix(name, "BGP.")
		if !found || !isAttribute || len(routes) == 0 {
			continue
		}
		if err := routes[len(routes)-1].setBIRD(name, strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("BIRD's %s %q: %w", name, value, err)
		}
	}
	return routes, nil
}

func (r *Route) setBIRD(name, value string) (err error) {
	switch name {
	case "origin":
		r.Origin = originName(value)
	case "as_path":
		r.ASPath, err = parseASNs(strings.Fields(value))
	case "next_hop":
		fields := strings.Fields(value)
		if r.NextHop, err = netip.ParseAddr(fields[0]); err == nil && len(fields) > 1 {
			r.LinkLocal, err = netip.ParseAddr(fields[1])
		}
	case "med":
		r.MED, err = parseNumber(value)
	case "local_pref":
		r.LocalPref, err = parseNumber(value)
	case "community":
		r.Communities = birdTuples(value)
	case "large_community":
		r.LargeCommunities = birdTuples(value)
	case "ext_community":
		r.ExtendedCommunities = birdTuples(strings.ReplaceAll(value, "(ro,", "(soo,"))
	case "atomic_aggr":
		r.AtomicAggregate = true
	case "aggregator":
		address, asn, _ := strings.Cut(value, " AS")
		r.Aggregator = asn + " " + address
	case "originator_id":
		r.OriginatorID, err = netip.ParseAddr(value)
	case "cluster_list":
		r.ClusterList, err = parseAddresses(strings.Fields(value))
	case "otc":
		var asn *uint32
		if asn, err = parseNumber(value); err == nil {
			r.OTC = *asn
		}
	default:
		code, _, _ := strings.Cut(name, " ")
		r.setUnknown(code, 16, value)
	}
	return err
}

var birdTuple = regexp.MustCompile(`\(([^)]*)\)`)

// birdTuples turns "(64512,100) (65535,65281)" into 64512:100 and 65535:65281.
func birdTuples(value string) []string {
	var tuples []string
	for _, m := range birdTuple.FindAllStringSubmatch(value, -1) {
		tuples = append(tuples, strings.ReplaceAll(strings.ReplaceAll(m[1], " ", ""), ",", ":"))
	}
	return sortCommunities(tuples)
}

// Refresh has BIRD ask for all routes again.
func (b *BIRD) Refresh(ctx context.Context, _ Family) error {
	_, err := b.Ask(ctx, "reload", "in", "herald")
	return err
}
