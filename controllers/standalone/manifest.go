// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/admission"
)

// checksum identifies bytes that were seen before.
type checksum [16]byte

func checksumOf(data []byte) checksum {
	sum := sha256.Sum256(data)
	return checksum(sum[:])
}

// manifest is what a file holds.
type manifest struct {
	name string
	sum  checksum
	// facts were those of the file before it was read, at the instant read.
	facts facts
	read  time.Time
	// waits is set when the file holds something else, which is not believed yet.
	waits bool
	// err says why the file cannot be read.
	err       error
	documents []document
}

// settled reports whether a file with these facts need not be read again.
func (m *manifest) settled(f facts) bool {
	return m.facts == f && m.err == nil && !m.waits && !f.mayHide(m.read)
}

// document is one object of a file. Equal bytes at another place in the same file are the same document, and are not
// admitted again.
type document struct {
	index, line int32
	key         documentKey
	// mayBeAny is set when the document may be the new version of any object of its file, which it fails to name.
	mayBeAny bool
	// admitted is the object, and draft what there is of a document without: one of them is nil.
	admitted content
	draft    *draft
}

// draft is a document that was refused, or that was not looked at as the one that counts for its object.
type draft struct {
	id identity
	// object is what was decoded. It is dropped once the document was refused.
	object *unstructured.Unstructured
	// err says why the document is no object.
	err error
	// refusal is nil until it was refused.
	refusal *refusal
}

// identity is the zero value where the document does not name its object.
func (d *document) identity() identity {
	if d.admitted != nil {
		return d.admitted.identity()
	}
	return d.draft.id
}

// judged reports whether there is a verdict on the document.
func (d *document) judged() bool { return d.admitted != nil || d.draft.refusal != nil }

// documentKey tells documents of a file apart: by their bytes, and the items of a List by their position too.
type documentKey struct {
	sum  checksum
	item int32
}

// identity names an object across its versions and files.
type identity struct {
	schema.GroupKind
	Namespace, Name string
}

func (id identity) compare(other identity) int {
	return cmp.Or(cmp.Compare(id.Namespace, other.Namespace), cmp.Compare(id.Name, other.Name), cmp.Compare(id.Kind, other.Kind))
}

// String is the kind and the name, as in "Announcement shop/web".
func (id identity) String() string {
	if id.Namespace == "" {
		return id.Kind + " " + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// refusal is why admission refused a document.
type refusal struct {
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

// identityOfKind names an object of a kind that is read.
func identityOfKind(kind, namespace, name string) identity {
	id := identity{Namespace: namespace, Name: name}
	for gvk := range kinds {
		if gvk.Kind == kind {
			id.GroupKind = gvk.GroupKind()
		}
	}
	return id
}

// decode reads a file. What was made of a document that former, the file as it was before, has too is taken over.
func decode(f file, former *manifest) *manifest {
	m := &manifest{name: f.name, sum: sumOf(f), err: f.err}
	if m.err != nil {
		return m
	}
	known := map[documentKey]*document{}
	if former != nil {
		for i := range former.documents {
			known[former.documents[i].key] = &former.documents[i]
		}
	}
	// judged is what is known of the one object of a document.
	judged := func(sum checksum) *document {
		d, list := known[documentKey{sum: sum}], known[documentKey{sum: sum, item: 1}]
		if d == nil || list != nil || !d.judged() || d.identity() == (identity{}) {
			return nil
		}
		return d
	}
	item, index := int32(0), 0
	for _, decoded := range admission.Decode(f.data, func(raw []byte) bool { return judged(checksumOf(raw)) != nil }) {
		if decoded.Index != index {
			item, index = 0, decoded.Index
		}
		key := documentKey{sum: checksumOf(decoded.Raw), item: item}
		item++
		former := known[key]
		if decoded.Known {
			former = judged(key.sum)
		}
		d := document{index: int32(decoded.Index), line: int32(decoded.Line), key: key}
		if former != nil && former.judged() {
			d.mayBeAny, d.admitted, d.draft = former.mayBeAny, former.admitted, former.draft
		} else {
			d.read(decoded)
		}
		m.documents = append(m.documents, d)
	}
	m.documents = slices.Clone(m.documents) // without room to grow
	return m
}

// read takes over what was decoded.
func (d *document) read(decoded admission.Document) {
	d.draft = &draft{object: decoded.Object, err: decoded.Err}
	if decoded.Object != nil {
		d.draft.id = identityOf(decoded.Object)
	}
	d.mayBeAny = d.draft.id == (identity{}) || isMisspelt(decoded.Object.GroupVersionKind())
}

// isMisspelt reports whether a kind claims to be ours and is none that we know.
func isMisspelt(gvk schema.GroupVersionKind) bool {
	_, known := kinds[gvk]
	return gvk.Group == v1alpha1.GroupName && gvk.Kind != "BGPSession" && !known
}

// sumOf identifies what reading a file gave, its failure included.
func sumOf(f file) checksum {
	if f.err != nil {
		return checksumOf([]byte("unreadable: " + f.err.Error()))
	}
	return checksumOf(f.data)
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
