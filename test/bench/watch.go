// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// watchCommand has this program be the floor of the way from an object to the wire: bench watch KUBECONFIG LISTEN. It
// watches the Announcements, and writes one UPDATE to its sinks for each Announcement that is new or changed. It uses a bare
// watch of client-go, which only decodes the objects: an informer would add its store and its queue.
const watchCommand = "watch"

// runWatch runs until its standard input ends.
func runWatch(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s: %d arguments instead of 2", watchCommand, len(args))
	}
	at, err := netip.ParseAddrPort(args[1])
	if err != nil {
		return err
	}
	c, err := newClient(args[0])
	if err != nil {
		return err
	}
	floor, err := sink.StartFloor(at, dataset.ASN, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until whoever started it is done with it
		cancel()
	}()
	var none v1alpha1.AnnouncementList
	if err := c.List(ctx, &none); err != nil {
		return err
	}
	if len(none.Items) > 0 {
		return fmt.Errorf("%s: there are Announcements already", watchCommand)
	}
	fmt.Println("ready")
	w := &watcher{client: c, floor: floor, at: at.Addr(), version: none.ResourceVersion, known: map[types.UID]int64{}}
	for ctx.Err() == nil {
		if err := w.watch(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return floor.Close()
}

// watcher is the floor's watch.
type watcher struct {
	client  client.WithWatch
	floor   *sink.Floor
	at      netip.Addr
	version string              // of the last event
	known   map[types.UID]int64 // generations
}

// watch runs until the API server ends the watch, as it does with one that is slow to read while many objects are written.
func (w *watcher) watch(ctx context.Context) error {
	events, err := w.client.Watch(ctx, &v1alpha1.AnnouncementList{},
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: w.version}})
	if err != nil {
		return err
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		a, ok := event.Object.(*v1alpha1.Announcement)
		if !ok {
			return fmt.Errorf("%s: %w", watchCommand, apierrors.FromObject(event.Object))
		}
		w.version = a.ResourceVersion
		// Otherwise a status has changed, or it is deleted.
		if w.known[a.UID] == a.Generation {
			continue
		}
		w.known[a.UID] = a.Generation
		if err := w.floor.Send(updateOf(a, w.at)); err != nil {
			return err
		}
	}
	return nil
}

// updateOf is an UPDATE with the prefix of an Announcement.
func updateOf(a *v1alpha1.Announcement, nextHop netip.Addr) []byte {
	prefix, err := netip.ParsePrefix(a.Spec.Prefixes[0])
	if err != nil {
		panic(err) // this program wrote it
	}
	data := dataset.Data{Sets: []dataset.Set{{Community: 1, Ranges: []dataset.Range{{Prefix: prefix, Length: prefix.Bits()}}}}}
	return data.Messages(nextHop)
}
