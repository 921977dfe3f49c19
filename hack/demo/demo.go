// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/herald-bgp/herald/test/controlplane"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	namespace = "herald-system"
	nodeName  = "node-1"
	// patience is how long each step may take on a busy machine, once the programs are there.
	patience = 60 * time.Second
)

// demo holds the running parts of the demo.
type demo struct {
	screen       *screen
	dir          string
	herald       string // the program
	assets       string // the folder of the control plane's programs, once assetsBuild is over
	assetsBuild  errgroup.Group
	stopAssets   context.CancelFunc // nil before assetsBuild has begun
	network      *network
	samples      string // the folder of the objects that are announced
	controlPlane *controlplane.ControlPlane
	bird         *harness.BIRD
	operator     []*harness.Process
}

// findRoot is the repository's folder: the working directory or one above it.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "assets")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("run the demo inside Herald's repository")
}

// showLogs prints the end of each process's log, after a step failed.
func (d *demo) showLogs() {
	for _, process := range d.operator {
		d.screen.log(process.Name, process.Log())
	}
	if d.bird != nil {
		d.screen.log("bird", d.bird.Log())
	}
}

// close ends everything, in the reverse order of its start.
func (d *demo) close() error {
	var errs []error
	if d.stopAssets != nil {
		d.stopAssets()
		_ = d.assetsBuild.Wait() // the step that needed the build has returned its error
	}
	for _, process := range d.operator {
		if err := process.Stop(syscall.SIGTERM, 10*time.Second); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
	}
	if d.bird != nil {
		d.bird.Kill()
	}
	if d.controlPlane != nil {
		errs = append(errs, d.controlPlane.Stop())
	}
	if d.network != nil {
		errs = append(errs, d.network.close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// stayUp waits for Ctrl-C and says what to do until then.
func (d *demo) stayUp(ctx context.Context) {
	d.screen.say("\nAll of it stays up until Ctrl-C. In another terminal:\n")
	d.screen.say("  export KUBECONFIG=%s", d.controlPlane.AdminKubeconfig())
	d.screen.say("  export PATH=%s:$PATH", d.assets)
	d.screen.say("  kubectl apply -f config/samples/announcement_web.yaml")
	d.screen.say("  kubectl get herald -A -o wide")
	d.screen.say("  birdc -s %s show route all protocol herald", d.bird.Socket())
	<-ctx.Done()
	d.screen.say("")
}

// kubectl runs the kubectl of the control plane's version as the administrator.
func (d *demo) kubectl(ctx context.Context, args ...string) (string, error) {
	command := (*harness.Netns)(nil).Command(ctx, filepath.Join(d.assets, "kubectl"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+d.controlPlane.AdminKubeconfig())
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// showKubectl runs kubectl and shows the command with its output.
func (d *demo) showKubectl(ctx context.Context, args ...string) error {
	out, err := d.kubectl(ctx, args...)
	if err != nil {
		return err
	}
	d.screen.command("kubectl "+strings.Join(args, " "), out)
	return nil
}

// showBIRD asks BIRD and shows the question with its answer.
func (d *demo) showBIRD(ctx context.Context, question ...string) error {
	answer, err := d.bird.Ask(ctx, question...)
	if err != nil {
		return err
	}
	d.screen.command("birdc "+strings.Join(question, " "), answer)
	return nil
}

// eventually waits until check is satisfied.
func eventually(ctx context.Context, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %s: %w", patience, what, err)
		case <-ticker.C:
		}
	}
}
