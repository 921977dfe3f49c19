// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rollup "github.com/herald-bgp/herald/controllers/cluster"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/test/controlplane"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	operatorNamespace = "herald-system"
	stopPatience      = 30 * time.Second
)

// cluster is a control plane with Herald's CRDs and RBAC, and an administrator's client.
type cluster struct {
	*controlplane.ControlPlane
	client.Client
	// restarted: an API server that has just started refuses every request until it has read its own roles.
	restarted bool
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := newBareCluster(t)
	c.installCRDs(t)
	return c
}

func (c *cluster) installCRDs(t *testing.T) {
	t.Helper()
	if err := c.InstallCRDs(t.Context(), filepath.Join("..", "..", "config", "crd", "bases")); err != nil {
		t.Fatal(err)
	}
}

// newBareCluster is a cluster without the CRDs.
func newBareCluster(t *testing.T) *cluster {
	t.Helper()
	plane := controlplane.ForTest(t, controlplane.Options{})
	admin, err := client.New(plane.AdminConfig(), client.Options{Scheme: kube.NewScheme(), Mapper: kube.NewRESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{ControlPlane: plane, Client: admin}
	c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}})
	c.applyRBAC(t)
	return c
}

// applyRBAC applies the service accounts, roles and bindings as they are shipped.
func (c *cluster) applyRBAC(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "rbac", "*_*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no RBAC manifests: %v", err)
	}
	for _, file := range files {
		manifest, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.ApplyManifests(t.Context(), manifest); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

func (c *cluster) create(t *testing.T, object client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatalf("create %T %s: %v", object, object.GetName(), err)
	}
}

func (c *cluster) remove(t *testing.T, object client.Object) {
	t.Helper()
	if err := c.Delete(t.Context(), object); err != nil {
		t.Fatalf("delete %T %s: %v", object, object.GetName(), err)
	}
}

// change reads an object, changes it and writes it back. On a conflict it tries again.
func change[T client.Object](t *testing.T, c *cluster, object T, edit func(T)) {
	t.Helper()
	key := client.ObjectKeyFromObject(object)
	harness.Eventually(t, 10*time.Second, "change of "+key.String(), func() error {
		if err := c.Get(t.Context(), key, object); err != nil {
			return err
		}
		edit(object)
		return c.Update(t.Context(), object)
	})
}

// addNode makes a Node as a kubelet would.
func (c *cluster) addNode(t *testing.T, name, address string) *corev1.Node {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
	c.create(t, node)
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}
	if err := c.Status().Update(t.Context(), node); err != nil {
		t.Fatalf("addresses of node %s: %v", name, err)
	}
	return node
}

// restart starts the API server again.
func (c *cluster) restart(t *testing.T) {
	t.Helper()
	c.restarted = true
	if err := c.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// roleConfig is a client configuration with a token of a role's service account.
func (c *cluster) roleConfig(t *testing.T, role string) *rest.Config {
	t.Helper()
	config, err := c.ServiceAccountConfig(t.Context(), operatorNamespace, "herald-"+role)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// startNode runs the node role for a node, through a proxy where one is given.
func (c *cluster) startNode(t *testing.T, name string, proxy *harness.Proxy, args ...string) *harness.Process {
	t.Helper()
	config := c.roleConfig(t, "node")
	if proxy != nil {
		config.Host = "https://" + proxy.Addr().String()
	}
	return c.startRole(t, "node-"+name, config, append([]string{"--role=node", "--node-name=" + name}, args...)...)
}

// startCluster runs the cluster role.
func (c *cluster) startCluster(t *testing.T, args ...string) *harness.Process {
	t.Helper()
	return c.startRole(t, "cluster", c.roleConfig(t, "cluster"), append([]string{"--role=cluster"}, args...)...)
}

// startRole runs herald until the test ends. Then herald must end in order, and the API server must have refused it no request.
func (c *cluster) startRole(t *testing.T, name string, config *rest.Config, args ...string) *harness.Process {
	t.Helper()
	process := c.launch(t, name, config, args...)
	t.Cleanup(func() { c.expectOrderlyEnd(t, name, process) })
	return process
}

// launch runs herald. The caller ends it.
func (c *cluster) launch(t *testing.T, name string, config *rest.Config, args ...string) *harness.Process {
	t.Helper()
	kubeconfig, err := c.WriteKubeconfig(name, config)
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{
		"run", "--kubeconfig=" + kubeconfig, "--namespace=" + operatorNamespace,
		"--health-address=127.0.0.1:0", "--metrics-address=0",
	}, args...)
	process, err := harness.StartProcess(t.TempDir(), name, exec.Command(herald, args...))
	if err != nil {
		t.Fatal(err)
	}
	return process
}

// expectOrderlyEnd ends a process. It must end in order, and the API server must have refused it no request.
func (c *cluster) expectOrderlyEnd(t *testing.T, name string, process *harness.Process) {
	t.Helper()
	defer process.Report(t)
	select {
	case <-process.Done():
		t.Errorf("%s ended by itself: %v", name, process.Err())
		return
	default:
	}
	if err := errors.Join(process.Stop(syscall.SIGTERM, stopPatience), process.Err()); err != nil {
		t.Errorf("end of %s: %v", name, err)
	}
	for line := range strings.Lines(process.Log()) {
		if strings.Contains(line, "forbidden") && !c.restarted {
			t.Errorf("%s was refused: %s", name, line)
		}
		if strings.Contains(line, "level=INFO") && strings.Contains(line, "Starting") {
			t.Errorf("%s tells everybody how its libraries start: %s", name, line)
		}
	}
}

// conditionOf is a condition in words, such as "True/Established: …".
func conditionOf(conditions []metav1.Condition, kind string) (metav1.Condition, string) {
	found := meta.FindStatusCondition(conditions, kind)
	if found == nil {
		return metav1.Condition{}, kind + " is absent"
	}
	return *found, kind + "=" + string(found.Status) + "/" + found.Reason + ": " + found.Message
}

// addSpeakerPod makes a pod of the node role on a node, and reports it as running, as a kubelet would.
func (c *cluster) addSpeakerPod(t *testing.T, node string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "herald-" + node, Labels: rollup.SpeakerLabels()},
		Spec: corev1.PodSpec{
			NodeName:                      node,
			ServiceAccountName:            "herald-node",
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers:                    []corev1.Container{{Name: rollup.SpeakerContainer, Image: "herald"}},
		},
	}
	c.create(t, pod)
	c.setPod(t, pod, true, corev1.ConditionTrue)
	return pod
}

// setPod writes whether the container of a pod runs, and whether the pod is ready.
func (c *cluster) setPod(t *testing.T, pod *corev1.Pod, running bool, ready corev1.ConditionStatus) {
	t.Helper()
	state := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	if running {
		state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	}
	c.writeStatus(t, pod, func() {
		pod.Status.Phase = corev1.PodRunning // the phase stays so while a container crashes, and when the node is off
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: rollup.SpeakerContainer, Image: "herald", ImageID: "herald", State: state}}
	})
}

func keyOf(object client.Object) client.ObjectKey { return client.ObjectKeyFromObject(object) }
