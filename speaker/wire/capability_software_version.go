// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The software version capability: draft-abraitis-bgp-version-capability.

package wire

// maxSoftwareVersion is the greatest length in octets: §3 of the draft says
// that it SHOULD NOT be longer.
const maxSoftwareVersion = 64

// softwareVersion appends the version after its length (1 octet), the form that
// most speakers send and understand; the later drafts have no such octet.
func (w *capabilityWriter) softwareVersion(version string) {
	version = cutText(version, maxSoftwareVersion)
	if w.begin(CapabilitySoftwareVersion, 1+len(version)) {
		w.b = append(append(w.b, byte(len(version))), version...)
	}
}

// parseSoftwareVersion reads both forms. §3 of the draft: one that is empty
// MUST be ignored and one that is not UTF-8 MUST NOT be interpreted.
func (c *Capabilities) parseSoftwareVersion(v []byte) {
	if len(v) > 0 && int(v[0]) == len(v)-1 {
		v = v[1:]
	}
	if text := printable(v, maxSoftwareVersion); text != "" {
		c.SoftwareVersion = text
	}
}
