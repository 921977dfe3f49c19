// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Receive says what Herald does with the routes that a neighbour sends. It never
// advertises them.
//
// +kubebuilder:validation:XValidation:rule="(!has(self.maxPrefixes) && !has(self.onLimit)) || (has(self.mode) && self.mode == 'Report')",message="receive: with maxPrefixes or onLimit write mode Report; with mode Ignore nothing is kept that could be limited"
type Receive struct {
	// mode Ignore checks received routes, and keeps none; Report keeps them: the
	// BGPSession counts them and the node shows them. Omitted: Ignore. Change class: in
	// place; from Ignore to Report the speaker asks the neighbour to send its routes
	// again if it offered ROUTE-REFRESH, else it keeps the routes that come from then on.
	// +optional
	Mode *ReceiveMode `json:"mode,omitempty"`

	// maxPrefixes bounds the routes kept of one session, with mode Report. Omitted:
	// 1000. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MaxPrefixes *int32 `json:"maxPrefixes,omitempty"`

	// onLimit says what happens over maxPrefixes: Discard drops the routes over the limit
	// and the session stays, Teardown ends the session with Cease/1 (Maximum Number of
	// Prefixes Reached, RFC 4486). Omitted: Discard. Change class: in place.
	// +optional
	OnLimit *ReceiveLimit `json:"onLimit,omitempty"`
}

// ReceiveMode says whether received routes are kept.
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
	// ReceiveDiscard drops the routes over the limit.
	ReceiveDiscard ReceiveLimit = "Discard"
	// ReceiveTeardown ends the session.
	ReceiveTeardown ReceiveLimit = "Teardown"
)

// Updates says how updates are sent.
type Updates struct {
	// ratePerSecond is the most UPDATEs that go to the neighbour in a second;
	// withdrawals go first, but a route that replaces a withdrawn one goes before its
	// withdrawal; KEEPALIVEs and End-of-RIB do not wait. Omitted: no limit. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RatePerSecond *int32 `json:"ratePerSecond,omitempty"`
}
