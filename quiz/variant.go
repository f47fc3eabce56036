package quiz

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"eddy/lab/form"
)

// Variables are the names of a question that every learner gets other values
// for.
type Variables map[string][]string

// ReadForm implements form.Reader.
func (vs *Variables) ReadForm(v form.Value) {
	*vs = Variables{}
	pairs, ok := v.Mapping()
	if !ok {
		v.Problem("vary must be a mapping, such as n: [3, 4, 5]; it is %s", v.Kind())
		return
	}
	for _, p := range pairs {
		items, ok := p.Value.List()
		if !ok || len(items) < 2 {
			p.Value.Problem("%s needs a list of two values or more; it is %s", p.Key, p.Value.Kind())
			continue
		}
		for _, item := range items {
			text, ok := item.Text()
			if !ok {
				item.Problem("a value is text or a number, and it is %s", item.Kind())
				continue
			}
			(*vs)[p.Key] = append((*vs)[p.Key], text)
		}
	}
}

// SchemaForm implements form.Describer.
func (vs *Variables) SchemaForm() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "array", "minItems": 2, "items": map[string]any{"type": []string{"string", "number"}}}}
}

// Variant is the values that one learner's question has for its names.
type Variant map[string]string

// Variant chooses the values of a question by a seed; 0 takes the first of
// each, as the file stands.
func (q *Question) Variant(seed uint64) Variant {
	v := Variant{}
	h := fnv.New64a()
	h.Write([]byte(q.ID))
	dice := rand.New(rand.NewPCG(seed, h.Sum64()))
	for _, name := range slices.Sorted(maps.Keys(q.Vary)) {
		values := q.Vary[name]
		i := 0
		if seed > 0 {
			i = dice.IntN(len(values))
		}
		v[name] = values[i]
	}
	return v
}

// has tells whether a variant is one of the question's.
func (q *Question) has(v Variant) bool {
	if len(v) != len(q.Vary) {
		return false
	}
	for name, value := range v {
		if !slices.Contains(q.Vary[name], value) {
			return false
		}
	}
	return true
}

// Fill puts the values into a text, for the names in braces.
func (v Variant) Fill(text string) string {
	for name, value := range v {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
