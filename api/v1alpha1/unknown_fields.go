// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"errors"

	"sigs.k8s.io/json"
)

// UnmarshalJSON decodes a spec and remembers which of its fields this version does not know: a decoder drops them, and the rest of
// the spec could mean something else.
func (s *BGPPeerSpec) UnmarshalJSON(data []byte) (err error) {
	type plain BGPPeerSpec // without this method
	s.UnknownFields, err = unmarshal(data, (*plain)(s))
	return err
}

// UnmarshalJSON does for an Announcement what it does for a BGPPeer.
func (s *AnnouncementSpec) UnmarshalJSON(data []byte) (err error) {
	type plain AnnouncementSpec
	s.UnknownFields, err = unmarshal(data, (*plain)(s))
	return err
}

// unmarshal decodes as the Kubernetes client does, and returns the paths of the fields that into does not have.
func unmarshal(data []byte, into any) ([]string, error) {
	unknown, err := json.UnmarshalStrict(data, into, json.DisallowUnknownFields)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, fault := range unknown {
		if field, ok := errors.AsType[json.FieldError](fault); ok {
			paths = append(paths, field.FieldPath())
		}
	}
	return paths, nil
}
