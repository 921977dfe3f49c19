// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"crypto/sha256"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/admission"
)

// checksum identifies bytes that were seen before.
type checksum [sha256.Size]byte

// manifest is what a file holds.
type manifest struct {
	name string
	sum  checksum
	// err says why the file cannot be read.
	err       error
	documents []*document
}

// document is one object of a file. Equal bytes at another place in the same file are the same document, and are not
// admitted again.
type document struct {
	index, line int
	key         documentKey
	id          identity
	// mayBeAny is set when the document may be the new version of any object of its file, which it fails to name.
	mayBeAny bool
	// object is what was decoded. It is dropped once there is a verdict.
	object *unstructured.Unstructured
	// err says why the document is no object.
	err error
	// verdict is nil until the document was looked at as the one that counts for its object.
	verdict *verdict
}

// documentKey tells documents of a file apart: by their bytes, and the items of a List by their position too.
type documentKey struct {
	sum  checksum
	item int
}

// identity names an object across its versions and files.
type identity struct {
	schema.GroupKind
	Namespace, Name string
}

// String is the kind and the name, as in "Announcement shop/web".
func (id identity) String() string {
	if id.Namespace == "" {
		return id.Kind + " " + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// verdict is what admission made of a document.
type verdict struct {
	// object is the admitted object, nil when it was refused.
	object client.Object
	// content is the refused object as far as it may be shown, nil for a kind that may hold secrets.
	content *unstructured.Unstructured
	// causes say what was refused, field by field.
	causes []metav1.StatusCause
}

// kinds are the ones that are read, and whether they live in namespaces.
var kinds = map[schema.GroupVersionKind]bool{
	v1alpha1.GroupVersion.WithKind("BGPPeer"):      false,
	v1alpha1.GroupVersion.WithKind("Announcement"): true,
	{Version: "v1", Kind: "Secret"}:                true,
	{Version: "v1", Kind: "Namespace"}:             false,
	{Version: "v1", Kind: "Node"}:                  false,
}

// decode reads a file. What was made of a document that former, the file as it was before, has too is taken over.
func decode(f file, former *manifest) *manifest {
	m := &manifest{name: f.name, sum: sumOf(f), err: f.err}
	if m.err != nil {
		return m
	}
	known := map[documentKey]*document{}
	if former != nil {
		for _, d := range former.documents {
			known[d.key] = d
		}
	}
	// admitted is what is known of the one object of a document.
	admitted := func(sum checksum) *document {
		d, list := known[documentKey{sum: sum}], known[documentKey{sum: sum, item: 1}]
		if d == nil || list != nil || d.verdict == nil || d.id == (identity{}) {
			return nil
		}
		return d
	}
	item, index := 0, 0
	for _, decoded := range admission.Decode(f.data, func(raw []byte) bool { return admitted(sha256.Sum256(raw)) != nil }) {
		if decoded.Index != index {
			item, index = 0, decoded.Index
		}
		key := documentKey{sum: sha256.Sum256(decoded.Raw), item: item}
		item++
		if decoded.Known {
			d := *admitted(key.sum)
			d.index, d.line = decoded.Index, decoded.Line
			m.documents = append(m.documents, &d)
			continue
		}
		d := newDocument(decoded, key)
		if same, ok := known[key]; ok && same.verdict != nil {
			d.verdict, d.object = same.verdict, nil
		}
		m.documents = append(m.documents, d)
	}
	return m
}

func newDocument(decoded admission.Document, key documentKey) *document {
	d := &document{index: decoded.Index, line: decoded.Line, key: key, object: decoded.Object, err: decoded.Err}
	if d.object != nil {
		d.id = identityOf(d.object)
	}
	d.mayBeAny = d.id == (identity{}) || isMisspelt(d.object.GroupVersionKind())
	return d
}

// isMisspelt reports whether a kind claims to be ours and is none that we know.
func isMisspelt(gvk schema.GroupVersionKind) bool {
	_, known := kinds[gvk]
	return gvk.Group == v1alpha1.GroupName && gvk.Kind != "BGPSession" && !known
}

// sumOf identifies what reading a file gave, its failure included.
func sumOf(f file) checksum {
	if f.err != nil {
		return sha256.Sum256([]byte("unreadable: " + f.err.Error()))
	}
	return sha256.Sum256(f.data)
}

// identityOf is the zero value for an object without a name.
func identityOf(u *unstructured.Unstructured) identity {
	if u.GetName() == "" {
		return identity{}
	}
	gvk := u.GroupVersionKind()
	id := identity{GroupKind: gvk.GroupKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
	namespaced, known := kinds[gvk]
	switch {
	case known && !namespaced:
		id.Namespace = ""
	case namespaced && id.Namespace == "":
		id.Namespace = metav1.NamespaceDefault
	}
	return id
}
