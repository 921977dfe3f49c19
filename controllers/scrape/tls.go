// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"

	certutil "k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Names of the files in a certificate directory, as in a Secret of type kubernetes.io/tls.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// serverTLS is the configuration of a server whose certificate is in a directory, and the function that reads the certificate anew
// when it changes. Without a directory the process signs a certificate itself.
func serverTLS(directory string) (_ *tls.Config, read func(context.Context) error, _ error) {
	// The guard decides whose certificate counts.
	config := &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}
	if directory == "" {
		certificate, key, err := certutil.GenerateSelfSignedCertKeyWithFixtures("localhost", []net.IP{{127, 0, 0, 1}}, nil, "")
		if err != nil {
			return nil, nil, fmt.Errorf("certificate of its own: %w", err)
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate of its own: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
		return config, nil, nil
	}
	watcher, err := certwatcher.New(filepath.Join(directory, certificateFile), filepath.Join(directory, keyFile))
	if err != nil {
		return nil, nil, fmt.Errorf("certificate in %s: %w", directory, err)
	}
	config.GetCertificate = watcher.GetCertificate
	return config, func(context.Context) error { return watcher.ReadCertificate() }, nil
}
