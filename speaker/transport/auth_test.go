// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/transport"
)

func TestKeyDoesNotPrint(t *testing.T) {
	options := transport.SocketOptions{Auth: transport.MD5("hunter2")}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		string(text), options.Auth.String(),
		fmt.Sprint(options), fmt.Sprintf("%+v", options), fmt.Sprintf("%#v", options), fmt.Sprintf("%#v", options.Auth),
	} {
		if strings.Contains(printed, "hunter2") || !strings.Contains(printed, "TCP MD5") {
			t.Errorf("printed as %s", printed)
		}
	}
}

func TestAuthIsAValue(t *testing.T) {
	one := transport.MD5("one")
	for other, equal := range map[transport.Auth]bool{transport.MD5("one"): true, transport.MD5("two"): false, {}: false} {
		if (one == other) != equal {
			t.Errorf("%v equals %v: want %t", one, other, equal)
		}
	}
	for name, test := range map[string]struct {
		auth  transport.Auth
		valid bool
	}{
		"none":     {transport.Auth{}, true},
		"one":      {transport.MD5("k"), true},
		"longest":  {transport.MD5(strings.Repeat("k", transport.MaxMD5KeyLen)), true},
		"too long": {transport.MD5(strings.Repeat("k", transport.MaxMD5KeyLen+1)), false},
		"empty":    {transport.MD5(""), false},
	} {
		if err := test.auth.Validate(); (err == nil) != test.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
