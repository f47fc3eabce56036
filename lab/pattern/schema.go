package pattern

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Schema is the form of an event's data: its fields by name.
//
// Problem: writers and readers of an event are deployed at different times, and
// the log holds what was written years ago. A change of form that one side does
// not expect stops it.
//
// Guarantee: whether one schema can read what was written with another is
// decided before the change is deployed. Backward: new readers read old events.
// Forward: old readers read new events. Full: both.
//
// Cost: some changes are not possible in one step. A field that readers need is
// first added with a default, and required later.
//
// Not covered: meaning. If amount was in dollars and is in cents now, every
// check says yes.
type Schema map[string]Field

// Field is what a schema says about one field. A field that is not required may
// be missing; with a default, a reader fills it in.
type Field struct {
	Type     string          `json:"type"` // string integer number boolean array object
	Required bool            `json:"required,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
}

// Types are what the type of a field can be.
var Types = []string{"string", "integer", "number", "boolean", "array", "object"}

// Problem is a reason why a reader cannot read.
type Problem struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Reads says what keeps a reader with schema s from reading what a writer with
// the other schema wrote; nothing, if all is well. What the writer has beyond
// that, a tolerant reader passes over.
func (s Schema) Reads(writer Schema) (problems []Problem) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		want := s[name]
		has, there := writer[name]
		switch {
		case there && has.Type != want.Type && !(has.Type == "integer" && want.Type == "number"):
			problems = append(problems, Problem{name, fmt.Sprintf("it is written as %s and read as %s", has.Type, want.Type)})
		case !want.Required || want.Default != nil:
		case !there:
			problems = append(problems, Problem{name, "the reader needs it, the writer does not have it, and there is no default"})
		case !has.Required:
			problems = append(problems, Problem{name, "the reader needs it, the writer may leave it out, and there is no default"})
		}
	}
	return problems
}

// Compatibility is what a change from one schema to the next keeps working.
type Compatibility struct {
	Backward []Problem `json:"backward"` // what keeps new readers from old events
	Forward  []Problem `json:"forward"`  // what keeps old readers from new events
}

// Compare says what the change from one schema to the next breaks.
func Compare(before, after Schema) Compatibility {
	return Compatibility{Backward: after.Reads(before), Forward: before.Reads(after)}
}

// Read reads the data of one event with the schema: defaults are filled in.
func (s Schema) Read(data map[string]any) (read map[string]any, problems []Problem) {
	read = maps.Clone(data)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		field := s[name]
		value, there := data[name]
		switch {
		case there && !is(value, field.Type):
			problems = append(problems, Problem{name, fmt.Sprintf("it is %v, which is no %s", value, field.Type)})
		case there:
		case field.Default != nil:
			var standard any
			if err := json.Unmarshal(field.Default, &standard); err != nil {
				problems = append(problems, Problem{name, "its default cannot be read"})
			}
			read[name] = standard
		case field.Required:
			problems = append(problems, Problem{name, "it is missing, and there is no default"})
		}
	}
	return read, problems
}

// Check says what is wrong with the schema itself, with the field's name.
func (s Schema) Check() error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		field := s[name]
		if !slices.Contains(Types, field.Type) {
			return fmt.Errorf("field %q: there is no type %q: the types are %v", name, field.Type, Types)
		}
		if field.Default == nil {
			continue
		}
		var standard any
		if json.Unmarshal(field.Default, &standard) != nil || !is(standard, field.Type) {
			return fmt.Errorf("field %q: its default %s is no %s", name, field.Default, field.Type)
		}
	}
	return nil
}

// is tells whether a value, as encoding/json reads it, is of a type.
func is(value any, typ string) bool {
	switch v := value.(type) {
	case string:
		return typ == "string"
	case bool:
		return typ == "boolean"
	case float64:
		return typ == "number" || typ == "integer" && v == math.Trunc(v)
	case []any:
		return typ == "array"
	case map[string]any:
		return typ == "object"
	}
	return false
}
