// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// restConfig says how to reach the API server: by a kubeconfig file, or by the pod's service account.
func (o *runOptions) restConfig(log logr.Logger) (*rest.Config, error) {
	config, err := o.loadConfig()
	if err != nil {
		return nil, err
	}
	// The API server's priority and fairness decides which request waits. A throttle here would delay changed states behind
	// counts that could wait.
	config.QPS = -1
	config.Dial = patientDial(log, dialTCP())
	config.UserAgent = "herald-" + o.role
	return config, nil
}

// loadConfig never reads ~/.kube: an operator that is started by hand must not work on the cluster that kubectl happens to point
// to.
func (o *runOptions) loadConfig() (*rest.Config, error) {
	if !o.namesKubeconfig() {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("no way to reach an API server: give --kubeconfig, set $KUBECONFIG, or run in a pod: %w", err)
		}
		return config, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no way to reach an API server: %w", err)
	}
	return config, nil
}

// namesKubeconfig reports whether a kubeconfig file is given.
func (o *runOptions) namesKubeconfig() bool {
	return o.kubeconfig != "" || os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != ""
}

// inPod reports whether the API server is reached as the pod that this process is in.
func (o *runOptions) inPod() bool {
	return !o.namesKubeconfig() && os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// useLogger makes log the logger of the libraries, which have one logger for each process.
func useLogger(log logr.Logger) {
	ctrllog.SetLogger(log)
	klog.SetLogger(log)
}
