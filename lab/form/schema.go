package form

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Describer is a type that describes itself in the JSON Schema.
type Describer interface{ SchemaForm() map[string]any }

// Schema is the JSON Schema (draft 2020-12) of files that Read reads into the
// type of of.
func Schema(of any, title string) map[string]any {
	s := schemaOf(reflect.TypeOf(of))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = title
	return s
}

func schemaOf(t reflect.Type) map[string]any {
	if d, ok := reflect.New(t).Interface().(Describer); ok {
		return d.SchemaForm()
	}
	if t == durationType {
		return Duration()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.String:
		// Read takes a number or true as text too.
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	case reflect.Int, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("yaml")
		if name == "" {
			continue
		}
		s := schemaOf(field.Type)
		if list := oneOf(field.Tag); list != nil {
			s = map[string]any{"enum": list}
		}
		if field.Tag.Get("form") == "required" && field.Type.Kind() == reflect.String && s["enum"] == nil {
			s["pattern"] = `\S` // what is required is not empty
		}
		for rule := range strings.SplitSeq(field.Tag.Get("schema"), "; ") {
			if name, value, ok := strings.Cut(rule, "="); ok {
				s[name] = plain(value)
			}
		}
		if doc := field.Tag.Get("doc"); doc != "" {
			s["description"] = doc
		}
		properties[name] = s
		if field.Tag.Get("form") == "required" {
			required = append(required, name)
		}
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// plain is a value of the tag `schema`: JSON, or else text.
func plain(value string) (v any) {
	if json.Unmarshal([]byte(value), &v) != nil {
		return value
	}
	return v
}

const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// Duration is the schema of a duration as Go writes it.
func Duration() map[string]any {
	return map[string]any{"type": "string", "pattern": durationPattern, "examples": []string{"500ms", "20s"}}
}
