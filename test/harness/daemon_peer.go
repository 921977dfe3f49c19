// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// ErrUnsupported is what a daemon answers to a question that it has no command for.
var ErrUnsupported = errors.New("the daemon has no command for this")

// Peer is a BGP daemon of somebody else's with one neighbour. What it says is read from its own tables.
type Peer interface {
	// Name is the daemon's, such as BIRD.
	Name() string
	// Version is what the program says of itself.
	Version(ctx context.Context) (string, error)
	// Start runs the daemon and returns once it answers questions. A daemon that was stopped may start again.
	Start(ctx context.Context) error
	// Kill ends the daemon with SIGKILL: no NOTIFICATION, and the kernel closes its sockets.
	Kill()
	// Session is the state of the session with its neighbour.
	Session(ctx context.Context) (Session, error)
	// Route is the route for exactly that prefix in the daemon's own table, nil when it has none. Several are an error.
	Route(ctx context.Context, prefix netip.Prefix) (*Route, error)
	// Routes are all routes for exactly that prefix that its neighbour sent: more than one with add-path (RFC 7911).
	Routes(ctx context.Context, prefix netip.Prefix) ([]Route, error)
	// Refresh has the daemon send a ROUTE-REFRESH (RFC 2918) for the family of prefixes like that one.
	Refresh(ctx context.Context, family Family) error
	// Log is what the daemon wrote so far.
	Log() string
}

// Family is the address family of unicast routes.
type Family string

// The families that every daemon here speaks.
const (
	IPv4 Family = "IPv4"
	IPv6 Family = "IPv6"
)

// FamilyOf is the family of a prefix.
func FamilyOf(prefix netip.Prefix) Family {
	if prefix.Addr().Is4() {
		return IPv4
	}
	return IPv6
}

// Session is what a daemon says of the session with its neighbour.
type Session struct {
	// State is the daemon's own word for it.
	State string
	// Established says whether that word means so.
	Established bool
	// Since tells one session from the next: it stays the same as long as the session does.
	Since string
	// EndOfRIB lists the families whose End-of-RIB came (RFC 4724 §2).
	EndOfRIB []Family
	// Restarting says that the daemon keeps routes for a neighbour that it expects back (RFC 4724 §4.2).
	Restarting bool
	// Routes counts what announced routes since the session or the daemon began: routes or messages, as the daemon
	// counts them.
	Routes int
	// HostName is the neighbour's own name (draft-walton-bgp-hostname-capability), where the daemon shows it.
	HostName string
	// SoftwareVersion is what the neighbour says of its program (draft-abraitis-bgp-version-capability), where the daemon
	// shows it.
	SoftwareVersion string
	// LastError is the daemon's own text for why the last session ended.
	LastError string
}

// Route is a route as a daemon holds it, every value in one notation: communities as decimal numbers, with
// colons, in ascending order; extended communities with their type before, such as rt:64512:100.
type Route struct {
	NextHop             netip.Addr
	LinkLocal           netip.Addr // the second next hop of RFC 2545 §3, where the daemon shows it
	Origin              string     // IGP, EGP or Incomplete, as the API names them
	ASPath              []uint32
	MED                 *uint32
	LocalPref           *uint32
	Communities         []string
	LargeCommunities    []string
	ExtendedCommunities []string
	Aggregator          string // "ASN ADDRESS"
	AtomicAggregate     bool
	OriginatorID        netip.Addr
	ClusterList         []netip.Addr
	OTC                 uint32           // ONLY_TO_CUSTOMER (RFC 9234 §5)
	Unknown             map[uint8]string // values in hexadecimal, by type code, of what the daemon has no name for
	PathID              uint32           // RFC 7911, where the daemon shows it
	Stale               bool             // kept for a neighbour that restarts
}

// setUnknown keeps an attribute that the daemon has no name for: its type code in some base, and its octets, which it may
// separate.
func (r *Route) setUnknown(code string, base int, octets string) {
	number, err := strconv.ParseUint(code, base, 8)
	if err != nil {
		return // a name that this package does not look at
	}
	if r.Unknown == nil {
		r.Unknown = map[uint8]string{}
	}
	octets = strings.TrimPrefix(strings.ToLower(octets), "0x")
	r.Unknown[uint8(number)] = strings.NewReplacer(" ", "", ":", "").Replace(octets)
}

// only is the one route of several, nil where there is none.
func only(routes []Route, err error) (*Route, error) {
	switch {
	case err != nil || len(routes) == 0:
		return nil, err
	case len(routes) > 1:
		return nil, fmt.Errorf("%d routes for one prefix from one neighbour", len(routes))
	}
	return &routes[0], nil
}

// Neighbor is the one neighbour of a daemon, from the daemon's point of view. Capabilities that are not named here a
// daemon offers wherever it has them: which of them a session uses is for the neighbour to say.
type Neighbor struct {
	Address         netip.Addr
	Port            uint16 // 0 for 179
	ASN             uint32
	LocalAddress    netip.Addr
	Passive         bool   // only accept
	Password        string // TCP MD5 (RFC 2385)
	MultihopTTL     uint8  // 0 for a neighbour on a shared link
	TTLSecurityHops uint8  // GTSM (RFC 5082): the hops at most, 1 for a shared link; 0 for no such check
	HoldSeconds     int    // 0 for 90
	GracefulRestart bool
	// LongLivedSeconds offers long-lived graceful restart (RFC 9494) with that stale time after a restart time of 2 s; 0 for
	// none. KeepsOverNotifications offers to keep routes over a NOTIFICATION too (RFC 8538). Both go with GracefulRestart.
	LongLivedSeconds       int
	KeepsOverNotifications bool
	Role                   Role // the daemon's own (RFC 9234), where it knows roles
}

