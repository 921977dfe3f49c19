// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// stopPatience is how long a pod may take to end.
const stopPatience = 30 * time.Second

// pod is a process as a kubelet would start it from a pod template: with the arguments and exactly the environment of the
// template, the token of its service account in the usual place, the template's user, and no capability.
type pod struct {
	name      string
	network   *harness.Netns
	container *corev1.Container
	process   *harness.Process
	// unprivileged begins the command of every program in the pod.
	unprivileged []string
}

// program is where the image's /herald is in the pod: its root is the machine's own.
const program = "/run/bin/herald"

// enter gives the container's files to the mount namespace that "ip netns exec" has just made.
const enter = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io
cp -R "$1" /run/secrets/kubernetes.io/serviceaccount
mkdir -p /run/bin
cp "$2" /run/bin/herald
chmod -R a+rX /run
shift 2
for volume; do
  shift
  [ "$volume" != -- ] || break
  mkdir -p "$volume"
  chmod a+rwx "$volume"
done
exec "$@"`

func (i *installation) startPod(t *testing.T, name string, network *harness.Netns, template *corev1.PodTemplateSpec) *pod {
	t.Helper()
	harness.RequireTool(t, "setpriv", "util-linux")
	spec := &template.Spec
	p := &pod{name: name, network: network, container: &spec.Containers[0]}
	environment := i.environment(t, p)
	p.unprivileged = []string{
		"setpriv", fmt.Sprintf("--reuid=%d", *spec.SecurityContext.RunAsUser), fmt.Sprintf("--regid=%d", *spec.SecurityContext.RunAsGroup),
		"--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--pdeathsig=KILL",
	}
	args := []string{"-c", enter, "enter", i.serviceAccount(t, spec.ServiceAccountName), i.herald}
	for _, mount := range p.container.VolumeMounts {
		args = append(args, mount.MountPath)
	}
	args = append(append(args, "--"), append(p.unprivileged, "env", "-i")...)
	for _, variable := range environment {
		args = append(args, variable.Name+"="+variable.Value)
	}
	args = append(args, program)
	for _, arg := range p.container.Args {
		args = append(args, expand(arg, environment))
	}
	process, err := harness.StartProcess(t.TempDir(), name, network.Command(t.Context(), "sh", args...))
	if err != nil {
		t.Fatal(err)
	}
	p.process = process
	t.Cleanup(func() {
		process.Kill()
		process.Report(t)
	})
	return p
}

// environment is the environment of the template, and the address of the API server, which every container gets. The API server
// is reached through a proxy in the pod's network.
func (i *installation) environment(t *testing.T, p *pod) []corev1.EnvVar {
	t.Helper()
	var proxy *harness.Proxy
	err := p.network.Do(func() error {
		proxy = harness.StartProxy(t, harness.ProxyOptions{Target: i.Server()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	environment := []corev1.EnvVar{
		{Name: "KUBERNETES_SERVICE_HOST", Value: proxy.Addr().Addr().String()},
		{Name: "KUBERNETES_SERVICE_PORT", Value: fmt.Sprint(proxy.Addr().Port())},
	}
	fields := map[string]string{
		"spec.nodeName":      nodeName,
		"metadata.namespace": namespace,
		"metadata.name":      p.name,
		"status.podIP":       p.network.IPv4.String(),
	}
	for _, variable := range p.container.Env {
		if variable.ValueFrom != nil {
			value, ok := fields[variable.ValueFrom.FieldRef.FieldPath]
			if !ok {
				t.Fatalf("$%s is of the field %s, which the test does not know", variable.Name, variable.ValueFrom.FieldRef.FieldPath)
			}
			variable = corev1.EnvVar{Name: variable.Name, Value: value}
		}
		environment = append(environment, variable)
	}
	return environment
}

// serviceAccount is a folder as it is mounted into a pod.
func (i *installation) serviceAccount(t *testing.T, name string) string {
	t.Helper()
	config, err := i.ServiceAccountConfig(t.Context(), namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, content := range map[string]string{
		"token": config.BearerToken, "ca.crt": string(config.CAData), "namespace": namespace,
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var reference = regexp.MustCompile(`\$\([A-Za-z_]+\)`)

// expand replaces $(NAME) as a kubelet does: a name that is not in the environment stays as it is.
func expand(arg string, environment []corev1.EnvVar) string {
	return reference.ReplaceAllStringFunc(arg, func(text string) string {
		for _, variable := range environment {
			if text == "$("+variable.Name+")" {
				return variable.Value
			}
		}
		return text
	})
}

// expectProbes expects that the pod becomes alive and ready by the probes of its container.
func (p *pod) expectProbes(t *testing.T) {
	t.Helper()
	probes := 0
	for name, probe := range map[string]*corev1.Probe{
		"startup": p.container.StartupProbe, "liveness": p.container.LivenessProbe, "readiness": p.container.ReadinessProbe,
	} {
		if probe == nil {
			continue
		}
		probes++
		harness.Eventually(t, patience, name+" of "+p.name, func() error {
			select {
			case <-p.process.Done():
				t.Fatalf("%s ended: %v", p.name, p.process.Err())
			default:
			}
			if probe.Exec != nil {
				return p.exec(t, probe.Exec.Command)
			}
			return p.probe(t, probe.HTTPGet)
		})
	}
	if probes == 0 {
		t.Errorf("%s has no probe", p.name)
	}
}

// exec runs a command of the image in the pod, as a kubelet does for a probe.
func (p *pod) exec(t *testing.T, command []string) error {
	t.Helper()
	if command[0] != "/herald" {
		return fmt.Errorf("%s is not in the image", command[0])
	}
	args := append([]string{fmt.Sprintf("--target=%d", p.process.PID()), "--mount", "--net", "--"}, p.unprivileged...)
	args = append(append(args, program), command[1:]...)
	if out, err := exec.CommandContext(t.Context(), "nsenter", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w: %s", command, err, out)
	}
	return nil
}

// probe asks as a kubelet does, which for a pod on the host's network is from there.
func (p *pod) probe(t *testing.T, get *corev1.HTTPGetAction) error {
	t.Helper()
	address := p.network.IPv4
	if get.Host != "" {
		address = netip.MustParseAddr(get.Host)
	}
	port := get.Port.IntVal
	if get.Port.Type == intstr.String {
		for _, named := range p.container.Ports {
			if named.Name == get.Port.StrVal {
				port = named.ContainerPort
			}
		}
	}
	url := "http://" + net.JoinHostPort(address.String(), fmt.Sprint(port)) + get.Path
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	asker := &http.Client{Transport: &http.Transport{DialContext: p.network.DialContext}, Timeout: 5 * time.Second}
	defer asker.CloseIdleConnections()
	response, err := asker.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	return nil
}

// stop ends the pod as a kubelet does, and expects that it ends in order and that the API server refused it no request.
func (p *pod) stop(t *testing.T) {
	t.Helper()
	if err := p.process.Stop(syscall.SIGTERM, stopPatience); err != nil {
		t.Error(err)
	}
	if err := p.process.Err(); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
	for line := range strings.Lines(p.process.Log()) {
		if strings.Contains(line, "forbidden") {
			t.Errorf("%s was refused: %s", p.name, line)
		}
	}
}

// peerStatus is nil once the session was reported by the node role, and summed up by the cluster role.
func (i *installation) peerStatus(t *testing.T) error {
	t.Helper()
	session := &v1alpha1.BGPSession{}
	if err := i.Get(t.Context(), client.ObjectKey{Name: peerName + "." + nodeName}, session); err != nil {
		return err
	}
	if meta.FindStatusCondition(session.Status.Conditions, "Established") == nil {
		return fmt.Errorf("the BGPSession has the conditions %v, and no Established", session.Status.Conditions)
	}
	peer := &v1alpha1.BGPPeer{}
	if err := i.Get(t.Context(), client.ObjectKey{Name: peerName}, peer); err != nil {
		return err
	}
	if sessions := peer.Status.Sessions; sessions == nil || sessions.Summary != "0/1" {
		return fmt.Errorf("the BGPPeer has the sessions %+v, want 0/1", sessions)
	}
	return nil
}
