// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

// interopCase is a row of the table.
type interopCase struct {
	name string
	run  func(*testing.T, harness.Daemon)
	// unsupported says why a daemon has no such case.
	unsupported map[string]string
}

var interopCases = []interopCase{
	{name: "samples", run: testSamples},
	{name: "eBGP: every attribute", run: testAttributesExternal},
	{name: "iBGP: every attribute", run: testAttributesInternal},
	{name: "4-octet ASNs", run: testFourOctetASN},
	{name: "4-octet ASNs in AS4_PATH", run: testTwoOctetASNs},
	{name: "iBGP: originator and clusters", run: testReflected},
	{name: "raw attribute", run: testRaw, unsupported: map[string]string{
		"FRR": "it passes an attribute on that it does not know, and shows it nowhere",
	}},
	{name: "deleting withdraws", run: testDelete},
	{name: "changing replaces in place", run: testChange},
	{name: "End-of-RIB of each family", run: testEndOfRIB},
	{name: "ROUTE-REFRESH", run: testRefresh, unsupported: map[string]string{
		"GoBGP": "it keeps what it received and has no command that asks again",
	}},
	{name: "enhanced route refresh", run: testEnhancedRefresh, unsupported: map[string]string{
		"GoBGP": "it has no enhanced route refresh (RFC 7313)",
	}},
	{name: "add-path", run: testAddPath},
	{name: "extended messages", run: testExtendedMessages, unsupported: map[string]string{
		"GoBGP":    "3.10 has no extended messages (RFC 8654)",
		"OpenBGPD": "7.7 has no extended messages (RFC 8654)",
	}},
	{name: "extended next hop", run: testExtendedNextHop, unsupported: map[string]string{
		"OpenBGPD": "7.7 has no extended next hop (RFC 8950)",
	}},
	{name: "roles: a pair", run: testRole, unsupported: withoutRoles},
	{name: "roles: a mismatch", run: testRoleMismatch, unsupported: withoutRoles},
	{name: "host name", run: testHostName, unsupported: map[string]string{
		"OpenBGPD": "it shows no capability that it does not know",
	}},
	{name: "software version", run: testSoftwareVersion, unsupported: map[string]string{
		"BIRD":     "it shows no capability that it does not know",
		"FRR":      "8.4 shows no capability that it does not know; it is known from 8.5 on",
		"OpenBGPD": "it shows no capability that it does not know",
	}},
	{name: "rate limit", run: testRate},
	{name: "received routes are counted", run: testReceivedRoutes},
	{name: "the peer restarts", run: testPeerRestart},
	{name: "MD5: right key", run: testMD5},
	{name: "MD5: wrong key stays down", run: testMD5WrongKey},
	{name: "MD5: we are passive", run: testMD5Passive},
	{name: "MD5: IPv6", run: testMD5IPv6},
	{name: "we are passive", run: testHeraldPassive},
	{name: "the peer is passive", run: testPeerPassive},
	{name: "both dial at once", run: testBothDial, unsupported: map[string]string{
		"ExaBGP": "its collision handling reads an OPEN that has not come yet, fails, and leaves its session down for ever",
	}},
	{name: "GTSM", run: testGTSM},
	{name: "GTSM: two hops", run: testGTSMTwoHops, unsupported: map[string]string{
		"ExaBGP": "its listener answers with the TTL that it asks for, 254, which is 253 after a hop",
	}},
	{name: "GTSM: wrong TTL stays down", run: testGTSMWrongTTL},
	{name: "multihop", run: testMultihop},
	{name: "IPv6 transport, both ways", run: testIPv6Transport},
	{name: "wrong peer ASN", run: testWrongASN},
	{name: "adminState; deleting the peer", run: testAdminState},
	{name: "decommission (SIGINT)", run: testDecommission},
	{name: "graceful restart (SIGTERM)", run: testGracefulRestart, unsupported: map[string]string{
		"ExaBGP": "it has no table to keep stale routes in",
	}},
	{name: "crash (SIGKILL)", run: testCrash, unsupported: map[string]string{
		"ExaBGP": "it has no table to keep stale routes in",
	}},
	{name: "crash with broken files", run: testCrashWithBrokenFiles, unsupported: map[string]string{
		"ExaBGP": "it has no table to keep stale routes in",
	}},
	{name: "long-lived graceful restart", run: testLongLived, unsupported: map[string]string{
		"OpenBGPD": "7.7 has no long-lived graceful restart (RFC 9494)",
		"ExaBGP":   "it has no table to keep stale routes in",
	}},
	{name: "a NOTIFICATION keeps routes, a Hard Reset does not", run: testOverNotification, unsupported: map[string]string{
		"BIRD":     "2.0 has no graceful restart over a NOTIFICATION (RFC 8538)",
		"OpenBGPD": "7.7 has no graceful restart over a NOTIFICATION (RFC 8538)",
		"ExaBGP":   "it has no table to keep stale routes in",
	}},
}

var withoutRoles = map[string]string{
	"GoBGP":  "3.10 has no roles (RFC 9234)",
	"ExaBGP": "4.2 has no roles (RFC 9234)",
}

// TestInterop runs every case against every daemon and prints the table.
func TestInterop(t *testing.T) {
	t.Parallel()
	results := newMatrix()
	var daemons, cases []string
	for _, c := range interopCases {
		cases = append(cases, c.name)
	}
	t.Cleanup(func() { results.publish(t, daemons, cases) })
	for _, daemon := range harness.Daemons() {
		daemons = append(daemons, daemon.Name)
		t.Run(daemon.Name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Skipped() {
					results.missing(daemon.Name, cases)
				}
			})
			daemon.Require(t)
			version, err := daemon.New(harness.Config{}).Version(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			results.version(daemon.Name, version)
			for _, c := range interopCases {
				if reason, unsupported := c.unsupported[daemon.Name]; unsupported {
					results.unsupported(daemon.Name, c.name, reason)
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					t.Cleanup(func() { results.record(t, daemon.Name, c.name) })
					c.run(t, daemon)
				})
			}
		})
	}
}
