// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/sink"
	"github.com/herald-bgp/herald/test/controlplane"
)

const (
	operatorNamespace = "herald-system"
	benchNode         = "bench"
	// clusterWriters write at the same time when many objects are created or deleted.
	clusterWriters = 16
	// roomOfPeers is how many prefixes a peer may be sent, which is more than there ever are.
	roomOfPeers = 1_000_000
)

// cluster is a real API server with Herald's CRDs, one Node, and Announcements of one /32 each.
type cluster struct {
	plane *controlplane.ControlPlane
	client.WithWatch
	size  int    // Announcements that are there
	peers int    // BGPPeers that are there
	med   uint32 // of the last change
}

// startCluster starts it. The Node has the address of the program under measurement.
func startCluster(ctx context.Context, address netip.Addr) (_ *cluster, err error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	if err != nil {
		return nil, err
	}
	c := &cluster{plane: plane}
	defer func() {
		if err != nil {
			err = errors.Join(err, plane.Stop())
		}
	}()
	if err := plane.InstallCRDs(ctx, "config/crd/bases"); err != nil {
		return nil, err
	}
	if c.WithWatch, err = newClient(plane.AdminKubeconfig()); err != nil {
		return nil, err
	}
	if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}); err != nil {
		return nil, err
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: benchNode}}
	if err := c.Create(ctx, node); err != nil {
		return nil, err
	}
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address.String()}}
	return c, c.Status().Update(ctx, node)
}

// setPeers makes or deletes BGPPeers until there are that many, one a sink.
func (c *cluster) setPeers(ctx context.Context, n int) error {
	for ; c.peers < n; c.peers++ {
		peer := benchPeer(c.peers)
		peer.Spec = v1alpha1.BGPPeerSpec{
			Address: sink4(c.peers).String(), LocalASN: new(int64(dataset.ASN)), PeerASN: new(int64(sink.ASN)),
			Transport:            &v1alpha1.Transport{ConnectMode: new(v1alpha1.ConnectPassive)},
			AllowedAnnouncements: &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(int32(roomOfPeers))},
		}
		if err := c.Create(ctx, peer); err != nil {
			return err
		}
	}
	for ; c.peers > n; c.peers-- {
		if err := c.Delete(ctx, benchPeer(c.peers-1)); err != nil {
			return err
		}
	}
	return nil
}

func benchPeer(i int) *v1alpha1.BGPPeer {
	return &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("sink-%d", i+1)}}
}

func benchAnnouncement(i int) *v1alpha1.Announcement {
	return &v1alpha1.Announcement{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: fmt.Sprintf("routes-%05d", i)}}
}

// prefixOf is what the Announcement of that number announces.
func prefixOf(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
}

// written is a write of one Announcement.
type written struct {
	prefix   netip.Prefix
	answered time.Time // when the API server had answered
}

// grow creates that many more Announcements, as fast as the server takes them.
func (c *cluster) grow(ctx context.Context, n int) ([]written, error) {
	changes := make([]written, n)
	err := c.inParallel(ctx, n, func(ctx context.Context, i int) error {
		a := benchAnnouncement(c.size + i)
		changes[i].prefix = prefixOf(c.size + i)
		a.Spec.Prefixes = []string{changes[i].prefix.String()}
		a.Spec.Attributes = &v1alpha1.PathAttributes{Communities: []string{fmt.Sprintf("%d:%d", dataset.ASN, (c.size+i)%65536)}}
		err := c.Create(ctx, a)
		changes[i].answered = time.Now()
		return err
	})
	c.size += n
	return changes, err
}

// shrink deletes that many Announcements, the last first.
func (c *cluster) shrink(ctx context.Context, n int) error {
	c.size -= n
	return c.inParallel(ctx, n, func(ctx context.Context, i int) error { return c.Delete(ctx, benchAnnouncement(c.size+i)) })
}

func (*cluster) inParallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(clusterWriters)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// change gives that many Announcements another MED, one after the other at the interval.
func (c *cluster) change(ctx context.Context, n int, interval time.Duration) ([]written, error) {
	c.med++
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var changes []written
	for k := range n {
		select {
		case <-ctx.Done():
			return changes, context.Cause(ctx)
		case <-ticker.C:
		}
		i := k * c.size / n // from the oldest to the youngest
		patch := fmt.Appendf(nil, `{"spec":{"attributes":{"med":%d}}}`, c.med)
		if err := c.Patch(ctx, benchAnnouncement(i), client.RawPatch(types.MergePatchType, patch)); err != nil {
			return changes, err
		}
		changes = append(changes, written{prefix: prefixOf(i), answered: time.Now()})
	}
	return changes, nil
}

// advertised waits until every Announcement says that it is: until then the roll-up writes what nobody changed.
func (c *cluster) advertised(ctx context.Context) error {
	const interval = 2 * time.Second
	for {
		var list v1alpha1.AnnouncementList
		if err := c.List(ctx, &list); err != nil {
			return err
		}
		behind := slices.DeleteFunc(list.Items, func(a v1alpha1.Announcement) bool {
			said := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionAdvertised)
			return said != nil && said.Status == metav1.ConditionTrue && said.ObservedGeneration == a.Generation
		})
		if len(behind) == 0 {
			return nil
		}
		if err := wait(ctx, interval); err != nil {
			return fmt.Errorf("%d of %d Announcements do not say that they are advertised: %w", len(behind), c.size, context.Cause(ctx))
		}
	}
}

// newClient is that of a kubeconfig file, without a limit of its own.
func newClient(kubeconfig string) (client.WithWatch, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the server is this run's alone
	return client.NewWithWatch(config, client.Options{Scheme: kube.NewScheme(), Mapper: kube.NewRESTMapper()})
}
