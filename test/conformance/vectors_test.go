// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vector is a case: configurations, commands, and the messages that must result.
type vector struct {
	Case           string          `json:"case"`
	Options        map[string]any  `json:"options"`
	Configurations []configuration `json:"configuration"`
	Expected       []connection    `json:"expected"`
}

// configuration is one configuration file; a case with several of them loads one after the other.
type configuration struct {
	Neighbors []neighbor `json:"neighbors"`
	Scripts   []script   `json:"api_scripts"`
}

// script is the output of a process. Scripts of several processes are no sequence.
type script struct {
	Process  string   `json:"process"`
	Commands []string `json:"commands"`
}

// neighbor is a neighbour in the configuration of the program under test.
type neighbor struct {
	PeerAddress  string            `json:"peer_address"`
	Session      map[string]any    `json:"session"`
	Families     []string          `json:"families"` // such as "ipv4 unicast"; none: all that there are
	Capabilities map[string]any    `json:"capabilities"`
	AddPath      []string          `json:"add_path"` // families; none: all
	NextHop      []string          `json:"nexthop"`  // RFC 8950, such as "ipv4 unicast ipv6"
	Routes       []configuredRoute `json:"routes"`
	API          []struct {
		Statements []any `json:"statements"` // such as ["processes", ["announcer"]]
	} `json:"api"`
	Summary struct {
		HoldTime  int  `json:"hold_time"`
		ManualEOR bool `json:"manual_eor"`
	} `json:"summary"`
}

// configuredRoute is a route of a configuration. Only unicast ones are of this form throughout.
type configuredRoute struct {
	Family string `json:"family"`
	NLRI   struct {
		Prefix string `json:"prefix"`
	} `json:"nlri"`
	Attributes map[string]any `json:"attributes"`
}

// connection holds the messages that must come on one TCP connection.
type connection struct {
	Groups []struct {
		Messages []struct {
			Hex hexBytes `json:"hex"`
		} `json:"messages"`
		// Actions are taken once everything before the group has come: {"signal": …} or {"notification": …}.
		Actions []map[string]any `json:"actions"`
	} `json:"groups"`
}

// hexBytes are written as hexadecimal digits.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	octets, err := hex.DecodeString(text)
	*h = octets
	return err
}

// option returns an option of a case that is a flag.
func (v *vector) option(name string) bool { return v.Options[name] == true }

// commands are those of the case's scripts, in order.
func (v *vector) commands() []string {
	var all []string
	for _, script := range v.Configurations[0].Scripts {
		all = append(all, script.Commands...)
	}
	return all
}

// vectorsDirectory is what VECTORS names; without it the test is skipped.
func vectorsDirectory(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("VECTORS")
	if dir == "" {
		t.Skip("SKIPPED: VECTORS names no directory of conformance cases, which are not part of this project")
	}
	return dir
}

// loadVectors reads every case of a directory. It fails the test when there is none.
func loadVectors(t *testing.T, dir string) []*vector {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no case (*.json) in the directory that VECTORS names, %s", dir)
	}
	var vectors []*vector
	for _, file := range files {
		v, err := loadVector(file)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			results.add(filepath.Base(file), resultFail, err.Error())
			continue
		}
		vectors = append(vectors, v)
	}
	return vectors
}

func loadVector(file string) (*vector, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	v := &vector{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // 4294967295 is to stay what it is
	if err := decoder.Decode(v); err != nil {
		return nil, err
	}
	// The name of the file is what a person looks for.
	v.Case = strings.TrimSuffix(filepath.Base(file), ".json")
	if len(v.Configurations) == 0 || len(v.Expected) == 0 {
		return nil, fmt.Errorf("it has no configuration, or expects nothing")
	}
	return v, nil
}
