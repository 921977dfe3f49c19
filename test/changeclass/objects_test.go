// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"maps"
	"net/netip"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker/transport"
)

const (
	editedPeer  = "edited"
	witnessPeer = "witness"
	localASN    = 64512
	peerASN     = 64500
	witnessASN  = 64501
	tenantNS    = "shop"
	operatorNS  = "platform"
)

// The prefixes of the objects.
const (
	net4    = "198.51.100.0/24"
	net6    = "2001:db8:1::/48"
	tenant4 = "203.0.113.0/25"
)

// canaryPrefixes are announced by the canary, whose MED tells its versions apart. They are of both families: one is left
// when the other is not allowed.
var canaryPrefixes = []string{"192.0.2.255/32", "2001:db8:ffff::/128"}

// objects are what a person edits, and the Node; the Secrets are beside them.
type objects struct {
	node    compile.NodeFacts
	peer    v1alpha1.BGPPeer // the edited neighbour
	witness v1alpha1.BGPPeer // another one
	canary  v1alpha1.Announcement
	net     v1alpha1.Announcement // in the operator's own namespace
	tenant  v1alpha1.Announcement // in a namespace that needs a grant
	// gone: the edited BGPPeer, or net, was deleted.
	peerGone, netGone bool
	// ports are the other one of the edited neighbour, and that of its other address.
	otherPort, otherAddressPort uint16
}

// otherAddress is a second one of the edited neighbour.
const otherAddress = "127.0.0.4"

// clock is what the clock on the wall says, about an hour after the objects were created.
var clock = time.Date(2026, 1, 2, 4, 4, 0, 0, time.UTC)

// metaOf is the metadata of an object that is age seconds younger than the oldest.
func metaOf(namespace, name string, age int) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, Generation: 1, UID: types.UID("uid-" + name),
		CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 2, 3, 4, age, 0, time.UTC)),
	}
}

func announcementOf(namespace, name string, age int, prefixes ...string) v1alpha1.Announcement {
	return v1alpha1.Announcement{
		ObjectMeta: metaOf(namespace, name, age),
		Spec:       v1alpha1.AnnouncementSpec{Prefixes: prefixes, Attributes: &v1alpha1.PathAttributes{}},
	}
}

func peerOf(name string, age int, at netip.AddrPort, asn int64) v1alpha1.BGPPeer {
	return v1alpha1.BGPPeer{
		ObjectMeta: metaOf("", name, age),
		Spec: v1alpha1.BGPPeerSpec{
			Address: at.Addr().String(), Port: new(int32(at.Port())), LocalASN: new(int64(localASN)), PeerASN: &asn,
			Transport: &v1alpha1.Transport{}, Timers: &v1alpha1.Timers{ConnectRetrySeconds: new(int32(1))},
			Capabilities: &v1alpha1.Capabilities{}, GracefulRestart: &v1alpha1.GracefulRestart{},
			Attributes: &v1alpha1.PathAttributes{},
			AllowedAnnouncements: &v1alpha1.AllowedAnnouncements{Tenants: []v1alpha1.Tenant{{
				Name: "web",
				Namespaces: v1alpha1.TenantNamespaces{
					From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "web"}},
				},
				Prefixes:   []v1alpha1.TenantPrefix{{CIDR: "203.0.113.0/24", MaxLength: new(int32(25))}},
				Attributes: &v1alpha1.TenantAttributes{},
			}}},
		},
	}
}

