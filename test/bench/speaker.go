// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// speakerCommand has this program be a speaker, without manifests and what compiles them: bench speaker LOCAL SINK
// ROUTES SETS. It reads lines: "change K" applies a configuration that gives K prefixes another MED, and answers with the
// time of Apply; "used" answers with the processor time used so far. Both in nanoseconds.
const speakerCommand = "speaker"

// changeSizes are the numbers of prefixes that change at once.
var changeSizes = []int{1, 1000, 10_000}

// runSpeaker runs until its standard input ends.
func runSpeaker(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("%s: %d arguments instead of 4", speakerCommand, len(args))
	}
	local, err := netip.ParseAddr(args[0])
	if err != nil {
		return err
	}
	peer, err := netip.ParseAddr(args[1])
	if err != nil {
		return err
	}
	routes, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	sets, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	s := speaker.New(speaker.Options{Listen: []netip.AddrPort{netip.AddrPortFrom(local, bgpPort)}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	err = (&subject{speaker: s, local: local, peer: peer, announcements: announcements(routes, sets)}).serve()
	cancel()
	if runErr := <-ended; err == nil {
		err = runErr
	}
	return err
}

// subject is the speaker with what it announces.
type subject struct {
	speaker       *speaker.Speaker
	local, peer   netip.Addr
	announcements []*speaker.Announcement // those that change come first
	newest        *speaker.Config
	med           uint32
}

// announcements are one for each of changeSizes, then the others, a set each.
func announcements(routes, sets int) []*speaker.Announcement {
	var list []*speaker.Announcement
	for i, size := range changeSizes {
		data := dataset.HostRoutes(fmt.Sprintf("10.%d.0.0", i), size)
		list = append(list, announcementOf(fmt.Sprintf("change-%d", size), &data.Sets[0]))
	}
	data := dataset.Mixed(routes, sets)
	for i := range data.Sets {
		list = append(list, announcementOf(fmt.Sprintf("set-%d", i), &data.Sets[i]))
	}
	for i, a := range list {
		a.Age = int64(i)
	}
	return list
}

func announcementOf(name string, set *dataset.Set) *speaker.Announcement {
	a := &speaker.Announcement{ID: name, Name: "bench/" + name}
	a.Attributes.Communities = []wire.Community{wire.Community(dataset.ASN<<16 | uint32(set.Community))}
	ranges := make([]rib.PrefixRange, 0, len(set.Ranges))
	for _, r := range set.Ranges {
		ranges = append(ranges, rib.PrefixRange{Prefix: r.Prefix, Length: r.Length})
	}
	a.Prefixes = rib.NewPrefixes(ranges...)
	return a
}

// first is the configuration that the others are edits of.
func (s *subject) first() *speaker.Config {
	list := rib.NewList(s.announcements...)
	return &speaker.Config{
		RouterID: s.local, Announcements: list,
		Peers: []*speaker.Peer{{
			Name: "sink", Address: netip.AddrPortFrom(s.peer, bgpPort), LocalASN: dataset.ASN, PeerASN: sink.ASN,
			ConnectMode: speaker.ConnectPassive, Families: []wire.Family{wire.IPv4Unicast},
		}},
		Exports: []speaker.Export{{Announcements: list}},
	}
}

// serve answers lines.
func (s *subject) serve() error {
	s.newest = s.first()
	if err := s.speaker.Apply(s.newest); err != nil {
		return err
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "used":
			used, err := processorTime()
			if err != nil {
				return err
			}
			fmt.Println(used.Nanoseconds())
		case "change":
			at, err := s.change(argument)
			if err != nil {
				return err
			}
			fmt.Println(at.UnixNano())
		default:
			return fmt.Errorf("%s: no command %q", speakerCommand, command)
		}
	}
	return lines.Err()
}

// change applies a configuration in which the announcement of that many prefixes has another MED.
func (s *subject) change(size string) (time.Time, error) {
	for i, a := range s.announcements[:len(changeSizes)] {
		if a.ID != "change-"+size {
			continue
		}
		s.med++
		med := s.med
		changed := *a
		changed.Attributes.MED = &med
		s.announcements[i] = &changed
		edit := s.newest.Announcements.Edit()
		edit.Put(&changed)
		config := *s.newest
		config.Announcements = edit.List()
		config.Exports = []speaker.Export{{Announcements: config.Announcements}}
		s.newest = &config
		at := time.Now()
		return at, s.speaker.Apply(&config)
	}
	return time.Time{}, fmt.Errorf("%s: no announcement of %q prefixes", speakerCommand, size)
}

// processorTime is what this process used, in user and system mode.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
