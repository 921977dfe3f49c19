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

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

// Options of a Server.
type Options struct {
	// Config reaches the API server that is asked who may read.
	Config *rest.Config
	// CertDir holds tls.crt and tls.key; empty for a certificate of the process's own.
	CertDir string
	// ClientCA is a file of authorities: whoever shows a client certificate that one of them has signed may read. Empty for none.
	ClientCA string
	// Logger of refusals that somebody should know of.
	Logger logr.Logger
}

// Server serves what only some may read, over TLS.
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
	var watch func(context.Context) error
	if s.tls, watch, err = serverTLS(o.CertDir); err != nil {
		return nil, err
	}
	if watch != nil {
		s.watchers = append(s.watchers, watch)
	}
	if o.ClientCA == "" {
		return s, nil
	}
	authority, err := dynamiccertificates.NewDynamicCAContentFromFile("metrics-client-ca", o.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("authority of metrics clients: %w", err)
	}
	guard.trustCertificates(authority.VerifyOptions)
	s.watchers = append(s.watchers, func(ctx context.Context) error {
		reload(ctx, authority, o.Logger)
		return nil
	})
	return s, nil
}

// reloadInterval is how often the file of authorities is read anew.
const reloadInterval = 10 * time.Second

// reload reads a file of authorities again and again until ctx ends; while it cannot be read, what was read last counts. Its
// own Run would tell everybody's log how it starts.
func reload(ctx context.Context, authority *dynamiccertificates.DynamicFileCAContent, log logr.Logger) {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := authority.RunOnce(ctx)
		if err != nil && !failing {
			log.Error(err, "authority of metrics clients cannot be read anew; what was read last counts")
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
	group.Go(func() error { return nodeapi.ServeListener(ctx, tls.NewListener(l, s.tls), s.handler) })
	return group.Wait()
}
