// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import "fmt"

// AuthMethod is a way to authenticate TCP segments.
type AuthMethod uint8

// Methods of authentication.
const (
	// AuthNone authenticates nothing.
	AuthNone AuthMethod = iota
	// AuthMD5 signs every segment with one key (RFC 2385).
	AuthMD5
)

// String names the method.
func (m AuthMethod) String() string {
	switch m {
	case AuthNone:
		return "none"
	case AuthMD5:
		return "TCP MD5"
	}
	return fmt.Sprintf("AuthMethod(%d)", uint8(m))
}

// Auth is how the segments of a connection are authenticated: a method with its key. The zero value authenticates nothing. Two
// values are equal where the kernel would do the same. It prints as its method, so that no log or status can show the key.
type Auth struct {
	method AuthMethod
	key    string
}

// MD5 authenticates with a key (RFC 2385).
func MD5(key string) Auth { return Auth{method: AuthMD5, key: key} }

// MaxMD5KeyLen is the greatest length in octets of a TCP MD5 key that kernels accept: the least maximum of RFC 2385 §4.5.
const MaxMD5KeyLen = 80

// Method is the way to authenticate.
func (a Auth) Method() AuthMethod { return a.method }

// Validate reports a key that no kernel accepts.
func (a Auth) Validate() error {
	switch {
	case a.method != AuthMD5:
		return nil
	case a.key == "":
		return fmt.Errorf("%v key: empty", a.method)
	case len(a.key) > MaxMD5KeyLen: // RFC 2385 §4.5: keys of 80 octets at least
		return fmt.Errorf("%v key: longer than %d octets", a.method, MaxMD5KeyLen)
	}
	return nil
}

// String names the method alone.
func (a Auth) String() string { return a.method.String() }

// GoString names the method alone.
func (a Auth) GoString() string { return a.String() }

// MarshalText names the method alone.
func (a Auth) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
