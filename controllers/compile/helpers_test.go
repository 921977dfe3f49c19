// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// born is when the oldest object of a test was created.
var born = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// meta is the metadata of an object that is age seconds younger than the oldest.
func meta(namespace, name string, age int) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, Generation: 1,
		UID:               types.UID("uid-" + namespace + "-" + name),
		CreationTimestamp: metav1.NewTime(born.Add(time.Duration(age) * time.Second)),
	}
}

func peer(name, address string, age int, change ...func(*v1alpha1.BGPPeer)) v1alpha1.BGPPeer {
	p := v1alpha1.BGPPeer{
		ObjectMeta: meta("", name, age),
		Spec:       v1alpha1.BGPPeerSpec{Address: address, LocalASN: new(int64(64512)), PeerASN: new(int64(64500))},
	}
	for _, f := range change {
		f(&p)
	}
	return p
}

func announcement(namespace, name string, age int, prefixes []string, change ...func(*v1alpha1.Announcement)) v1alpha1.Announcement {
	a := v1alpha1.Announcement{
		ObjectMeta: meta(namespace, name, age),
		Spec:       v1alpha1.AnnouncementSpec{Prefixes: prefixes},
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

// given is an input as people write it.
type given struct {
	compile.Settings
	Node           compile.NodeFacts
	Namespaces     map[string]map[string]string
	Secrets        map[string]map[string][]byte
	SecretProblems map[string]string
	Now            time.Time
	Peers          []v1alpha1.BGPPeer
	Announcements  []v1alpha1.Announcement
}

// read is what is compiled, where reader has read the objects.
func (in given) read(reader *compile.Reader) compile.Inputs {
	inputs := reader.ReadAll(in.Peers, in.Announcements)
	inputs.Node, inputs.Now = &in.Node, in.Now
	inputs.Namespaces, inputs.Secrets = map[string]compile.Namespace{}, map[string]compile.Secret{}
	for name, labels := range in.Namespaces {
		inputs.Namespaces[name] = compile.Namespace{Exists: true, Labels: labels}
	}
	for name, data := range in.Secrets {
		inputs.Secrets[name] = compile.Secret{Exists: true, Data: data}
	}
	for name, problem := range in.SecretProblems {
		inputs.Secrets[name] = compile.Secret{Problem: problem}
	}
	return inputs
}

// catalog is what the objects say, where nobody has read them before.
func (in given) catalog() *compile.Catalog {
	catalog := compile.NewCatalog(in.OperatorNamespace, in.TrustAll)
	inputs := in.read(&compile.Reader{})
	catalog.Update(&inputs)
	return catalog
}

// compiled is an output and whose it is.
type compiled struct {
	*compile.Output
	compiler *compile.Compiler
}

// compileGiven compiles objects that nobody has read before.
func compileGiven(in given) compiled {
	var h history
	return h.compile(in)
}

// history compiles one version of the objects after the other, as a controller does.
type history struct {
	reader   compile.Reader
	compiler *compile.Compiler
}

func (h *history) compile(in given) compiled {
	if h.compiler == nil {
		h.compiler = compile.NewCompiler(in.Settings)
	}
	inputs := in.read(&h.reader)
	h.compiler.Complete(&inputs)
	return compiled{h.compiler.Update(&inputs), h.compiler}
}

// update compiles what changed since the last time alone.
func (h *history) update(in given) compiled {
	inputs := in.read(&h.reader)
	h.compiler.Complete(&inputs)
	compile.LeaveOutUnchanged(h.compiler, &inputs)
	return compiled{h.compiler.Update(&inputs), h.compiler}
}

// input is a node with one peer, where the namespace platform is the operator's own.
func input(change ...func(*given)) given {
	in := given{
		Settings:   compile.Settings{NodeName: "node-1", OperatorNamespace: "platform", AuthNamespace: "platform"},
		Node:       compile.NodeFacts{Name: "node-1", Addresses: addrs("192.0.2.10", "2001:db8::10")},
		Namespaces: map[string]map[string]string{"shop": {"team": "web"}, "platform": {}},
		Peers:      []v1alpha1.BGPPeer{peer("tor-a", "192.0.2.1", 0)},
	}
	for _, f := range change {
		f(&in)
	}
	return in
}

func addrs(texts ...string) []netip.Addr {
	var list []netip.Addr
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// sessionOf is a peer in a configuration, with what it is sent.
type sessionOf struct {
	speaker.Peer
	Export export
	of     *compile.Compiler
}

// export is what a peer is sent.
type export struct {
	speaker.Export
	Announcements []*rib.Announcement
}

func sessionAt(out compiled, i int) sessionOf {
	e := out.Config.Exports[i]
	return sessionOf{*out.Config.Peers[i], export{e, slices.Collect(e.Announcements.All())}, out.compiler}
}

// sessionPeer is the only peer in the configuration.
func sessionPeer(t *testing.T, out compiled) sessionOf {
	t.Helper()
	if len(out.Config.Peers) != 1 {
		t.Fatalf("%d peers in the configuration, want 1; issues: %v", len(out.Config.Peers), out.Issues)
	}
	return sessionAt(out, 0)
}

// peerNamed is the peer of that name in the configuration.
func peerNamed(t *testing.T, out compiled, name string) sessionOf {
	t.Helper()
	i := slices.IndexFunc(out.Config.Peers, func(p *speaker.Peer) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("peer %s is not in the configuration; issues: %v", name, out.Issues)
	}
	return sessionAt(out, i)
}

// routes are the prefixes that a peer is sent, as "announcement prefix-length".
func routes(p sessionOf) []string {
	var list []string
	for _, a := range p.Export.Announcements {
		for r := range a.Prefixes.All() {
			route := a.Name + " " + r.Prefix.String()
			if r.Length != r.Prefix.Bits() {
				route += "→/" + string(rune('0'+r.Length/10)) + string(rune('0'+r.Length%10))
			}
			list = append(list, route)
		}
	}
	return list
}

// verdicts are the reasons that were decided for a peer, as "namespace/name reason"; "ok" for none.
func verdicts(p sessionOf) []string {
	var list []string
	for v := range p.of.Verdicts(p.ID()) {
		reason := v.Reason()
		if reason == "" {
			reason = "ok"
		}
		list = append(list, v.Of().Ref.String()+" "+reason)
	}
	return list
}

// wantIssue asserts that exactly one issue is about an object, and what it says.
func wantIssue(t *testing.T, issues []compile.Issue, name, condition, reason, text string) {
	t.Helper()
	var about []compile.Issue
	for _, issue := range issues {
		if issue.Ref.String() == name {
			about = append(about, issue)
		}
	}
	if len(about) != 1 {
		t.Fatalf("%d issues about %s, want 1: %v", len(about), name, issues)
	}
	if got := about[0]; got.Condition != condition || got.Reason != reason || !strings.Contains(got.Message, text) {
		t.Errorf("issue %s/%s %q, want %s/%s with %q", got.Condition, got.Reason, got.Message, condition, reason, text)
	}
}

func wantStrings(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// eligible are the announcements that a session with the peer is eligible for, wherever they go out.
func eligible(catalog *compile.Catalog, peer *compile.Peer) []*compile.Announcement {
	judge := compile.NewJudge(catalog, peer, func(_, _ *compile.Verdict) {})
	return slices.DeleteFunc(slices.Clone(catalog.Announcements), func(a *compile.Announcement) bool { return !judge.Eligible(a) })
}
