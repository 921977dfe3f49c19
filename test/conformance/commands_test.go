// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The commands of a case, which are lines that its scripts write.

package conformance_test

import (
	"fmt"
	"slices"
	"strings"
)

// command is a line of a script.
type command struct {
	action commandAction
	// routes are announced or withdrawn.
	routes []*route
	// argument is the name of a watchdog, or the subcode of a teardown.
	argument string
	// selectors are the labels of the neighbours that the command is for, of which one must fit; none: all.
	selectors []map[string]string
	// neighbor is created.
	neighbor *neighbor
}

type commandAction string

const (
	doNothing  commandAction = "nothing"
	doAnnounce commandAction = "announce"
	doWithdraw commandAction = "withdraw"
	doWatchdog commandAction = "announce watchdog"
	undoWatch  commandAction = "withdraw watchdog"
	doClear    commandAction = "clear"    // withdraw everything
	doFlush    commandAction = "flush"    // send everything again
	doTeardown commandAction = "teardown" // and connect again
	doCreate   commandAction = "create neighbor"
	doDelete   commandAction = "delete neighbor"
	doDisable  commandAction = "disable neighbor"
	doEnable   commandAction = "enable neighbor"
	doRefresh  commandAction = "announce route-refresh"
)

// processCommands concern the program that the cases come from and its scripts, and nothing on the wire.
var processCommands = []string{
	"shutdown", "version", "ping", "status", "help", "show", "session", "enable-ack", "disable-ack", "silence-ack", "#",
}

// events are the names of events that a process waits for, after the name of a neighbour. Scripts contain them, but they are no
// commands.
var events = []string{"receive", "send", "up", "down", "connected"}

// parser reads the words of a command.
type parser struct {
	words     []string
	neighbor  *neighbor
	selectors []map[string]string
}

// parseCommand reads a line. n is the neighbour that it is for. Beside an outsideError, the command holds the routes that are not
// reproduced.
func parseCommand(line string, n *neighbor) (command, error) {
	spaced := strings.NewReplacer("[", " [ ", "]", " ] ", "(", " ( ", ")", " ) ", ",", " , ", "#", " # ").Replace(line)
	p := &parser{words: strings.Fields(spaced), neighbor: n}
	p.choose()
	first := p.next()
	if first == "" || slices.Contains(processCommands, first) || slices.Contains(events, first) {
		return command{action: doNothing}, nil
	}
	var c command
	var err error
	switch first {
	case "announce", "withdraw":
		c, err = p.change(commandAction(first))
	case "clear", "flush":
		c = command{action: commandAction(first)}
		if rest := strings.Join(p.words, " "); rest != "adj-rib out" {
			err = fmt.Errorf("no translation of it")
		}
	case "teardown":
		c = command{action: doTeardown, argument: p.next()}
	case "create":
		p.next() // "neighbor"
		c = command{action: doCreate, neighbor: p.create()}
	case "delete":
		p.choose()
		c = command{action: doDelete}
	case "disable", "enable":
		c = command{action: commandAction(first + " neighbor")}
	default:
		err = fmt.Errorf("no translation of it")
	}
	c.selectors = p.selectors
	if err != nil {
		return c, fmt.Errorf("command %q: %w", line, err)
	}
	return c, nil
}

// next takes the next word, "" at the end.
func (p *parser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

// change reads the words after announce or withdraw.
func (p *parser) change(action commandAction) (command, error) {
	switch word := p.next(); word {
	case "route":
		prefix := p.next()
		return p.routes(action, familyOfText(prefix), []string{prefix}, p.attributes())
	case "ipv4", "ipv6":
		family := word + " " + p.next()
		prefix := p.next()
		return p.routes(action, family, []string{prefix}, p.attributes())
	case "attribute", "attributes":
		attributes := p.attributes()
		if len(p.words) == 0 {
			return command{}, fmt.Errorf("no nlri")
		}
		return p.routes(action, familyOfText(p.peek()), p.words, attributes)
	case "watchdog":
		if action == doAnnounce {
			return command{action: doWatchdog, argument: p.next()}, nil
		}
		return command{action: undoWatch, argument: p.next()}, nil
	case "eor":
		// The expectations decide which of the markers must come, and when.
		return command{action: doNothing}, nil
	case "route-refresh":
		return command{action: doRefresh}, nil
	case "flow", "vpls", "l2vpn", "operational":
		return command{action: doNothing}, outside("%s routes are not announced yet", word)
	default:
		return command{}, fmt.Errorf("no translation of %q", word)
	}
}

func familyOfText(prefix string) string {
	if strings.Contains(prefix, ":") {
		return "ipv6 unicast"
	}
	return "ipv4 unicast"
}

// routes are the routes of prefixes with the same attributes. A withdrawal names no attribute but the path identifier.
func (p *parser) routes(action commandAction, family string, prefixes []string, attributes map[string]any) (command, error) {
	c := command{action: action}
	if action == doWithdraw {
		for name := range attributes {
			if _, later := laterAttributes[name]; !later && name != "path-information" {
				delete(attributes, name)
			}
		}
	}
	var err error
	for _, prefix := range prefixes {
		r, routeErr := newRoute(family, prefix, attributes, p.neighbor)
		if r != nil {
			r.selectors = p.selectors
			c.routes = append(c.routes, r)
		}
		if routeErr != nil {
			err = routeErr
		}
	}
	return c, err
}

// attributes reads names with their values up to the word nlri: one word, or as many as are in brackets.
func (p *parser) attributes() map[string]any {
	attributes := map[string]any{}
	for len(p.words) > 0 {
		name := p.next()
		switch {
		case name == "nlri":
			return attributes
		case name == "atomic-aggregate" || name == "withdraw":
			attributes[name] = true
		case p.peek() == "[" || p.peek() == "(":
			attributes[name] = p.bracketed()
		default:
			attributes[name] = p.next()
		}
	}
	return attributes
}

// bracketed reads a list; lists in it stay in their brackets.
func (p *parser) bracketed() []string {
	var list []string
	depth := 0
	for len(p.words) > 0 {
		word := p.next()
		switch word {
		case "[", "(":
			depth++
			if depth == 1 {
				continue
			}
		case "]", ")":
			depth--
			if depth == 0 {
				return list
			}
		case ",":
			continue
		}
		list = append(list, word)
	}
	return list
}

// create reads the neighbour of a create command: its address, then settings.
func (p *parser) create() *neighbor {
	n := &neighbor{PeerAddress: p.next(), Session: map[string]any{}, Families: []string{"ipv4 unicast"}}
	for len(p.words) > 1 {
		name := p.next()
		value := p.next()
		if name == "family-allowed" {
			n.Families = strings.Split(strings.ReplaceAll(value, "-", " "), "/")
			continue
		}
		n.Session[name] = value
	}
	return n
}