func addresses(texts ...string) []netip.Addr {
	var list []netip.Addr
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// plainObjects are two neighbours that are announced the same.
func plainObjects(edited []transport.Listener, witness transport.Listener) objects {
	o := objects{
		node: compile.NodeFacts{
			Name: "node-1", Labels: map[string]string{"rack": "a"}, Annotations: map[string]string{},
			Addresses: addresses("192.0.2.10", "192.0.2.11", "2001:db8::10"),
		},
		peer:             peerOf(editedPeer, 0, edited[0].Addr(), peerASN),
		witness:          peerOf(witnessPeer, 1, witness.Addr(), witnessASN),
		canary:           announcementOf(operatorNS, "canary", 0, canaryPrefixes...),
		net:              announcementOf(operatorNS, "net", 1, net4, net6),
		tenant:           announcementOf(tenantNS, "web", 2, tenant4),
		otherPort:        edited[1].Addr().Port(),
		otherAddressPort: edited[2].Addr().Port(),
	}
	o.peer.Labels = map[string]string{"rack": "a"}
	o.witness.Labels = map[string]string{"rack": "a"}
	return o
}

// touch changes the objects. Those whose spec is another then are of the next generation.
func (o *objects) touch(change func(*objects)) {
	peer, canary, net, tenant := *o.peer.DeepCopy(), *o.canary.DeepCopy(), *o.net.DeepCopy(), *o.tenant.DeepCopy()
	// What was compiled shares nothing with what is edited.
	next := objects{
		node: o.node, peer: *o.peer.DeepCopy(), witness: o.witness, canary: *o.canary.DeepCopy(), net: *o.net.DeepCopy(), tenant: *o.tenant.DeepCopy(),
		peerGone: o.peerGone, netGone: o.netGone, otherPort: o.otherPort, otherAddressPort: o.otherAddressPort,
	}
	next.node.Annotations = maps.Clone(o.node.Annotations)
	change(&next)
	for _, changed := range []struct {
		meta      *metav1.ObjectMeta
		old, spec any
	}{
		{&next.peer.ObjectMeta, peer.Spec, next.peer.Spec},
		{&next.canary.ObjectMeta, canary.Spec, next.canary.Spec},
		{&next.net.ObjectMeta, net.Spec, next.net.Spec},
		{&next.tenant.ObjectMeta, tenant.Spec, next.tenant.Spec},
	} {
		if !reflect.DeepEqual(changed.old, changed.spec) {
			changed.meta.Generation++
		}
	}
	*o = next
}

// secrets are the session keys that there are.
var secrets = map[string]map[string][]byte{"one": {"password": []byte("k1"), "other": []byte("k2")}, "two": {"password": []byte("k3")}}

// input is what is compiled.
func (o *objects) input(reader *compile.Reader) compile.Inputs {
	peers, announcements := []v1alpha1.BGPPeer{o.witness}, []v1alpha1.Announcement{o.canary, o.tenant}
	if !o.peerGone {
		peers = append(peers, o.peer)
	}
	if !o.netGone {
		announcements = append(announcements, o.net)
	}
	in := reader.ReadAll(peers, announcements)
	node := o.node
	in.Node, in.Now = &node, clock
	in.Namespaces = map[string]compile.Namespace{
		tenantNS: {Exists: true, Labels: map[string]string{"team": "web"}}, operatorNS: {Exists: true},
	}
	in.Secrets = map[string]compile.Secret{}
	for name, data := range secrets {
		in.Secrets[name] = compile.Secret{Exists: true, Data: data}
	}
	return in
}

// neighbour is what the edited neighbour needs to be for its session to come up: its ASN, and its key.
func (o *objects) neighbour() (asn uint32, auth transport.Auth) {
	spec := &o.peer.Spec
	switch {
	case spec.PeerASN != nil:
		asn = uint32(*spec.PeerASN)
	case *spec.PeerType == v1alpha1.PeerTypeInternal:
		asn = uint32(*spec.LocalASN)
	default:
		asn = peerASN
	}
	if spec.Authentication == nil {
		return asn, transport.Auth{}
	}
	ref := spec.Authentication.TCPMD5.SecretRef
	entry := v1alpha1.DefaultSecretKey
	if ref.Key != nil {
		entry = *ref.Key
	}
	return asn, transport.MD5(string(secrets[ref.Name][entry]))
}
