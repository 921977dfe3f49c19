// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Receive says what becomes of the routes that a neighbour sends. They are never
// advertised to anybody.
//
// +kubebuilder:validation:XValidation:rule="(!has(self.maxPrefixes) && !has(self.onLimit)) || (has(self.mode) && self.mode == 'Report')",message="receive: with maxPrefixes or onLimit write mode Report; with mode Ignore nothing is kept that could be limited"
type Receive struct {
	// mode Ignore checks received routes, and keeps none; Report keeps them, to be
	// counted in the BGPSession and shown by the node. Omitted: Ignore. Change class:
	// in place; from Ignore to Report the neighbour is asked for its routes anew
	// where it offered ROUTE-REFRESH, else they come as it sends them.
	// +optional
	Mode *ReceiveMode `json:"mode,omitempty"`

	// maxPrefixes bounds the routes kept of one session, with mode Report. Omitted:
	// 1000. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MaxPrefixes *int32 `json:"maxPrefixes,omitempty"`

	// onLimit says what happens over maxPrefixes: Discard drops what is over it and
	// the session stays, Teardown ends the session with Cease/1 (Maximum Number of
	// Prefixes Reached, RFC 4486). Omitted: Discard. Change class: in place.
	// +optional
	OnLimit *ReceiveLimit `json:"onLimit,omitempty"`
}

// ReceiveMode says what becomes of received routes.
//
// +kubebuilder:validation:Enum=Ignore;Report
type ReceiveMode string

const (
	// ReceiveIgnore keeps none.
	ReceiveIgnore ReceiveMode = "Ignore"
	// ReceiveReport keeps them, and shows them.
	ReceiveReport ReceiveMode = "Report"
)

// ReceiveLimit says what happens to a session with too many received routes.
//
// +kubebuilder:validation:Enum=Discard;Teardown
type ReceiveLimit string

const (
	// ReceiveDiscard drops what is over the limit.
	ReceiveDiscard ReceiveLimit = "Discard"
	// ReceiveTeardown ends the session.
	ReceiveTeardown ReceiveLimit = "Teardown"
)

// Updates says how updates are sent.
type Updates struct {
	// ratePerSecond is the most UPDATEs that go to the neighbour in a second,
	// withdrawals first, but not before what is announced in the place of what
	// they withdraw; KEEPALIVEs do not wait for it. Omitted: no limit. Change
	// class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RatePerSecond *int32 `json:"ratePerSecond,omitempty"`
}
