// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Attributes that are written as octets: RFC 4271 §4.3 and §6.3.

package wire

import (
	"errors"
	"fmt"
)

// DefaultFlags returns the flags that the attribute's specification demands, and optional transitive for an unknown type.
func (t AttributeType) DefaultFlags() uint8 {
	if flags, known := t.flags(); known {
		return flags
	}
	return FlagOptional | FlagTransitive
}

// Check returns the reason why a receiver that follows the RFCs would refuse the attribute, nil if it would accept it. Check reads the
// value of each type that this codec understands, and takes any value of another type.
func (r RawAttribute) Check() error {
	const passedOn = FlagOptional | FlagTransitive
	if r.Flags&FlagPartial != 0 && r.Flags&passedOn != passedOn {
		// RFC 4271 §4.3: for well-known and for optional non-transitive attributes the Partial bit MUST be 0.
		return fmt.Errorf("%v with flags %#02x: only optional and transitive ones are partial", r.Type, r.Flags)
	}
	a := rawAttribute{flags: r.Flags, kind: r.Type, value: r.Value}
	a.whole = append(appendAttributeHeader(nil, r.Flags, r.Type, len(r.Value)), r.Value...)
	p := updateParser{opt: UpdateOptions{AS4: true}, u: &Update{}, current: a}
	p.decode(a)
	if fault, ok := errors.AsType[*AttributeError](p.err()); ok {
		return errors.New(fault.detail())
	}
	return nil
}
