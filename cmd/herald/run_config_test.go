// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a kubeconfig file whose current context is a server.
func writeKubeconfig(t *testing.T, path, server string) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
}

// TestKubeconfig: the named file is read, the default file of kubectl is not.
func TestKubeconfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	const ofFlag, ofEnvironment = "https://192.0.2.1:6443", "https://192.0.2.2:6443"
	flagFile, environmentFile := filepath.Join(home, "flag"), filepath.Join(home, "environment")
	writeKubeconfig(t, flagFile, ofFlag)
	writeKubeconfig(t, environmentFile, ofEnvironment)
	writeKubeconfig(t, filepath.Join(home, ".kube", "config"), "https://192.0.2.3:6443")
	for _, test := range []struct{ name, flag, environment, want string }{
		{name: "flag", flag: flagFile, environment: environmentFile, want: ofFlag},
		{name: "environment", environment: environmentFile, want: ofEnvironment},
		{name: "neither"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", test.environment)
			config, err := (&runOptions{kubeconfig: test.flag}).loadConfig()
			if test.want == "" {
				if !errors.Is(err, rest.ErrNotInCluster) {
					t.Errorf("config %v and error %v, want %v", config, err, rest.ErrNotInCluster)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if config.Host != test.want {
				t.Errorf("server %s, want %s", config.Host, test.want)
			}
		})
	}
}
