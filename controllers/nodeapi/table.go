// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/config/crd"
)

// tableKinds are the kinds that have a table, in the order in which people look.
var tableKinds = []struct{ kind, heading string }{
	{"BGPSession", "SESSION"},
	{"BGPPeer", "PEER"},
	{"Announcement", "ANNOUNCEMENT"},
}

// WriteTables prints objects of /status as kubectl get prints them, wide as with -o wide, and the problems of each.
func WriteTables(w io.Writer, list *unstructured.UnstructuredList, wide bool) error {
	definitions, err := crd.Definitions()
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	written := 0
	for _, k := range tableKinds {
		objects := inForce(list, k.kind)
		if len(objects.Items) == 0 {
			continue
		}
		if written++; written > 1 {
			fmt.Fprintln(out)
		}
		if err := writeTable(out, k.heading, columnsOf(definitions, k.kind), objects, wide); err != nil {
			return err
		}
	}
	if found := problemsOf(list); len(found) > 0 {
		if written++; written > 1 {
			fmt.Fprintln(out)
		}
		writeRow(out, "PROBLEM", "REASON", "MESSAGE")
		for _, p := range found {
			writeRow(out, p.object, p.reason, p.message)
		}
	}
	if written == 0 {
		fmt.Fprintln(out, "No peers and no announcements.")
	}
	return out.Flush()
}

// inForce picks the objects of a kind. A refused object has no UID and is listed as a problem instead. A BGPSession may have no UID
// either: a node knows its sessions whether or not the API server has objects of them.
func inForce(list *unstructured.UnstructuredList, kind string) *unstructured.UnstructuredList {
	picked := &unstructured.UnstructuredList{}
	for _, item := range list.Items {
		refused := item.GetUID() == "" && notAccepted(&item) != nil
		if item.GetKind() == kind && item.GroupVersionKind().Group == v1alpha1.GroupName && !refused {
			picked.Items = append(picked.Items, item)
		}
	}
	return picked
}

// columnsOf are the printer columns of the CRD of a kind.
func columnsOf(definitions []*apiextensionsv1.CustomResourceDefinition, kind string) []apiextensionsv1.CustomResourceColumnDefinition {
	for _, d := range definitions {
		if d.Spec.Names.Kind != kind {
			continue
		}
		for i := range d.Spec.Versions {
			if v := &d.Spec.Versions[i]; v.Name == v1alpha1.GroupVersion.Version {
				return v.AdditionalPrinterColumns
			}
		}
	}
	return nil
}

func writeTable(w io.Writer, heading string, columns []apiextensionsv1.CustomResourceColumnDefinition, objects *unstructured.UnstructuredList, wide bool) error {
	convertor, err := tableconvertor.New(columns)
	if err != nil {
		return fmt.Errorf("printer columns of %s: %w", heading, err)
	}
	table, err := convertor.ConvertToTable(context.Background(), objects, nil)
	if err != nil {
		return fmt.Errorf("print the table of %s: %w", heading, err)
	}
	shown := func(column int) bool { return wide || table.ColumnDefinitions[column].Priority == 0 }
	var cells []string
	for i, column := range table.ColumnDefinitions {
		if shown(i) {
			cells = append(cells, strings.ToUpper(column.Name))
		}
	}
	cells[0] = heading
	writeRow(w, cells...)
	for i, row := range table.Rows {
		cells = cells[:0]
		for j, cell := range row.Cells {
			if shown(j) {
				cells = append(cells, cellText(cell))
			}
		}
		cells[0] = nameOf(&objects.Items[i])
		writeRow(w, cells...)
	}
	return nil
}

func cellText(cell any) string {
	if cell == nil {
		return ""
	}
	return fmt.Sprint(cell)
}

func writeRow(w io.Writer, cells ...string) {
	// The tabwriter returns a failure from Flush.
	_, _ = fmt.Fprintln(w, printable(strings.Join(cells, "\t")))
}

// printable replaces characters that could command the terminal: names and texts come from other people.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !strconv.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func nameOf(u *unstructured.Unstructured) string {
	if u.GetNamespace() == "" {
		return u.GetName()
	}
	return u.GetNamespace() + "/" + u.GetName()
}

// problem is a line of the list of problems.
type problem struct{ object, reason, message string }

// problemsOf gathers the objects that are refused or not accepted, and the announcements that are withheld from a session.
func problemsOf(list *unstructured.UnstructuredList) []problem {
	var found []problem
	for i := range list.Items {
		u := &list.Items[i]
		switch u.GetKind() {
		case "Status":
			reason, _, _ := unstructured.NestedString(u.Object, "reason")
			message, _, _ := unstructured.NestedString(u.Object, "message")
			object, _, _ := unstructured.NestedString(u.Object, "details", "name")
			found = append(found, problem{object, reason, message})
		case "BGPSession":
			found = append(found, withheldBy(u)...)
		default:
			if c := notAccepted(u); c != nil {
				found = append(found, problem{u.GetKind() + " " + nameOf(u), c.Reason, c.Message})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b problem) int { return strings.Compare(a.object, b.object) })
	return found
}

// notAccepted is the condition Accepted if it is False, else nil.
func notAccepted(u *unstructured.Unstructured) *metav1.Condition {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range conditions {
		c, ok := c.(map[string]any)
		if !ok || c["type"] != v1alpha1.ConditionAccepted || c["status"] != string(metav1.ConditionFalse) {
			continue
		}
		reason, _ := c["reason"].(string)
		message, _ := c["message"].(string)
		return &metav1.Condition{Reason: reason, Message: message}
	}
	return nil
}

// withheldBy lists the announcements that a session withholds.
func withheldBy(u *unstructured.Unstructured) []problem {
	withheld, _, _ := unstructured.NestedSlice(u.Object, "status", "announcements", "withheld")
	var found []problem
	for _, w := range withheld {
		w, ok := w.(map[string]any)
		if !ok {
			continue
		}
		found = append(found, problem{
			object:  fmt.Sprintf("Announcement %v/%v", w["namespace"], w["name"]),
			reason:  fmt.Sprint(w["reason"]),
			message: "not sent, or not whole, to session " + u.GetName(),
		})
	}
	return found
}
