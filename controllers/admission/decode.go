// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Document is one object of a file, or why it is none.
type Document struct {
	// Index counts the documents of the file from 1, empty ones left out.
	Index int
	// Line is where the document begins, counted from 1.
	Line int
	// Raw are its bytes: equal bytes are the same object. The items of a List share
	// those of the List.
	Raw []byte
	// Object is set unless Err is.
	Object *unstructured.Unstructured
	// Err says why the document is no object, with its place in the file.
	Err error
}

// Decode reads the objects of a YAML or JSON file of any number of documents. A
// document that cannot be read does not hide the others: it has an Err. A key that
// is written twice is an error. A v1 List stands for its items.
func Decode(data []byte) []Document {
	var documents []Document
	index := 0
	for _, part := range split(data) {
		object, err := part.decode()
		if err == nil && object == nil {
			continue // nothing but space and comments
		}
		index++
		document := Document{Index: index, Line: part.line, Raw: part.raw}
		if err != nil {
			document.Err = fmt.Errorf("document %d (line %d): %w", index, part.line, err)
			documents = append(documents, document)
			continue
		}
		documents = append(documents, document.objects(object)...)
	}
	return documents
}

// objects are the documents that a decoded one stands for: itself or, of a List,
// its items.
func (d Document) objects(object map[string]any) []Document {
	u := &unstructured.Unstructured{Object: object}
	if u.GetAPIVersion() != "v1" || u.GetKind() != "List" {
		d.Object, d.Err = d.check(u, "")
		return []Document{d}
	}
	items, _, err := unstructured.NestedSlice(object, "items")
	if err != nil {
		d.Err = fmt.Errorf("document %d (line %d): %w", d.Index, d.Line, err)
		return []Document{d}
	}
	documents := make([]Document, 0, len(items))
	for i, item := range items {
		content, _ := item.(map[string]any)
		of := d
		of.Object, of.Err = d.check(&unstructured.Unstructured{Object: content}, fmt.Sprintf(", item %d", i))
		documents = append(documents, of)
	}
	return documents
}

// check refuses what is no object at all.
func (d Document) check(u *unstructured.Unstructured, item string) (*unstructured.Unstructured, error) {
	var missing error
	switch {
	case u.GetAPIVersion() == "":
		missing = errors.New("apiVersion is missing")
	case u.GetKind() == "":
		missing = errors.New("kind is missing")
	default:
		return u, nil
	}
	return nil, fmt.Errorf("document %d (line %d%s): %w", d.Index, d.Line, item, missing)
}

// part is a document of a file as text.
type part struct {
	line int
	raw  []byte
}

// split cuts a file at the lines that begin with "---".
func split(data []byte) []part {
	var parts []part
	current := part{line: 1}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if isSeparator(text) {
			parts = append(parts, current)
			current = part{line: line + 1}
			continue
		}
		current.raw = append(current.raw, text...)
	}
	return append(parts, current)
}

func isSeparator(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	if !ok {
		return false
	}
	rest = bytes.TrimSpace(rest)
	return len(rest) == 0 || rest[0] == '#'
}

// decode returns the content of the document, nil where it has none. Its numbers
// are int64 where they are whole, as the API server reads them: CEL and the schema
// tell integers from floats.
func (p part) decode() (map[string]any, error) {
	text, err := yaml.YAMLToJSONStrict(p.raw)
	if err != nil {
		return nil, p.locate(err)
	}
	var content any
	if err := utiljson.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	switch content := content.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return content, nil
	default:
		return nil, fmt.Errorf("want an object, have a %T", content)
	}
}

// locate returns the parser's error with the lines of the file in place of those
// of the document: empty lines in front let the parser count them. Only what is
// wrong is read twice.
func (p part) locate(err error) error {
	padded := append(bytes.Repeat([]byte{'\n'}, p.line-1), p.raw...)
	if _, located := yaml.YAMLToJSONStrict(padded); located != nil {
		return located
	}
	return err
}
