// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The selection of neighbours by a command: by words, which are labels of the BGPPeer here.

package conformance_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// selectorWords choose neighbours beside their address.
var selectorWords = []string{"local-ip", "local-as", "peer-as", "router-id", "family-allowed"}

// linkLabel is the label that distinguishes the neighbours of a case.
const linkLabel = "link"

// choose reads the neighbours that a command is for: "neighbor ADDRESS WORD VALUE…", several of these separated by commas, or
// "peer [ADDRESS ADDRESS]". All words of a selector must fit; of several selectors one must fit.
func (p *parser) choose() {
	for p.peek() == "neighbor" || p.peek() == "peer" || p.peek() == "," {
		switch p.next() {
		case ",":
			if p.peek() == "neighbor" || p.peek() == "peer" {
				continue
			}
		default:
			if p.peek() == "[" {
				for _, address := range p.bracketed() {
					p.selectors = append(p.selectors, addressLabels(address))
				}
				continue
			}
		}
		labels := addressLabels(p.next())
		for slices.Contains(selectorWords, p.peek()) {
			word := p.next()
			labels[word] = labelValue(p.next())
		}
		p.selectors = append(p.selectors, labels)
	}
	if slices.ContainsFunc(p.selectors, func(labels map[string]string) bool { return len(labels) == 0 }) {
		p.selectors = nil // "*", for all
	}
}

func addressLabels(address string) map[string]string {
	if address == "*" {
		return map[string]string{}
	}
	return map[string]string{"neighbor": labelValue(address)}
}

// fitting are the selectors that choose a neighbour.
func fitting(selectors []map[string]string, labels object) []map[string]string {
	var fit []map[string]string
	for _, selector := range selectors {
		fits := true
		for label, value := range selector {
			fits = fits && labels[label] == value
		}
		if fits {
			fit = append(fit, selector)
		}
	}
	return fit
}

// chosen says whether the selectors choose a neighbour.
func chosen(selectors []map[string]string, labels object) bool {
	return len(selectors) == 0 || len(fitting(selectors, labels)) > 0
}

// labels are the labels by which a command can choose the neighbour.
func (n *neighbor) labels() object {
	labels := object{"neighbor": labelValue(n.PeerAddress), "family-allowed": labelValue(n.allowedFamilies())}
	for label, setting := range map[string]string{
		"local-ip": "local-address", "local-as": "local-as", "peer-as": "peer-as", "router-id": "router-id",
	} {
		labels[label] = labelValue(n.setting(setting))
	}
	return labels
}

// selectable are all labels of the BGPPeer of a link.
func (n *neighbor) selectable(link string) object {
	labels := n.labels()
	labels[linkLabel] = link
	return labels
}

// allowedFamilies are the families of a neighbour that has one session for each family; any other neighbour has them in its OPEN.
func (n *neighbor) allowedFamilies() string {
	if n.capability("multi-session") == "" {
		return "in-open"
	}
	return strings.ReplaceAll(strings.Join(n.Families, "/"), " ", "-")
}

var notOfLabels = regexp.MustCompile(`[^-A-Za-z0-9.]`)

// labelValue turns a text into a valid label value, with a letter at both ends.
func labelValue(text string) string { return "is-" + notOfLabels.ReplaceAllString(text, "-") + "-x" }

// runs says whether the commands of a process are for the neighbour.
func (n *neighbor) runs(process string) bool {
	named := false
	for _, api := range n.API {
		for _, statement := range api.Statements {
			list, ok := statement.([]any)
			if !ok || len(list) < 2 {
				continue
			}
			names := words(list[1])
			switch list[0] {
			case "processes":
				named = true
				if slices.Contains(names, process) {
					return true
				}
			case "processes-match":
				named = true
				if slices.ContainsFunc(names, func(pattern string) bool {
					matched, err := regexp.MatchString(strings.Trim(pattern, `"`), process)
					return err == nil && matched
				}) {
					return true
				}
			}
		}
	}
	return !named
}

// forLink is the route for one of several neighbours.
func (r *route) forLink(l *link) *route {
	own := *r
	own.link = l.name
	own.selectors = nil
	for _, selector := range fitting(r.selectors, l.neighbor.labels()) {
		narrowed := maps.Clone(selector)
		narrowed[linkLabel] = l.name
		own.selectors = append(own.selectors, narrowed)
	}
	if len(own.selectors) == 0 {
		own.selectors = []map[string]string{{linkLabel: l.name}}
	}
	return &own
}
