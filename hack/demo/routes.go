// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
)

const samples = "config/samples"

// announce applies the samples and waits until every BGPPeer is Ready and every Announcement Complete.
func (d *demo) announce(ctx context.Context) error {
	if err := d.showKubectl(ctx, "apply", "-k", d.samples); err != nil {
		return err
	}
	for _, wait := range [][]string{
		{"--for=condition=Ready", "bgppeers", "--all"},
		{"--for=condition=Complete", "announcements", "--all", "--namespace", namespace},
	} {
		if _, err := d.kubectl(ctx, append([]string{"wait", "--timeout", patience.String()}, wait...)...); err != nil {
			return err
		}
	}
	return nil
}

// prepareSamples chooses the folder of the samples: the samples themselves if the router has the address that they name, else a
// copy with the router's address.
func (d *demo) prepareSamples(context.Context) error {
	if !d.network.loopback() {
		d.samples = samples
		return nil
	}
	files, err := filepath.Glob(filepath.Join(samples, "*.yaml"))
	if err != nil {
		return err
	}
	folder := filepath.Join(d.dir, "samples")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	address := fmt.Sprintf("address: %s\n  port: %d", d.network.router.IPv4, d.network.port)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		content = []byte(strings.Replace(string(content), "address: 192.0.2.1", address, 1))
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), content, 0o644); err != nil {
			return err
		}
	}
	d.samples = folder
	return nil
}

// awaitRoutes waits until the router has the routes of the sample, and returns the sample.
func (d *demo) awaitRoutes(ctx context.Context) (*v1alpha1.Announcement, error) {
	web, err := readAnnouncement(filepath.Join(samples, "announcement_web.yaml"))
	if err != nil {
		return nil, err
	}
	for _, prefix := range web.Spec.Prefixes {
		if err := eventually(ctx, "the router has "+prefix, func(ctx context.Context) error {
			return d.checkRoute(ctx, prefix, web.Spec.Attributes)
		}); err != nil {
			return nil, err
		}
	}
	return web, nil
}

// show waits until the router has the routes of the sample, and then prints the session, the routes and the objects.
func (d *demo) show(ctx context.Context) error {
	if _, err := d.awaitRoutes(ctx); err != nil {
		return err
	}
	if err := d.showBIRD(ctx, "show", "protocols", "herald"); err != nil {
		return err
	}
	if err := d.showBIRD(ctx, "show", "route", "all", "protocol", "herald"); err != nil {
		return err
	}
	if d.network.loopback() {
		d.screen.say("\nBIRD calls the routes unreachable: their next hop is a loopback address, or one that no interface here has,\n" +
			"and BIRD has no route to it. As root the demo gives the router a link of its own.")
	}
	return d.showKubectl(ctx, "get", "bgppeers,announcements,bgpsessions", "--all-namespaces")
}

// withdraw deletes an announcement and waits until its routes are gone, and no others.
func (d *demo) withdraw(ctx context.Context) error {
	web, err := readAnnouncement(filepath.Join(samples, "announcement_web.yaml"))
	if err != nil {
		return err
	}
	if err := d.showKubectl(ctx, "delete", "announcement", web.Name, "--namespace", web.Namespace); err != nil {
		return err
	}
	return d.showWithdrawn(ctx, web)
}

// showWithdrawn shows the router's table once the routes of an announcement are gone from it.
func (d *demo) showWithdrawn(ctx context.Context, web *v1alpha1.Announcement) error {
	for _, text := range web.Spec.Prefixes {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return err
		}
		if err := eventually(ctx, "the router has no "+text, func(ctx context.Context) error {
			route, err := d.bird.Route(ctx, prefix)
			if err == nil && route != nil {
				err = fmt.Errorf("it has %+v", *route)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return d.showBIRD(ctx, "show", "route", "protocol", "herald")
}

func readAnnouncement(file string) (*v1alpha1.Announcement, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var announcement v1alpha1.Announcement
	if err := yaml.UnmarshalStrict(content, &announcement); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &announcement, nil
}

// checkRoute compares the route in the router's own table with the attributes of the sample.
func (d *demo) checkRoute(ctx context.Context, text string, attributes *v1alpha1.PathAttributes) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return err
	}
	route, err := d.bird.Route(ctx, prefix)
	if err != nil || route == nil {
		return errors.Join(err, errors.New("it has none"))
	}
	var communities []string
	for _, name := range attributes.Communities {
		community, err := wire.ParseCommunity(name)
		if err != nil {
			return err
		}
		communities = append(communities, fmt.Sprintf("%d:%d", community>>16, community&0xffff))
	}
	slices.Sort(communities)
	slices.Sort(route.Communities)
	if !slices.Equal(communities, route.Communities) || !slices.Equal(attributes.LargeCommunities, route.LargeCommunities) {
		return fmt.Errorf("its communities are %v and %v", route.Communities, route.LargeCommunities)
	}
	if !slices.Equal(route.ASPath, []uint32{heraldASN}) || (attributes.MED != nil && (route.MED == nil || int64(*route.MED) != *attributes.MED)) {
		return fmt.Errorf("it is %+v", *route)
	}
	return nil
}
