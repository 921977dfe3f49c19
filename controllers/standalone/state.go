// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// state is what a process leaves to the next: what is in force, how old it is, and which documents it came from. It lies in
// two files of JSON lines: a header, an object a line, and a checksum of the lines before. Secrets have a file of their
// own.
type state struct {
	header  stateHeader
	entries []entry
}

type stateHeader struct {
	Version int `json:"version"`
	// Directory is that of the manifests.
	Directory string `json:"directory"`
	// Manifests identifies what they held.
	Manifests string `json:"manifests"`
	// Seen is the age of what was seen last. It has all the digits that order objects.
	Seen time.Time `json:"seen"`
}

// stateVersion is that of the format. Another one is not read.
const stateVersion = 1

// stateEntry is an object in force.
type stateEntry struct {
	Kind string `json:"kind"`
	// File and Nth are the document that it came from.
	File string `json:"file"`
	Nth  int32  `json:"nth"`
	// Created has all the digits, which the object's metadata has not.
	Created time.Time       `json:"created"`
	Dated   bool            `json:"dated,omitempty"`
	Object  json.RawMessage `json:"object"`
	// Valid is the version that stays in force in its place, where the object passed admission and still cannot be used.
	Valid json.RawMessage `json:"valid,omitempty"`
}

type stateTrailer struct {
	SHA256 []byte `json:"sha256"`
}

// newOf makes an empty object of each kind that may be in force.
var newOf = map[string]func() client.Object{
	"BGPPeer":      func() client.Object { return &v1alpha1.BGPPeer{} },
	"Announcement": func() client.Object { return &v1alpha1.Announcement{} },
	kindSecret:     func() client.Object { return &corev1.Secret{} },
	"Namespace":    func() client.Object { return &corev1.Namespace{} },
	"Node":         func() client.Object { return &corev1.Node{} },
}

const kindSecret = "Secret"

// write writes the state of the entries that belong.
func (s *state) write(to io.Writer, belongs func(identity) bool) error {
	sum := sha256.New()
	encoder := json.NewEncoder(io.MultiWriter(to, sum))
	if err := encoder.Encode(&s.header); err != nil {
		return err
	}
	for _, e := range s.entries {
		id := e.content.identity()
		if !belongs(id) {
			continue
		}
		object, err := json.Marshal(e.content.object())
		if err != nil {
			return fmt.Errorf("encode %s: %w", id, err)
		}
		line := stateEntry{
			Kind: id.Kind, File: e.place.file, Nth: e.place.nth, Created: e.content.meta().CreationTimestamp.Time,
			Dated: e.content.dated(), Object: object,
		}
		if held := e.content.held(); held != nil {
			if line.Valid, err = json.Marshal(held); err != nil {
				return fmt.Errorf("encode %s: %w", id, err)
			}
		}
		if err := encoder.Encode(&line); err != nil {
			return err
		}
	}
	return json.NewEncoder(to).Encode(&stateTrailer{SHA256: sum.Sum(nil)})
}

// readState reads a file of state whole, or not at all: one that is cut short or was changed has no checksum that fits.
func readState(path string) (*state, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &state{}
	sum, lines := sha256.New(), bufio.NewReader(f)
	for n := 0; ; n++ {
		limit := maxLine
		if n == 0 {
			limit = maxHeader
		}
		line, err := readLine(lines, limit)
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is cut short")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		if next, err := lines.Peek(1); len(next) == 0 && errors.Is(err, io.EOF) {
			return s, checkSum(line, sum)
		}
		sum.Write(line)
		if n == 0 {
			err = s.header.read(line)
		} else {
			err = s.readEntry(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
}

const (
	// maxHeader is the longest first line that is read.
	maxHeader = 64 << 10
	// maxLine is the longest line of an object: it may hold two versions of it, each as large as a manifest may be, and JSON
	// writes some characters longer than YAML does.
	maxLine = 4 * maxManifest
)

// readLine reads a line with its end. A file of another kind may have none: no more of it is read than a line may have.
func readLine(from *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("it is no state of herald standalone: it has more than %d octets", limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func checkSum(line []byte, sum hash.Hash) error {
	var trailer stateTrailer
	if strict(line, &trailer) != nil || !bytes.Equal(trailer.SHA256, sum.Sum(nil)) {
		return errors.New("it was changed or cut short: its checksum is not that of its content")
	}
	return nil
}

func (h *stateHeader) read(line []byte) error {
	if err := json.Unmarshal(line, h); err != nil {
		return errors.New("it is no state of herald standalone")
	}
	if h.Version != stateVersion {
		return fmt.Errorf("it has version %d, and this program reads version %d", h.Version, stateVersion)
	}
	return nil
}

// readEntry takes over an object. It goes into force as it is: it was admitted once.
func (s *state) readEntry(line []byte) error {
	var e stateEntry
	if err := strict(line, &e); err != nil {
		return errors.New("it has no object where one is to be") // the decoder's message may quote a key
	}
	var valid content
	if e.Valid != nil {
		var err error
		if valid, err = e.content(e.Valid, nil); err != nil {
			return err
		}
	}
	c, err := e.content(e.Object, valid)
	if err != nil {
		return err
	}
	s.entries = append(s.entries, entry{content: c, place: place{file: e.File, nth: e.Nth}})
	return nil
}

func (e *stateEntry) content(text []byte, former content) (content, error) {
	empty, known := newOf[e.Kind]
	if !known {
		return nil, fmt.Errorf("kind %q is unknown", e.Kind)
	}
	object := empty()
	if err := strict(text, object); err != nil {
		return nil, fmt.Errorf("a %s of %s is not what this program knows", e.Kind, e.File)
	}
	object.SetCreationTimestamp(metav1.NewTime(e.Created))
	id := identityOfKind(e.Kind, object.GetNamespace(), object.GetName())
	stamp(object, id)
	return newContent(object, id, former, e.Dated), nil
}

// strict decodes all of a text, and nothing that is not known.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
