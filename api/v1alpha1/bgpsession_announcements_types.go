// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

const (
	// DigestVersion begins a digest of the form that this version writes and reads. This
	// version learns nothing from a digest of another form.
	DigestVersion = "v2:"

	// DigestSums is the number of sums in a digest. The uid of an announcement chooses its
	// sum, so that a changed announcement disturbs one sum in 64.
	DigestSums = 64

	// DigestSumLength is the length of one sum: 128 bits as 22 characters of URL-safe
	// base64 (RFC 4648 §5).
	DigestSumLength = 22

	// MaxWithheld is the most entries that withheld holds; the others are counted in
	// truncated.
	MaxWithheld = 256
)

// AnnouncementsStatus says what was decided for a session and what was sent.
type AnnouncementsStatus struct {
	// digest says which announcements, at which generations, were decided for this
	// session and, where they are sent, written to its socket. It is "v2:" and 64 sums
	// of 22 characters each in one string: sum i adds up, modulo 2^128, SHA-256 of (uid,
	// generation, whether expired) cut to 128 bits, of the announcements whose uid falls to
	// i. A reader that knows the announcements computes the same sums and compares them one
	// by one.
	// Absent if no announcement was decided.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Digest string `json:"digest,omitempty"`

	// sent is the number of announcements that the neighbour has from us.
	// +optional
	Sent int32 `json:"sent"`

	// withheld are the announcements that the session itself does not send, or sends only
	// in part, each with the reason: a next hop or a family is missing, or an older
	// announcement has the prefix. A verdict that follows from the objects alone, such as
	// PrefixNotAllowed, is not listed here but in the status of the Announcement. The
	// oldest come first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Withheld []WithheldAnnouncement `json:"withheld,omitempty"`

	// truncated counts the withheld announcements that withheld has no room for.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Truncated []TruncatedReason `json:"truncated,omitempty"`
}

// WithheldAnnouncement is an announcement that a session did not send, or sent only in
// part.
type WithheldAnnouncement struct {
	// namespace of the Announcement.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`

	// name of the Announcement.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// generation of the Announcement that was judged.
	// +kubebuilder:validation:Format=int64
	Generation int64 `json:"generation"`

	// reason is the first that applies, in the order of WithheldReasons.
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`

	// sent is the number of the announcement's prefixes that the neighbour has from us
	// all the same.
	// +optional
	Sent int32 `json:"sent"`

	// winner is the older Announcement that has the prefix instead, as
	// namespace/name; only with the reason Conflict.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	Winner string `json:"winner,omitempty"`
}

// TruncatedReason counts withheld announcements that are not listed.
type TruncatedReason struct {
	// reason is one of WithheldReasons.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`

	// count is the number of announcements.
	Count int32 `json:"count"`
}
