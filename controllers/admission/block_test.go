// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math/rand/v2"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestBlocksAreSingle: of what isBlock takes for one mapping, and begins with a mapping, nothing follows that.
func TestBlocksAreSingle(t *testing.T) {
	pieces := []string{
		"a", "kind", ":", ": ", " ", "  ", "\n", "\n", "\n", "\r", "\r\n", "\u0085", "\u2028", "- ", "-", "--", "---", "...", ".", "{", "}", "[", "]",
		",", "\"", "'", "#", " #", "|", ">", "&b ", "*b", "!c ", "? ", "%YAML 1.1", "\t", "1", "\ufeff", "a: b\n", "c: d\n", "e: {f: g}\n",
	}
	r := rand.New(rand.NewPCG(3, 4))
	blocks, several := 0, 0
	for range 40_000 {
		text := []string{"", "a: b\n", "kind: x\nc:\n"}[r.IntN(3)]
		for range 1 + r.IntN(8) {
			text += pieces[r.IntN(len(pieces))]
		}
		p := part{line: 1, raw: []byte(text)}
		decoded, err := yaml.YAMLToJSONStrict(p.raw)
		if err != nil {
			continue
		}
		err = p.single()
		switch isBlock := p.isBlock() && decoded[0] == '{'; {
		case isBlock && err != nil:
			t.Fatalf("%q: %v", text, err)
		case isBlock:
			blocks++
		case err != nil:
			several++
		}
	}
	if blocks < 1000 || several < 50 {
		t.Errorf("%d blocks, %d texts with more after the first value: too few to tell", blocks, several)
	}
}