// Role is a role of RFC 9234, as every daemon that knows them writes it.
type Role string

// The roles of a session between two providers of transit and their customers.
const (
	Provider Role = "provider"
	Customer Role = "customer"
)

// Hops is how many hops the neighbour is away at most, 0 for one on a shared link.
func (n Neighbor) Hops() uint8 {
	if n.TTLSecurityHops > 1 {
		return n.TTLSecurityHops
	}
	return n.MultihopTTL
}

// MinTTL is the least TTL that arrives with GTSM (RFC 5082 §3).
func (n Neighbor) MinTTL() int { return 256 - int(n.TTLSecurityHops) }

// Config is a daemon's configuration.
type Config struct {
	// Netns is where the daemon runs.
	Netns *Netns
	// Dir holds its files and sockets. NewPeer chooses one where it is empty.
	Dir string
	// RouterID and ASN are the daemon's own.
	RouterID netip.Addr
	ASN      uint32
	// Port is where it listens, 0 for 179; Listen is the one address, where the daemon is to have no other (FRR alone is
	// told so: the configurations of the others say it).
	Port   uint16
	Listen netip.Addr
	// Neighbor is the session that it keeps.
	Neighbor Neighbor
	// Originate are prefixes that the daemon announces itself, where it can.
	Originate []netip.Prefix
	// Text writes the configuration file, in place of what follows from Neighbor and Originate: for more neighbours and
	// routes than these tell of, or others.
	Text func(io.Writer) error
	// Patience is how long Start waits for the daemon to answer, 0 for 30 s.
	Patience time.Duration
}

// withDefaults fills what was left out.
func (c Config) withDefaults() Config {
	if c.Port == 0 {
		c.Port = 179
	}
	if c.Neighbor.Port == 0 {
		c.Neighbor.Port = 179
	}
	if c.Neighbor.HoldSeconds == 0 {
		c.Neighbor.HoldSeconds = 90
	}
	if c.Patience == 0 {
		c.Patience = 30 * time.Second
	}
	return c
}

// External says whether the session is between two autonomous systems.
func (c Config) External() bool { return c.ASN != c.Neighbor.ASN }

// Daemon is a kind of BGP daemon.
type Daemon struct {
	// Name is what people call it.
	Name string
	// Programs are what must be installed, and Package is the Debian package that has them.
	Programs []string
	Package  string
	// New makes a daemon with a configuration, which does not run yet.
	New func(Config) Peer
}

// Daemons are the daemons that sessions are tested against.
func Daemons() []Daemon {
	return []Daemon{
		{Name: "BIRD", Programs: []string{"bird", "birdc"}, Package: "bird2", New: func(c Config) Peer { return NewBIRD(c) }},
		{Name: "FRR", Programs: []string{frrPath("bgpd"), frrPath("zebra"), "vtysh"}, Package: "frr", New: func(c Config) Peer { return NewFRR(c) }},
		{Name: "GoBGP", Programs: []string{"gobgpd", "gobgp"}, Package: "gobgpd", New: func(c Config) Peer { return NewGoBGP(c) }},
		{Name: "ExaBGP", Programs: []string{"exabgp"}, Package: "exabgp", New: func(c Config) Peer { return NewExaBGP(c) }},
		{Name: "OpenBGPD", Programs: []string{openbgpdPath, "bgpctl"}, Package: "openbgpd", New: func(c Config) Peer { return NewOpenBGPD(c) }},
	}
}

// NewPeer makes a daemon for a test, which is skipped where the daemon is not installed. The test ends with it
// gone, and prints its log when it failed.
func (d Daemon) NewPeer(tb testing.TB, config Config) Peer {
	tb.Helper()
	d.Require(tb)
	if config.Dir == "" {
		config.Dir = peerDir(tb, d.Name)
	}
	peer := d.New(config)
	tb.Cleanup(func() {
		peer.Kill()
		if tb.Failed() {
			tb.Logf("--- %s\n%s", d.Name, lastLines(peer.Log(), tailLines))
		}
	})
	return peer
}

// peerDir is a folder whose path, unlike that of tb.TempDir, has no character that some daemon's configuration parses.
func peerDir(tb testing.TB, daemon string) string {
	dir, err := os.MkdirTemp("", "herald-"+strings.ToLower(daemon)+"-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Require skips a test whose daemon is not installed. With CI=true it fails.
func (d Daemon) Require(tb testing.TB) {
	tb.Helper()
	for _, program := range d.Programs {
		RequireTool(tb, program, d.Package)
	}
}

// answers asks until the daemon gives no error, for as long as its process runs.
func (c Config) answers(ctx context.Context, process *Process, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-process.Done():
			return fmt.Errorf("%s ended (%w): %s", process.Name, process.Err(), lastLines(process.Log(), 5))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", process.Name, err)
		case <-ticker.C:
		}
	}
}

// render writes a configuration file: what Text writes, or else the template with its data.
func (c Config) render(file string, text *template.Template, data any) error {
	f, err := os.OpenFile(filepath.Clean(file), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	w := bufio.NewWriter(f)
	if c.Text != nil {
		err = c.Text(w)
	} else {
		err = text.Execute(w, data)
	}
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("configuration %s: %w", file, err)
	}
	return nil
}

// configuration parses the template of a configuration file.
func configuration(name, text string) *template.Template {
	return template.Must(template.New(name).Parse(text))
}
