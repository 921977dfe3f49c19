// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"bytes"
	"fmt"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
)

// secretKey is where the key of a session is.
type secretKey struct{ name, key string }

func readAuthentication(peer *Peer, spec *v1alpha1.BGPPeerSpec) error {
	authentication := spec.Authentication
	if authentication == nil {
		return nil
	}
	if authentication.Type != v1alpha1.AuthenticationTCPMD5 {
		return unsupported("spec.authentication.type", authentication.Type)
	}
	if authentication.TCPMD5 == nil || authentication.TCPMD5.SecretRef.Name == "" {
		return invalid("spec.authentication", "with type TCPMD5 write tcpMD5.secretRef.name")
	}
	ref := &authentication.TCPMD5.SecretRef
	peer.secret = &secretKey{name: ref.Name, key: valueOr(ref.Key, v1alpha1.DefaultSecretKey)}
	return nil
}

// SecretName is the name of the Secret that the peer's session needs, empty when it needs none.
func (p *Peer) SecretName() string {
	if p.secret == nil {
		return ""
	}
	return p.secret.name
}

// authenticate fills in the key of a session, or blocks it: none ever starts without its authentication. The Issue is nil
// when all is well. No key's byte is in it.
func (c *Compiler) authenticate(session *speaker.Peer, peer *Peer) *Issue {
	if peer.secret == nil {
		return nil
	}
	auth, blocked := c.lookUp(peer.secret)
	if blocked.Reason == speaker.NotBlocked {
		session.Auth = auth
		return nil
	}
	session.Blocked = blocked
	if AwaitsKey(blocked) {
		return nil
	}
	return &Issue{
		Kind:      KindBGPPeer,
		Ref:       peer.Ref,
		Condition: v1alpha1.ConditionEstablished,
		Reason:    BlockedReason(blocked.Reason),
		Message:   blocked.Text,
	}
}

// AwaitsKey reports whether a session only waits until its key is read, so that nothing is to be said of it yet.
func AwaitsKey(blocked speaker.Blocked) bool {
	return blocked == speaker.Blocked{Reason: speaker.BlockedKeyUnread}
}

// lookUp finds a key, or says why it cannot be used.
func (c *Compiler) lookUp(secret *secretKey) (transport.Auth, speaker.Blocked) {
	name := fmt.Sprintf("Secret %s/%s", c.settings.AuthNamespace, secret.name)
	missing := func(problem string) (transport.Auth, speaker.Blocked) {
		return transport.Auth{}, speaker.Blocked{Reason: speaker.BlockedKeyMissing, Text: name + problem}
	}
	content := c.secrets[secret.name]
	switch {
	case content.Unread && content.Problem == "":
		return transport.Auth{}, speaker.Blocked{Reason: speaker.BlockedKeyUnread}
	case content.Unread:
		return transport.Auth{}, speaker.Blocked{Reason: speaker.BlockedKeyUnread, Text: name + " cannot be read: " + content.Problem}
	case !content.Exists && content.Problem != "":
		return missing(" cannot be read: " + content.Problem)
	case !content.Exists:
		return missing(" does not exist")
	}
	value, ok := content.Data[secret.key]
	if !ok {
		return missing(fmt.Sprintf(" has no entry %q", secret.key))
	}
	invalid := func(problem string) (transport.Auth, speaker.Blocked) {
		return transport.Auth{}, speaker.Blocked{
			Reason: speaker.BlockedKeyInvalid, Text: fmt.Sprintf("the entry %q of %s %s", secret.key, name, problem),
		}
	}
	switch {
	case len(value) == 0:
		return invalid("is empty")
	case len(value) > transport.MaxMD5KeyLen:
		return invalid(fmt.Sprintf("has %d bytes: at most %d are allowed", len(value), transport.MaxMD5KeyLen))
	case bytes.HasSuffix(value, []byte("\n")):
		return invalid("ends in a newline, which would be part of the key")
	}
	return transport.MD5(string(value)), speaker.Blocked{}
}
