// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// afterOutage is how long a change may take on a busy machine when the API server is back: clients try again every few
// seconds.
const afterOutage = 45 * time.Second

// outage is how long the API server is away.
func outage() time.Duration {
	if testing.Short() {
		return 10 * time.Second
	}
	return 60 * time.Second
}

// running is an operator with one session and one announcement, both roles as processes.
type running struct {
	*cluster
	tor       *router
	web       *v1alpha1.Announcement
	processes []*harness.Process
}

func newRunning(t *testing.T, number byte) *running {
	t.Helper()
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	r := &running{cluster: c, tor: newRouter(t, number), web: announcement(operatorNamespace, "web", "203.0.113.0/24")}
	r.processes = []*harness.Process{c.startNode(t, node.Name, nil), c.startCluster(t)}
	c.create(t, r.tor.peer())
	c.create(t, r.web)
	c.expectAnnouncement(t, patience, r.web, advertised)
	c.expectPeer(t, patience, r.tor.name, peerEstablished)
	return r
}

// untouched runs do and then waits for a time. The sessions must stay untouched meanwhile.
func (r *running) untouched(t *testing.T, wait time.Duration, do func()) {
	t.Helper()
	since, mark := r.tor.since(t), r.tor.mark(t)
	do()
	harness.Steadily(t, wait, "nothing but KEEPALIVEs", func() error {
		for _, p := range r.processes {
			select {
			case <-p.Done():
				return fmt.Errorf("%s ended: %w", p.Name, p.Err())
			default:
			}
		}
		return r.tor.onlyKeepalives(mark)
	})
	if passed := len(r.tor.proxy.Messages(mark)); time.Duration(passed)*time.Second*holdSeconds/3 < wait {
		t.Errorf("%d KEEPALIVEs in %v: the session does not live", passed, wait)
	}
	if now := r.tor.since(t); now != since {
		t.Errorf("the session began anew: %s, was %s", now, since)
	}
}

// changesArrive changes the announcement and waits until the router and the statuses have it.
func (r *running) changesArrive(t *testing.T, med uint32) {
	t.Helper()
	change(t, r.cluster, r.web, func(a *v1alpha1.Announcement) {
		a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(med))}
	})
	took := harness.Eventually(t, afterOutage, "change at the router", func() error {
		route, err := r.tor.Route(t.Context(), r.tor.prefix("203.0.113.0/24"))
		if err != nil || route == nil || route.MED == nil || *route.MED != med {
			return fmt.Errorf("route %+v, want MED %d: %w", route, med, err)
		}
		return nil
	})
	t.Logf("a change arrived after %v", took)
	r.expectAnnouncement(t, afterOutage, r.web, advertised)
}

func TestAPIServerKilled(t *testing.T) {
	t.Parallel() // it waits for most of its time
	r := newRunning(t, 51)
	r.untouched(t, outage(), func() {
		if err := r.KillAPIServer(); err != nil {
			t.Fatal(err)
		}
	})
	since := r.tor.since(t)
	r.restart(t)
	r.changesArrive(t, 151)
	if now := r.tor.since(t); now != since {
		t.Errorf("the session began anew: %s, was %s", now, since)
	}
}

func TestAPIServerStopped(t *testing.T) {
	t.Parallel() // it waits for most of its time
	r := newRunning(t, 52)
	before := cpuOf(t, r.processes)
	wait := outage()
	r.untouched(t, wait, func() {
		if err := r.PauseAPIServer(); err != nil {
			t.Fatal(err)
		}
	})
	// A loop without a pause would take all of a core.
	used := cpuOf(t, r.processes) - before
	t.Logf("the operator used %v of CPU in %v while the API server did not answer", used, wait)
	if used > wait/20 {
		t.Errorf("that is more than a twentieth of a core")
	}
	if err := r.ResumeAPIServer(); err != nil {
		t.Fatal(err)
	}
	r.changesArrive(t, 152)
}

// TestAPIServerAwayAtStart: a process that starts while there is no API server waits for it.
func TestAPIServerAwayAtStart(t *testing.T) {
	t.Parallel() // it waits for most of its time
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 53)
	c.create(t, tor.peer())
	nodeConfig, clusterConfig := c.roleConfig(t, "node"), c.roleConfig(t, "cluster")
	if err := c.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	process := c.startRole(t, "node-"+node.Name, nodeConfig, "--role=node", "--node-name="+node.Name)
	c.startRole(t, "cluster", clusterConfig, "--role=cluster")
	harness.Steadily(t, 5*time.Second, "the process waits", func() error {
		select {
		case <-process.Done():
			return process.Err()
		default:
			return nil
		}
	})
	c.restart(t)
	c.expectPeer(t, afterOutage, tor.name, peerEstablished)
}

// TestStolenLease: the cluster role loses its Lease to another holder. Its process stays and works again once it has the Lease
// back; the node role is not affected.
func TestStolenLease(t *testing.T) {
	t.Parallel() // it waits for most of its time
	r := newRunning(t, 54)
	admin, err := kubernetes.NewForConfig(r.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	leases := admin.CoordinationV1().Leases(operatorNamespace)
	r.untouched(t, time.Second, func() {
		harness.Eventually(t, patience, "theft of the Lease", func() error {
			return r.editLease(t.Context(), admin, func(spec *coordinationv1.LeaseSpec) {
				now := metav1.NowMicro()
				spec.HolderIdentity, spec.RenewTime, spec.AcquireTime = new("thief"), &now, &now
			})
		})
		harness.Eventually(t, patience, "the cluster role notices", func() error {
			if !contains(r.processes[1].Log(), "a new one follows") {
				return fmt.Errorf("its manager goes on")
			}
			return nil
		})
	})
	if err := leases.Delete(t.Context(), "herald-cluster", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	r.changesArrive(t, 154)
}

func (r *running) editLease(ctx context.Context, admin kubernetes.Interface, edit func(*coordinationv1.LeaseSpec)) error {
	leases := admin.CoordinationV1().Leases(operatorNamespace)
	lease, err := leases.Get(ctx, "herald-cluster", metav1.GetOptions{})
	if err != nil {
		return err
	}
	edit(&lease.Spec)
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
