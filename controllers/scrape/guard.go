// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package scrape

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	reviewv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	authenticationv1 "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
)

const (
	// The values are those of controller-runtime's own filter.
	tokenCacheTTL = time.Minute
	allowCacheTTL = 5 * time.Minute
	denyCacheTTL  = 30 * time.Second
	// patience is how long one request waits for the API server: less than the ten seconds of Prometheus.
	patience = 3 * time.Second
)

// guard lets a request through if its sender may read metrics.
type guard struct {
	tokens       authenticator.Token
	rights       authorizer.Authorizer
	certificates authenticator.Request // nil if certificates do not count
	held         held
	log          logr.Logger
}

// newGuard returns a guard that asks the API server of config: a TokenReview says who sent a request, and a SubjectAccessReview
// whether they may read.
func newGuard(config *rest.Config, log logr.Logger) (*guard, error) {
	authentication, err := authenticationv1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for TokenReviews: %w", err)
	}
	authorization, err := authorizationv1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for SubjectAccessReviews: %w", err)
	}
	rights, err := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: authorization,
		AllowCacheTTL:             allowCacheTTL,
		DenyCacheTTL:              denyCacheTTL,
		WebhookRetryBackoff:       &wait.Backoff{Steps: 1}, // the scraper tries again by itself
	}.New()
	if err != nil {
		return nil, fmt.Errorf("authorization of metrics: %w", err)
	}
	tokens := cache.New(tokenReviews{authentication.TokenReviews()}, false, tokenCacheTTL, tokenCacheTTL)
	return &guard{tokens: tokens, rights: rights, log: log}, nil
}

// trustCertificates lets a client through that shows a certificate which verify accepts.
func (g *guard) trustCertificates(verify x509.VerifyOptionFunc) {
	g.certificates = x509.NewDynamic(verify, x509.CommonNameUserConversion)
}

// wrap returns a handler that passes permitted requests on to next.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code, message := g.judge(r); code != http.StatusOK {
			http.Error(w, message, code)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// judge returns a status code and, unless that is success, the reason.
func (g *guard) judge(r *http.Request) (code int, message string) {
	if g.certified(r) {
		return http.StatusOK, ""
	}
	token, now := bearer(r), time.Now()
	if token == "" || expired(token, now) {
		return http.StatusUnauthorized, "a bearer token is needed that is still good"
	}
	code, message, err := g.ask(r, token)
	switch {
	case err == nil && code == http.StatusOK:
		g.held.allow(token, now)
	case err == nil:
		g.held.deny(token)
	case g.held.allows(token, now):
		return http.StatusOK, "" // the last answer of the API server
	default:
		g.log.Error(err, "the API server cannot be asked who reads metrics")
		return http.StatusServiceUnavailable, "the API server cannot be asked, and has not let this token read in the last hour"
	}
	return code, message
}

func (g *guard) certified(r *http.Request) bool {
	if g.certificates == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	_, ok, err := g.certificates.AuthenticateRequest(r)
	if err != nil {
		g.log.Info("client certificate refused", "from", r.RemoteAddr, "error", err.Error())
	}
	return ok && err == nil
}

// ask asks the API server. An error means that there was no answer.
func (g *guard) ask(r *http.Request, token string) (code int, message string, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	who, ok, err := g.tokens.AuthenticateToken(ctx, token)
	if err != nil {
		return 0, "", err
	}
	if !ok {
		return http.StatusUnauthorized, "the API server does not know this token", nil
	}
	decision, _, err := g.rights.Authorize(ctx, authorizer.AttributesRecord{
		User: who.User, Verb: strings.ToLower(r.Method), Path: r.URL.Path,
	})
	if err != nil {
		return 0, "", err
	}
	if decision != authorizer.DecisionAllow {
		return http.StatusForbidden, fmt.Sprintf("%s may not %s %s", who.User.GetName(), strings.ToLower(r.Method), r.URL.Path), nil
	}
	return http.StatusOK, "", nil
}

// tokenReviews is an authenticator whose error means that there was no answer. The library's authenticator returns an error also for
// a token that the API server does not know.
type tokenReviews struct {
	client authenticationv1.TokenReviewInterface
}

// AuthenticateToken implements authenticator.Token.
func (t tokenReviews) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	review := &reviewv1.TokenReview{Spec: reviewv1.TokenReviewSpec{Token: token}}
	review, err := t.client.Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return nil, false, fmt.Errorf("TokenReview: %w", err)
	}
	if !review.Status.Authenticated {
		return nil, false, nil
	}
	who := &user.DefaultInfo{Name: review.Status.User.Username, UID: review.Status.User.UID, Groups: review.Status.User.Groups}
	who.Extra = make(map[string][]string, len(review.Status.User.Extra))
	for key, values := range review.Status.User.Extra {
		who.Extra[key] = values
	}
	return &authenticator.Response{User: who}, true, nil
}

// bearer is the token of a request, empty for none.
func bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
