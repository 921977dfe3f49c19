// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"maps"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

// update gives the changes to one roll-up, and lets the other read everything.
func (h *history) update() {
	h.changes = compile.Changes{}
	if h.objectsChanged {
		if h.catalog == nil {
			h.catalog = compile.NewCatalog(h.objects.operatorNamespace, false)
		}
		inputs := h.inputs(h.reader)
		h.catalog.Complete(&inputs)
		h.changes = h.catalog.Update(&inputs)
	}
	if h.nodesChanged {
		h.given = h.nodes
	}
	h.objectsChanged, h.nodesChanged = false, false
	speakers, lost := maps.Clone(h.speakers), maps.Clone(h.lost)
	var changed, gone []*v1alpha1.BGPSession
	for name := range h.changed {
		if session := h.sessions[name]; session != nil {
			h.reported[name] = session.DeepCopy()
			changed = append(changed, h.reported[name])
		}
	}
	for name := range h.gone {
		if known := h.reported[name]; known != nil && h.sessions[name] == nil {
			gone = append(gone, known)
			delete(h.reported, name)
		}
	}
	h.told.Update(status.Cluster{Catalog: h.catalog, Changes: h.changes, Nodes: h.given, Speakers: speakers, Lost: lost}, changed, gone)

	inputs, catalog := h.inputs(&compile.Reader{}), compile.NewCatalog(h.objects.operatorNamespace, false)
	catalog.Update(&inputs)
	var sessions []v1alpha1.BGPSession
	for _, session := range h.sessions {
		sessions = append(sessions, *session.DeepCopy())
	}
	h.anew.Read(status.Cluster{
		Catalog: catalog, Nodes: slices.Clone(h.nodes), Speakers: speakers, Lost: lost,
	}, sessions)
}

// inputs are what the objects come to.
func (h *history) inputs(reader *compile.Reader) compile.Inputs {
	inputs := reader.ReadAll(h.objects.Peers, h.objects.Announcements)
	inputs.Now = h.objects.clock
	inputs.Namespaces = map[string]compile.Namespace{}
	for name, labels := range h.namespaces {
		inputs.Namespaces[name] = compile.Namespace{Exists: true, Labels: labels}
	}
	return inputs
}

func (h *history) check() {
	h.update()
	for name, session := range h.sessions {
		if got, want := h.told.LeftOver(session), h.anew.LeftOver(session); got != want {
			h.fail("BGPSession %s is left over: %v, and anew %v", name, got, want)
		}
	}
	for i := range h.objects.Peers {
		object := &h.objects.Peers[i]
		if got, want := h.told.Peer(object, now), h.anew.Peer(object, now); !kube.SameStatus(got, want) {
			h.fail("BGPPeer %s:\n%+v, and anew\n%+v", object.Name, got, want)
		}
	}
	for i := range h.objects.Announcements {
		object := &h.objects.Announcements[i]
		name := object.Namespace + "/" + object.Name
		before := h.memory[name]
		got, memory := h.told.Announcement(object, before, now)
		want, another := h.anew.Announcement(object, h.another[name], now)
		h.another[name] = another
		if !kube.SameStatus(got, want) {
			h.fail("%s:\n%+v, and anew\n%+v", name, got, want)
		}
		if why := h.told.Disagreement(name, memory); why != "" {
			h.fail("%s: %s", name, why)
		}
		last, known := h.answers[name]
		if known && !h.edited[name] && !h.told.TouchedAnnouncement(name, before) {
			if !kube.SameStatus(got, last) {
				h.fail("%s is untouched:\n%+v, and was\n%+v", name, got, last)
			}
			continue // the controller does not ask for an untouched object
		}
		h.memory[name], h.answers[name] = memory, got
	}
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	h.t.Errorf("history %d, after %d steps: "+format+"\nthe last steps: %v",
		append([]any{h.seed, len(h.log)}, append(args, h.log[max(0, len(h.log)-6):])...)...)
}
