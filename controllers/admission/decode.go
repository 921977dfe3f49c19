// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	goyaml "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Document is one object of a file, or the error that its text is no object.
type Document struct {
	// Index counts the documents of the file from 1, empty ones left out.
	Index int
	// Line is where the document begins, counted from 1.
	Line int
	// Raw are the bytes of the document: equal bytes are the same object. The items of a
	// List share the bytes of the List.
	Raw []byte
	// Known: the caller knows the object of the document, so it was not decoded.
	Known bool
	// Object is set unless Err or Known is.
	Object *unstructured.Unstructured
	// Err says why the document is no object, with its place in the file.
	Err error
}

// Decode reads the objects of a YAML or JSON file of any number of documents. A
// document that cannot be read does not hide the others: it has an Err. A key that
// is written twice is an error, a second object in a document is one, and so is a
// file that is not UTF-8. A v1 List stands for its items.
//
// A document is not decoded if known returns true for its bytes, because it holds an
// object that the caller has already. known may be nil.
//
// An Err quotes nothing of the file but the names of types: any document may be a
// Secret.
func Decode(data []byte, known func(raw []byte) bool) []Document {
	if line := lineOfInvalidUTF8(data); line > 0 {
		err := fmt.Errorf("document 1 (line 1): %w", fmt.Errorf("line %d: the text is not UTF-8", line))
		return []Document{{Index: 1, Line: 1, Raw: data, Err: err}}
	}
	var documents []Document
	index := 0
	for _, part := range split(data) {
		if known != nil && known(part.raw) {
			index++
			documents = append(documents, Document{Index: index, Line: part.line, Raw: part.raw, Known: true})
			continue
		}
		object, err := part.decode()
		if err == nil && object == nil {
			continue // only space and comments
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

// objects are the documents that a decoded document stands for: itself, or the items
// of a List.
func (d Document) objects(object map[string]any) []Document {
	u := &unstructured.Unstructured{Object: object}
	if u.GetAPIVersion() != "v1" || u.GetKind() != "List" {
		d.Object, d.Err = d.check(u, "")
		return []Document{d}
	}
	items, ok := object["items"].([]any)
	if object["items"] != nil && !ok {
		err := wrongType("items", "a list", object["items"])
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

// check refuses a value that is no object, and an object whose identity has fields of a wrong type: a name that is a number would
// count as no name, and such a namespace as the default one.
func (d Document) check(u *unstructured.Unstructured, item string) (*unstructured.Unstructured, error) {
	if err := checkIdentity(u.Object); err != nil {
		return nil, fmt.Errorf("document %d (line %d%s): %w", d.Index, d.Line, item, err)
	}
	return u, nil
}

// checkIdentity looks at the fields that name an object. A null is an omitted field, as for the API server.
func checkIdentity(object map[string]any) error {
	for _, name := range []string{"apiVersion", "kind"} {
		switch value := object[name].(type) {
		case nil:
			return errors.New(name + " is missing")
		case string:
			if value == "" {
				return errors.New(name + " is missing")
			}
		default:
			return wrongType(name, aString, value)
		}
	}
	kind := object["kind"].(string)
	metadata, isObject := object["metadata"].(map[string]any)
	if !isObject && object["metadata"] != nil {
		return fmt.Errorf("%s: %w", kind, wrongType("metadata", "an object", object["metadata"]))
	}
	for _, name := range []string{"name", "namespace"} {
		if value := metadata[name]; value != nil {
			if _, isString := value.(string); !isString {
				return fmt.Errorf("%s: %w", kind, wrongType("metadata."+name, aString, value))
			}
		}
	}
	return nil
}

// part is a document of a file as text.
type part struct {
	line int
	raw  []byte
}

// lineOfInvalidUTF8 counts from 1; 0 is none.
func lineOfInvalidUTF8(data []byte) int {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if !utf8.Valid(text) {
			return line
		}
	}
	return 0
}

// split cuts a file at the lines that begin with a marker of YAML: "---" before a
// document, whose content may follow on the same line, or "..." after one.
func split(data []byte) []part {
	var parts []part
	current := part{line: 1}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		marker, content := cutMarker(text)
		switch {
		case !marker:
			current.raw = append(current.raw, text...)
		case content:
			parts = append(parts, current)
			current = part{line: line, raw: bytes.Clone(text)}
		default:
			parts = append(parts, current)
			current = part{line: line + 1}
		}
	}
	return append(parts, current)
}

// cutMarker reports whether a line begins with a marker, and whether more than a
// comment follows on it.
func cutMarker(line []byte) (marker, content bool) {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	if !ok {
		rest, ok = bytes.CutPrefix(line, []byte("..."))
	}
	text := bytes.TrimSpace(rest)
	if !ok || len(text) > 0 && rest[0] != ' ' && rest[0] != '\t' && text[0] != '#' {
		return false, false
	}
	return true, len(text) > 0 && text[0] != '#'
}

// decode returns the content of the document, nil if it has none. Whole numbers are
// int64, as the API server reads them: CEL and the schema distinguish integers from
// floats.
func (p part) decode() (map[string]any, error) {
	text, err := yaml.YAMLToJSONStrict(p.raw)
	if err != nil {
		return nil, p.locate(err)
	}
	var content any
	err = utiljson.Unmarshal(text, &content)
	if _, isObject := content.(map[string]any); !isObject || !p.isBlock() {
		if err := p.single(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		// The message of the error may quote the text.
		return nil, errors.New("yaml: JSON cannot hold the content")
	}
	switch content := content.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return content, nil
	default:
		return nil, fmt.Errorf("want an object, have %s", typeOf(content))
	}
}

// single refuses a second value in the document, which the parser would ignore in
// silence.
func (p part) single() error {
	decoder := goyaml.NewDecoder(bytes.NewReader(p.shifted()))
	if err := decoder.Decode(new(ignored)); errors.Is(err, io.EOF) {
		return nil
	}
	line := ""
	if err := decoder.Decode(new(ignored)); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		// The parser counts the line of an unexpected value from 0.
		if of := parserLine.FindString(p.unshifted(err.Error())); of != "" {
			line = "after " + strings.TrimPrefix(of, "yaml: ")
		}
	}
	return fmt.Errorf("yaml: %smore follows the object: begin each document with a line ---", line)
}

// isBlock reports whether the part is one mapping to its end, if its first value is a mapping at all:
// it begins in the first column with a letter, as a key does, and has nothing that could be a mark
// between documents or a directive. To parse it a second time would be a quarter of the decoding.
func (p part) isBlock() bool {
	if len(p.raw) == 0 || bytes.ContainsRune(p.raw, '%') || bytes.Contains(p.raw, []byte("---")) || bytes.Contains(p.raw, []byte("...")) {
		return false
	}
	first := p.raw[0] | 0x20
	return 'a' <= first && first <= 'z'
}

// ignored takes any value and keeps nothing of it.
type ignored struct{}

// UnmarshalYAML implements the parser's Unmarshaler.
func (*ignored) UnmarshalYAML(func(any) error) error { return nil }

// shifted is the document after one empty line, if the file has lines before the
// document: the parser names no line for an error on its first line. One line is
// enough; with all of them, the last document would cost as much as the whole file.
func (p part) shifted() []byte {
	if p.line == 1 {
		return p.raw
	}
	return append([]byte{'\n'}, p.raw...)
}

// unshifted puts the line of the file into a message about the shifted document.
func (p part) unshifted(message string) string {
	match := parserLine.FindStringSubmatchIndex(message)
	if match == nil || p.line == 1 {
		return message
	}
	line, err := strconv.Atoi(message[match[2]:match[3]])
	if err != nil {
		return message
	}
	return message[:match[2]] + strconv.Itoa(line+p.line-2) + message[match[3]:]
}

// locate returns the parser's error with the lines of the file in place of those
// of the document, and without quotations. Only a document with an error is read twice.
func (p part) locate(err error) error {
	if _, located := yaml.YAMLToJSONStrict(p.shifted()); located != nil {
		err = located
	}
	var several *goyaml.TypeError
	if !errors.As(err, &several) {
		return errors.New("yaml: " + withoutQuotes(p.unshifted(err.Error())))
	}
	kinds := make([]string, 0, len(several.Errors))
	for _, message := range several.Errors {
		kinds = append(kinds, withoutQuotes(p.unshifted(message)))
	}
	return errors.New("yaml: " + strings.Join(kinds, "; "))
}

// parserLine is the line that the parser's errors begin with, such as "line 7: ".
var parserLine = regexp.MustCompile(`^(?:yaml: )?line ([0-9]+): `)

// quotingErrors are the parser's messages that quote the document, by their beginning,
// each with the text that replaces it.
var quotingErrors = []struct{ prefix, kind string }{
	{"key ", "key already set in map"},
	{"unknown anchor ", "unknown anchor referenced"},
	{"anchor ", "an anchor's value contains itself"},
	{"cannot decode ", "a value does not fit its tag"},
	{"cannot unmarshal ", "a value does not fit its type"},
	{"invalid map key", "invalid map key"},
	{"unsupported map key", "unsupported map key"},
}

// constantErrors are the beginnings of the messages that never quote the document.
var constantErrors = []string{
	"did not find ", "could not find ", "found ", "block sequence entries are not allowed", "mapping keys are not allowed",
	"mapping values are not allowed", "control characters are not allowed", "exceeded max depth",
	"!!binary value contains invalid base64 data", "map merge requires", "document contains excessive aliasing",
}

// withoutQuotes keeps the line and the kind of a message of the parser.
func withoutQuotes(message string) string {
	line := parserLine.FindString(message)
	message = strings.TrimPrefix(message[len(line):], "yaml: ")
	line = strings.TrimPrefix(line, "yaml: ")
	for _, known := range quotingErrors {
		if strings.HasPrefix(message, known.prefix) {
			return line + known.kind
		}
	}
	for _, prefix := range constantErrors {
		if strings.HasPrefix(message, prefix) {
			return line + message
		}
	}
	return line + "the document is not valid"
}
