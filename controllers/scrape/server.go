// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/rest"

	"github.com/herald-bgp/herald/controllers/httpserve"
)

// Options of a Server.
type Options struct {
	// Config reaches the API server that decides who may read.
	Config *rest.Config
	// CertDir holds tls.crt and tls.key. If it is empty, the process signs a certificate itself.
	CertDir string
	// ClientCA is a file of certificate authorities: a client with a certificate that one of them signed may read. Empty for none.
	ClientCA string
	// Logger gets the refusals that an operator should know of.
	Logger logr.Logger
}

// Server serves a handler over TLS to those who may read.
type Server struct {
	tls     *tls.Config
	handler http.Handler
	// watchers read files anew when they change.
	watchers []func(context.Context) error
}

// NewServer reads the files of the options.
func NewServer(o Options, handler http.Handler) (*Server, error) {
	guard, err := newGuard(o.Config, o.Logger)
	if err != nil {
		return nil, err
	}
	s := &Server{handler: guard.wrap(handler)}
	watch := func(what string, read func(context.Context) error) {
		s.watchers = append(s.watchers, func(ctx context.Context) error {
			reload(ctx, read, o.Logger.WithValues("what", what))
			return nil
		})
	}
	var read func(context.Context) error
	if s.tls, read, err = serverTLS(o.CertDir); err != nil {
		return nil, err
	}
	if read != nil {
		watch("certificate", read)
	}
	if o.ClientCA == "" {
		return s, nil
	}
	authority, err := dynamiccertificates.NewDynamicCAContentFromFile("metrics-client-ca", o.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("authority of metrics clients: %w", err)
	}
	guard.trustCertificates(authority.VerifyOptions)
	watch("authority of clients", authority.RunOnce)
	return s, nil
}

// reloadInterval is how often files are read anew.
const reloadInterval = 10 * time.Second

// reload reads a file again and again until ctx ends; while the file cannot be read, the last contents count. It stands in for the
// loops of the libraries, which log their start to the global log.
func reload(ctx context.Context, read func(context.Context) error, log logr.Logger) {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := read(ctx)
		if err != nil && !failing {
			log.Error(err, "a file of the metrics endpoint cannot be read anew; its last contents count")
		}
		failing = err != nil
	}
}

// Serve answers on a listener, which it closes, until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, watch := range s.watchers {
		group.Go(func() error { return watch(ctx) })
	}
	group.Go(func() error { return httpserve.Serve(ctx, tls.NewListener(l, s.tls), s.handler) })
	return group.Wait()
}
