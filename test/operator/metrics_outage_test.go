// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a := &authority{certificate: template}
	pair := a.sign(t, template)
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate: certificate, key: pair.PrivateKey.(crypto.Signer)}
}

// sign makes a certificate and its key. An authority without a key makes a certificate that signs itself.
func (a *authority) sign(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: "prometheus"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// writePair writes a certificate, and its key if that has a file name, into a directory.
func writePair(t *testing.T, dir string, pair tls.Certificate, certificate, key string) {
	t.Helper()
	blocks := map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}}
	if key != "" {
		der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		blocks[key] = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	}
	for name, block := range blocks {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMetricsThroughAnOutage: metrics matter most while the API server is away. Then clients that it allowed before may read, for
// longer than its answers are cached, and so may clients with a certificate, even from a process that started during the outage.
func TestMetricsThroughAnOutage(t *testing.T) {
	t.Parallel() // it waits for most of its time
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	servers, clients, strangers := newAuthority(t), newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	writePair(t, dir, servers.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}), "tls.crt", "tls.key")
	writePair(t, dir, tls.Certificate{Certificate: [][]byte{clients.certificate.Raw}}, "ca.crt", "")
	secure := func(address string) []string {
		return []string{
			"--role=node", "--node-name=" + node.Name, "--metrics-address=" + address,
			"--metrics-cert-dir=" + dir, "--metrics-client-ca=" + filepath.Join(dir, "ca.crt"),
		}
	}
	trusted := &tls.Config{RootCAs: x509.NewCertPool()}
	trusted.RootCAs.AddCert(servers.certificate)
	with := func(a *authority) *tls.Config {
		config := trusted.Clone()
		config.Certificates = []tls.Certificate{a.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})}
		return config
	}
	config := c.roleConfig(t, "node")
	address := freeAddress(t)
	url := metricsURL(address)
	c.startRole(t, "node-"+node.Name, config, secure(address.String())...)
	token, refused := c.scraperToken(t), config.BearerToken
	for what, test := range map[string]struct {
		config *tls.Config
		token  string
		want   int
	}{
		"a token that may":        {trusted, token, http.StatusOK},
		"a token that may not":    {trusted, refused, http.StatusForbidden},
		"a token of nobody":       {trusted, "nobody", http.StatusUnauthorized},
		"nothing":                 {trusted, "", http.StatusUnauthorized},
		"a certificate":           {with(clients), "", http.StatusOK},
		"a stranger's":            {with(strangers), "", http.StatusUnauthorized},
		"a stranger with a token": {with(strangers), token, http.StatusOK},
	} {
		if status, text := scrapeWith(t, test.config, url, test.token); status != test.want {
			t.Errorf("with %s the answer is %d, want %d: %.200s", what, status, test.want, text)
		}
	}

	if err := c.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	c.restarted = true
	late := freeAddress(t)
	c.startRole(t, "node-late", config, secure(late.String())...)
	if status, _ := scrapeWith(t, with(clients), metricsURL(late), ""); status != http.StatusOK {
		t.Errorf("of a process that started in the outage a certificate has the answer %d, want %d", status, http.StatusOK)
	}
	if status, _ := scrapeWith(t, trusted, metricsURL(late), token); status != http.StatusServiceUnavailable {
		t.Errorf("of a process that started in the outage a token has the answer %d, want %d", status, http.StatusServiceUnavailable)
	}
	// Longer than TokenReviews are cached.
	harness.Steadily(t, outage()+10*time.Second, "metrics", func() error {
		if status, _ := scrapeWith(t, trusted, url, token); status != http.StatusOK {
			return fmt.Errorf("the token that may has the answer %d, want %d", status, http.StatusOK)
		}
		return nil
	})
	if status, _ := scrapeWith(t, trusted, url, refused); status == http.StatusOK {
		t.Error("a token that may not reads in the outage")
	}
}
