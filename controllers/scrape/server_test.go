// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/klog/v2"
)

// writeAuthority writes the certificate of an authority, and returns it.
func writeAuthority(t *testing.T, file string) []byte {
	t.Helper()
	certificate, _, err := certutil.GenerateSelfSignedCertKey("authority", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate
}

// TestAuthoritiesAreReadAnew: without a log line for each reading; a file that cannot be read leaves the last authorities in place.
func TestAuthoritiesAreReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.crt")
	first := writeAuthority(t, file)
	var lines []string
	klog.SetLogger(funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}))
	defer klog.ClearLogger()
	authority, err := dynamiccertificates.NewDynamicCAContentFromFile("test", file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go reload(ctx, authority.RunOnce, logr.Discard())
		time.Sleep(2 * reloadInterval)
		synctest.Wait()
		if got := authority.CurrentCABundleContent(); !bytes.Equal(got, first) {
			t.Errorf("after nonsense the authority is %q, want the first", got)
		}
		second := writeAuthority(t, file)
		time.Sleep(2 * reloadInterval)
		synctest.Wait()
		if got := authority.CurrentCABundleContent(); !bytes.Equal(got, second) {
			t.Errorf("the authority is %q, want the second", got)
		}
	})
	if len(lines) > 0 {
		t.Errorf("the log has %q", lines)
	}
}

// TestCertificateIsReadAnew: when a kubelet swaps the files of the certificate.
func TestCertificateIsReadAnew(t *testing.T) {
	dir := t.TempDir()
	replace := func() {
		t.Helper()
		certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{certificateFile: certificate, keyFile: key} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := serverTLS(dir); err == nil {
		t.Error("no error though there is no certificate")
	}
	replace()
	config, read, err := serverTLS(dir)
	if err != nil {
		t.Fatal(err)
	}
	before, err := config.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	replace()
	if err := read(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := config.GetCertificate(nil)
	if err != nil || bytes.Equal(before.Certificate[0], after.Certificate[0]) {
		t.Errorf("the certificate is still the first: %v", err)
	}
}
