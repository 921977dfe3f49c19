// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// The files that kube-apiserver reads.
const (
	authorityCertificate = "ca.crt"
	serverCertificate    = "server.crt"
	serverKey            = "server.key"
	tokenKey             = "service-account.key"
)

const (
	certificateLifetime = 30 * 24 * time.Hour
	clockSkew           = time.Hour
)

// keys are the certificates and keys of one control plane. The authority's own key is forgotten once it has
// signed them.
type keys struct {
	dir              string
	authority        []byte // PEM
	adminCertificate []byte // PEM
	adminKey         []byte // PEM
}

func (k *keys) path(file string) string { return filepath.Join(k.dir, file) }

// newKeys makes the keys and writes to dir those that kube-apiserver reads.
func newKeys(dir string, addresses []netip.Addr) (*keys, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the keys: %w", err)
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	server := certificateTemplate(pkix.Name{CommonName: "kube-apiserver"}, x509.ExtKeyUsageServerAuth)
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	for _, a := range addresses {
		server.IPAddresses = append(server.IPAddresses, net.IP(a.AsSlice()))
	}
	serverCert, serverKeyPEM, err := ca.issue(server)
	if err != nil {
		return nil, err
	}
	admin := pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}
	adminCert, adminKey, err := ca.issue(certificateTemplate(admin, x509.ExtKeyUsageClientAuth))
	if err != nil {
		return nil, err
	}
	_, tokens, err := newKey()
	if err != nil {
		return nil, err
	}
	authority := encodePEM("CERTIFICATE", ca.certificate.Raw)
	k := &keys{dir: dir, authority: authority, adminCertificate: adminCert, adminKey: adminKey}
	for file, content := range map[string][]byte{
		authorityCertificate: authority,
		serverCertificate:    serverCert,
		serverKey:            serverKeyPEM,
		tokenKey:             tokens,
	} {
		if err := os.WriteFile(k.path(file), content, 0o600); err != nil {
			return nil, fmt.Errorf("keys of the control plane: %w", err)
		}
	}
	return k, nil
}

type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority() (*authority, error) {
	key, _, err := newKey()
	if err != nil {
		return nil, err
	}
	template := certificateTemplate(pkix.Name{CommonName: "herald-test-ca"})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return &authority{certificate: certificate, key: key}, nil
}

// issue signs the template for a new key and returns both as PEM.
func (a *authority) issue(template *x509.Certificate) (certificate, privateKey []byte, err error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate of %s: %w", template.Subject.CommonName, err)
	}
	return encodePEM("CERTIFICATE", der), keyPEM, nil
}

func certificateTemplate(subject pkix.Name, usage ...x509.ExtKeyUsage) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(randomSerial()),
		Subject:      subject,
		NotBefore:    now.Add(-clockSkew),
		NotAfter:     now.Add(certificateLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  usage,
	}
}

func randomSerial() []byte {
	serial := make([]byte, 16)
	_, _ = rand.Read(serial) // never fails
	serial[0] &= 0x7f        // RFC 5280 §4.1.2.2: positive
	return serial
}

// newKey returns a P-256 key, and the same key as PEM in the form that kube-apiserver wants for its token key.
func newKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("key: %w", err)
	}
	return key, encodePEM("EC PRIVATE KEY", der), nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
