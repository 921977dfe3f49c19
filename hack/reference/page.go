// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const heading = `# Reference

The fields that people write, made by ` + "`make generate`" + ` from what the API says of itself; ` + "`kubectl explain`" + ` says the same, and
more of each.

The column **change** says what a change of a field does on the wire: *in place* sends the difference, and the session stays;
*deferred* waits until the session is next established, unless ` + "`applyMode`" + ` is ` + "`Immediate`" + `; *reset* ends that session alone with Cease/6 and begins
anew; *end* withdraws the routes and ends the session with Cease/2. A test edits every field and watches the wire.
`

// attributes is the field with path attributes, which is the same in each object and gets a table of its own.
const attributes = "attributes"

// row is a field.
type row struct{ path, values, omitted, change, text string }

// write writes the page: a table for each kind that people write, and one for the path attributes.
func write(w io.Writer, definitions []*apiextensionsv1.CustomResourceDefinition) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, heading)
	var shared *apiextensionsv1.JSONSchemaProps
	for _, kind := range []string{"BGPPeer", "Announcement"} {
		spec, err := specOf(definitions, kind)
		if err != nil {
			return err
		}
		found := spec.Properties[attributes]
		shared = &found
		table(b, kind, "Fields of `spec`.", fieldsOf(spec, "", ""))
	}
	table(b, "Path attributes", "Fields of `spec.attributes` of both kinds.", fieldsOf(shared, "", ""))
	return b.Flush()
}

// specOf is the schema of the spec of a kind.
func specOf(definitions []*apiextensionsv1.CustomResourceDefinition, kind string) (*apiextensionsv1.JSONSchemaProps, error) {
	for _, d := range definitions {
		if d.Spec.Names.Kind == kind && len(d.Spec.Versions) > 0 {
			spec, ok := d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
			if !ok {
				break
			}
			return &spec, nil
		}
	}
	return nil, fmt.Errorf("no spec of %s in the CRDs", kind)
}

func table(b *bufio.Writer, title, text string, rows []row) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| field | values | omitted | change | |\n|---|---|---|---|---|\n", title, text)
	for _, r := range rows {
		cells := []string{"`" + r.path + "`", r.values, r.omitted, r.change, r.text}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// fieldsOf are the fields of a schema, with those of the objects in it, by name. change is the class of the nearest field around
// the schema.
func fieldsOf(schema *apiextensionsv1.JSONSchemaProps, path, change string) (rows []row) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := schema.Properties[name]
		r := rowOf(name, &field, slices.Contains(schema.Required, name))
		r.path = path + name
		if r.change == "" {
			r.change = change
		}
		rows = append(rows, r)
		inner, separator := &field, "."
		if field.Items != nil {
			inner, separator = field.Items.Schema, "[]."
		}
		if shared := name == attributes && path == ""; !shared && !isSelector(inner) {
			rows = append(rows, fieldsOf(inner, r.path+separator, r.change)...)
		}
	}
	return rows
}

func isSelector(schema *apiextensionsv1.JSONSchemaProps) bool {
	_, found := schema.Properties["matchLabels"]
	return found
}

// omission begins the part of a description that says what the omitted field means.
var omission = regexp.MustCompile(`(Omitted|Default)[^:.]*: `)

// rowOf reads a description: first some sentences, of which the first says what the field is, then "Omitted: …" or "Default: …",
// then "Change class: …". If the description has no "Omitted" or "Default", the sentences after the first stand in for it.
func rowOf(name string, field *apiextensionsv1.JSONSchemaProps, required bool) row {
	text := strings.Join(strings.Fields(field.Description), " ")
	text, change, _ := strings.Cut(text, "Change class: ")
	omitted, stated := "", false
	if at := omission.FindStringIndex(text); at != nil {
		text, omitted, stated = text[:at[0]], text[at[1]:], true
	}
	first, others := firstSentence(text)
	switch {
	case required:
		omitted = "required"
	case !stated:
		omitted = others
	}
	for _, verb := range []string{name + " ", "is ", "are "} {
		first = strings.TrimPrefix(first, verb)
	}
	return row{values: valuesOf(field), omitted: sentence(omitted), change: sentence(change), text: sentence(first)}
}

// sentence is a text without the full stop at its end.
func sentence(text string) string { return strings.TrimSuffix(strings.TrimSpace(text), ".") }

// firstSentence ends at the first full stop before a capital.
func firstSentence(text string) (first, others string) {
	for i := range len(text) - 2 {
		if text[i] == '.' && text[i+1] == ' ' && text[i+2] >= 'A' && text[i+2] <= 'Z' {
			return text[:i], text[i+2:]
		}
	}
	return text, ""
}

// valuesOf describes the allowed values.
func valuesOf(field *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case isSelector(field):
		return "label selector"
	case field.Items != nil && len(field.Items.Schema.Properties) > 0:
		return "list"
	case field.Items != nil:
		return "list of " + valuesOf(field.Items.Schema)
	case len(field.Enum) > 0:
		names := make([]string, len(field.Enum))
		for i := range field.Enum {
			names[i] = "`" + strings.Trim(string(field.Enum[i].Raw), `"`) + "`"
		}
		return strings.Join(names, ", ")
	case field.Minimum != nil && field.Maximum != nil:
		return fmt.Sprintf("%.0f to %.0f", *field.Minimum, *field.Maximum)
	case field.Type == "boolean":
		return "`true`, `false`"
	case field.Type == "string":
		return "text"
	}
	return field.Type
}
