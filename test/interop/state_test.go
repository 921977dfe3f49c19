// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// testCrashWithBrokenFiles kills Herald while its files are broken: the peer, its key and the announcement. With a state directory the
// next process announces their last valid versions. So the daemon has the routes throughout, and a younger BGPPeer with the same
// neighbour does not take the session, although its name comes first.
func testCrashWithBrokenFiles(t *testing.T, daemon harness.Daemon) {
	const key = "s3cret"
	l := newLab(t, daemon, setup{heraldKey: key, routerKey: key, heraldListens: true})
	stateDir := filepath.Join(t.TempDir(), "state")
	l.herald.args = append(l.herald.args, "--state-dir", stateDir)
	l.start()
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	l.herald.write(t, "0-younger.yaml", strings.Replace(l.peerManifest(l.topo.Router.IPv4), "tor-a", "a-younger", 1))
	l.herald.wantRefused(t, "a-younger")
	// This is the last valid version before the files are broken.
	harness.Eventually(t, patience, "the state has the younger peer", func() error {
		state, err := os.ReadFile(filepath.Join(stateDir, "objects.jsonl"))
		if err == nil && !strings.Contains(string(state), "a-younger") {
			err = errors.New(string(state))
		}
		return err
	})
	for _, name := range []string{"peer.yaml", "secret.yaml", webManifest} {
		l.herald.write(t, name, "{")
	}
	l.throughout("the route is there", l.hasRoute(web4), func() {
		l.herald.wantProblems(t, 3)
		l.herald.Kill()
		l.wantPeer("the routes are kept", func(s harness.Session) bool { return !s.Established && l.keeps(s) })
		l.herald.start(t)
		l.wantEstablished()
		l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
		l.wantWeb()
		l.herald.wantProblems(t, 3)
		l.herald.wantRefused(t, "a-younger")
	})
}

// wantRefused waits until a BGPPeer lost a conflict.
func (h *herald) wantRefused(t *testing.T, name string) {
	t.Helper()
	harness.Eventually(t, patience, name+" is refused", func() error {
		var peer v1alpha1.BGPPeer
		if err := h.object(t.Context(), "BGPPeer", name, &peer); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(peer.Status.Conditions, v1alpha1.ConditionAccepted); c == nil || c.Reason != v1alpha1.ReasonConflict {
			return errors.New("it is not in conflict")
		}
		return nil
	})
}

// wantProblems waits until /status lists that many refused files, each with its last valid version in force.
func (h *herald) wantProblems(t *testing.T, want int) {
	t.Helper()
	harness.Eventually(t, patience, "the broken files are listed", func() error {
		problems, err := h.problems(t.Context())
		if err == nil && len(problems) != want {
			err = errors.New(strings.Join(problems, "; "))
		}
		for _, problem := range problems {
			if !strings.HasSuffix(problem, "(what was in force before stays)") {
				err = errors.New(problem)
			}
		}
		return err
	})
}

// problems are the problems that /status lists.
func (h *herald) problems(ctx context.Context) ([]string, error) {
	items, err := h.items(ctx)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, item := range items {
		var status metav1.Status
		if err := json.Unmarshal(item, &status); err == nil && status.Kind == "Status" {
			problems = append(problems, status.Message)
		}
	}
	return problems, nil
}
