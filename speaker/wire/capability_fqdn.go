// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The FQDN capability: draft-walton-bgp-hostname-capability-02.

package wire

// FQDN is the name of the sender, for people to read. Names that were received
// are not to be trusted; they hold printable characters alone.
type FQDN struct {
	HostName   string
	DomainName string // may be empty
}

// fqdn appends both names, each after its length (1 octet). If they are too long
// for the capability, fqdn cuts the end of the domain name.
func (w *capabilityWriter) fqdn(f *FQDN) {
	const room = maxCapabilityLen - 2
	host := cutText(f.HostName, room)
	domain := cutText(f.DomainName, room-len(host))
	if !w.begin(CapabilityFQDN, 2+len(host)+len(domain)) {
		return
	}
	w.b = append(append(w.b, byte(len(host))), host...)
	w.b = append(append(w.b, byte(len(domain))), domain...)
}

// parseFQDN ignores a malformed capability: nothing depends on it.
func (c *Capabilities) parseFQDN(v []byte) {
	host, rest, ok := cutName(v)
	if !ok {
		return
	}
	domain, rest, ok := cutName(rest)
	if !ok || len(rest) != 0 {
		return
	}
	f := FQDN{HostName: printable(host, maxCapabilityLen), DomainName: printable(domain, maxCapabilityLen)}
	if f != (FQDN{}) {
		c.FQDN = &f
	}
}

// cutName cuts off a name that starts with its length in one octet.
func cutName(b []byte) (name, rest []byte, ok bool) {
	if len(b) < 1 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}
