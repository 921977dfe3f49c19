// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Snapshotter is what the metrics are read from.
type Snapshotter interface {
	// Snapshot returns the state of every peer at one moment.
	Snapshot() []speaker.PeerSnapshot
}

// NewCollector returns the metrics of a speaker. They are read when they are asked for, so an idle speaker costs nothing.
// The labels name the session, and nothing below it: a metric for each prefix would outgrow every store.
func NewCollector(s Snapshotter) prometheus.Collector { return &collector{speaker: s} }

// NewEndpointGauge returns the metric of the endpoints of a process, by the flag that says where.
func NewEndpointGauge() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "herald_endpoint_up",
		Help: "1 while the endpoint of the flag that is the label `endpoint` is served, 0 while it cannot be.",
	}, []string{"endpoint"})
}

// NewDriftCounter returns the metric of an engine's Drift.
func NewDriftCounter(drift func() int64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "herald_engine_drift_total",
		Help: "Checks of all objects, one in ten minutes, that found a change which no event had told of: a defect of Herald.",
	}, func() float64 { return float64(drift()) })
}

type collector struct {
	speaker Snapshotter
}

// labels are those of a session's metrics: together they are its speaker.SessionID.
var labels = []string{"peer", "remote", "vrf"}

// valuesOf are the values of the labels. Prometheus stores no label whose value is empty.
func valuesOf(id speaker.SessionID) []string {
	remote := ""
	if id.Remote.IsValid() {
		remote = id.Remote.String()
	}
	return []string{id.Peer, remote, id.VRF}
}

// sessionMetric is one metric of a session.
type sessionMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*speaker.PeerSnapshot) float64
}

func gauge(name, help string, value func(*speaker.PeerSnapshot) float64) sessionMetric {
	return sessionMetric{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue, value}
}

func counter(name, help string, value func(*speaker.PeerSnapshot) float64) sessionMetric {
	return sessionMetric{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue, value}
}

// sessionMetrics are the metrics of every session, in the order of their names. Names are part of what users rely on.
func sessionMetrics() []sessionMetric {
	return []sessionMetric{
		gauge("herald_guard_refused_prefixes", "Prefixes that the guard keeps from the peer although they were decided to be sent: a defect of Herald.",
			guardRefused),
		counter("herald_messages_received_total", "BGP messages received from the peer.",
			func(p *speaker.PeerSnapshot) float64 { return sum(p.Messages.Received) }),
		counter("herald_messages_sent_total", "BGP messages sent to the peer.",
			func(p *speaker.PeerSnapshot) float64 { return sum(p.Messages.Sent) }),
		counter("herald_notifications_received_total", "NOTIFICATION messages received from the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.Received[wire.TypeNotification]) }),
		counter("herald_notifications_sent_total", "NOTIFICATION messages sent to the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.Sent[wire.TypeNotification]) }),
		gauge("herald_routes_announced", "Routes that the peer now has from us, over all families.", announced),
		gauge("herald_routes_kept", "Routes of the peer that are kept (receive.mode Report), over all families.",
			kept(func(c *adjin.Count) int { return c.Routes })),
		gauge("herald_routes_kept_ineligible", "Kept routes of the peer that ONLY_TO_CUSTOMER makes ineligible (RFC 9234).",
			kept(func(c *adjin.Count) int { return c.Leaked })),
		gauge("herald_routes_kept_stale", "Kept routes of the peer that it has not sent again since it lost the session or began a refresh.",
			kept(func(c *adjin.Count) int { return c.Stale })),
		gauge("herald_routes_over_limit", "Routes of the peer that are dropped because of receive.maxPrefixes, up to as many as are kept.",
			kept(func(c *adjin.Count) int { return c.Dropped })),
		counter("herald_routes_received_total", "Reachable NLRI seen in UPDATE messages of the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.ReceivedReachable) }),
		counter("herald_routes_received_discarded_total", "Attributes and routes of the peer dropped under RFC 7606.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.ReceivedDiscarded) }),
		counter("herald_routes_received_withdrawn_total", "Withdrawn NLRI seen in UPDATE messages of the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.ReceivedWithdrawn) }),
		gauge("herald_session_established", "1 while the session with the peer is Established, else 0.", established),
		counter("herald_session_flaps_total", "How often the session was lost after it was Established.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Flaps) }),
		gauge("herald_session_state", "State of the FSM of RFC 4271: 0 Idle, 1 Connect, 2 Active, 3 OpenSent, "+
			"4 OpenConfirm, 5 Established.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.State) }),
		counter("herald_updates_received_total", "UPDATE messages received from the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.Received[wire.TypeUpdate]) }),
		counter("herald_updates_sent_total", "UPDATE messages sent to the peer.",
			func(p *speaker.PeerSnapshot) float64 { return float64(p.Messages.Sent[wire.TypeUpdate]) }),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range sessionMetrics() {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	peers := c.speaker.Snapshot()
	for _, m := range sessionMetrics() {
		for i := range peers {
			metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&peers[i]), valuesOf(peers[i].ID)...)
		}
	}
}

func established(p *speaker.PeerSnapshot) float64 {
	if p.State == speaker.StateEstablished {
		return 1
	}
	return 0
}

func announced(p *speaker.PeerSnapshot) float64 {
	total := 0
	for _, f := range p.Routes.Announced {
		total += f.Routes
	}
	return float64(total)
}

// guardRefused counts what should not have reached the last check before the encoder.
func guardRefused(p *speaker.PeerSnapshot) float64 {
	total := 0
	for i := range p.Routes.Withheld {
		if w := &p.Routes.Withheld[i]; w.Reason == rib.ReasonGuardRefused {
			total += w.Prefixes
		}
	}
	return float64(total)
}

// kept sums a count of received routes over the families.
func kept(of func(*adjin.Count) int) func(*speaker.PeerSnapshot) float64 {
	return func(p *speaker.PeerSnapshot) float64 {
		total := 0
		if p.Received != nil {
			for i := range p.Received.Families {
				total += of(&p.Received.Families[i])
			}
		}
		return float64(total)
	}
}

func sum(counts map[wire.MessageType]uint64) float64 {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	return float64(total)
}
