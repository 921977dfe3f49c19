// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
)

func TestMD5Key(t *testing.T) {
	long := strings.Repeat("k", 81)
	tests := []struct {
		name    string
		entry   *string
		secrets map[string]map[string][]byte
		key     string
		reason  string
		text    string
	}{
		{name: "default entry", secrets: secret("password", "s3cret"), key: "s3cret"},
		{name: "named entry", entry: new("md5"), secrets: secret("md5", "s3cret"), key: "s3cret"},
		{name: "longest", secrets: secret("password", long[:80]), key: long[:80]},
		{name: "no Secret", reason: v1alpha1.ReasonSecretNotFound, text: "Secret platform/tor-a does not exist"},
		{name: "no entry", secrets: secret("other", "s3cret"), reason: v1alpha1.ReasonSecretNotFound, text: `no entry "password"`},
		{name: "empty", secrets: secret("password", ""), reason: v1alpha1.ReasonSecretInvalid, text: "is empty"},
		{name: "too long", secrets: secret("password", long), reason: v1alpha1.ReasonSecretInvalid, text: "at most 80"},
		{name: "newline", secrets: secret("password", "s3cret\n"), reason: v1alpha1.ReasonSecretInvalid, text: "ends in a newline"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) {
				in.Peers[0].Spec.Authentication = &v1alpha1.Authentication{
					Type:   v1alpha1.AuthenticationTCPMD5,
					TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: "tor-a", Key: test.entry}},
				}
				in.Secrets = test.secrets
			}))
			got := sessionPeer(t, out)
			want := transport.Auth{}
			if test.key != "" {
				want = transport.MD5(test.key)
			}
			if got.Auth != want {
				t.Errorf("authentication by %v with another key than %q", got.Auth, test.key)
			}
			if (got.Blocked == speaker.Blocked{}) != (test.reason == "") {
				t.Errorf("blocked by %v, want reason %q", got.Blocked, test.reason)
			}
			if test.reason == "" {
				return
			}
			wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionEstablished, test.reason, test.text)
			if compile.BlockedReason(got.Blocked.Reason) != test.reason || got.Blocked.Text != out.Issues[0].Message {
				t.Errorf("blocked by %v, want what the issue says: %v", got.Blocked, out.Issues[0])
			}
			if text := fmt.Sprintf("%v %v", out.Issues, got.Blocked); strings.Contains(text, "s3cret") || strings.Contains(text, "kkk") {
				t.Errorf("the key shows: %s", text)
			}
		})
	}
}

// TestUnreadSecret: no session starts while its key is unread. There is nothing to say of it, until something is known to be wrong.
func TestUnreadSecret(t *testing.T) {
	in := input(func(in *given) {
		in.Peers[0].Spec.Authentication = &v1alpha1.Authentication{
			Type: v1alpha1.AuthenticationTCPMD5, TCPMD5: &v1alpha1.TCPMD5{SecretRef: v1alpha1.SecretKeyReference{Name: "tor-a"}},
		}
	})
	compiler := compile.NewCompiler(in.Settings)
	inputs := in.read(&compile.Reader{})
	for _, step := range []struct {
		secret compile.Secret
		awaits bool
		issue  string
	}{
		{secret: compile.Secret{Unread: true}, awaits: true},
		{secret: compile.Secret{Unread: true, Problem: "no answer"}, issue: "Secret platform/tor-a cannot be read: no answer"},
		{secret: compile.Secret{Exists: true, Data: map[string][]byte{"password": []byte("s3cret")}}},
	} {
		inputs.Secrets["tor-a"] = step.secret
		out := compiled{compiler.Update(&inputs), compiler}
		got := sessionPeer(t, out)
		if awaits := compile.AwaitsKey(got.Blocked); awaits != step.awaits || len(out.Issues) != min(1, len(step.issue)) {
			t.Errorf("%+v: it awaits its key: %v, issues %v", step.secret, awaits, out.Issues)
		}
		if step.issue != "" {
			wantIssue(t, out.Issues, "tor-a", v1alpha1.ConditionEstablished, v1alpha1.ReasonSecretNotFound, step.issue)
		}
		if starts := got.Blocked == (speaker.Blocked{}); starts != step.secret.Exists || starts && got.Auth != transport.MD5("s3cret") {
			t.Errorf("%+v: blocked by %v", step.secret, got.Blocked)
		}
	}
}

func secret(key, value string) map[string]map[string][]byte {
	return map[string]map[string][]byte{"tor-a": {key: []byte(value)}}
}
