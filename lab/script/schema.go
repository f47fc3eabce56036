package script

import (
	"eddy/lab"
	"eddy/lab/form"
)

// ActionSchema is the JSON Schema of one action.
func ActionSchema() map[string]any {
	var ways []any
	var alone []string // actions that need nothing
	for _, spec := range lab.ActionSpecs() {
		args := argsSchema(spec.Name)
		needs, _ := args["required"].([]string)
		if len(needs) == 0 {
			alone = append(alone, spec.Name)
		}
		value := any(args)
		if bare := spec.Bare(); bare != "" {
			value = map[string]any{"anyOf": []any{args, args["properties"].(map[string]any)[bare], map[string]any{"type": "null"}}}
		} else if len(needs) == 0 {
			value = map[string]any{"anyOf": []any{args, map[string]any{"type": "null"}}}
		}
		ways = append(ways, map[string]any{
			"type": "object", "description": spec.Name + " " + spec.Doc, "properties": map[string]any{spec.Name: value},
			"required": []string{spec.Name}, "additionalProperties": false,
		})
	}
	return map[string]any{"anyOf": append(ways, map[string]any{"enum": alone})}
}

func argsSchema(action string) map[string]any {
	for _, spec := range lab.ActionSpecs() {
		if spec.Name == action {
			return object(spec.Fields())
		}
	}
	panic("scenarios: there is no action " + action)
}

func object(fields []lab.Arg) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		properties[f.Name] = argSchema(f)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func argSchema(a lab.Arg) map[string]any {
	s := map[string]any{}
	switch a.Type {
	case "text":
		s["type"] = "string"
	case "number":
		s["type"] = "number"
	case "whole number":
		s["type"] = "integer"
	case "true or false":
		s["type"] = "boolean"
	case "duration":
		s = form.Duration()
	case "list":
		s["type"] = "array"
	case "object":
		s["type"] = "object"
	}
	if a.OneOf != nil {
		s = map[string]any{"enum": a.OneOf}
	}
	if a.Is != "" {
		s["description"] = a.Is
	}
	return s
}

func settingsSchema() map[string]any {
	s := object(lab.SettingFields())
	service := object(lab.ServiceFields())
	services := map[string]any{}
	for _, name := range lab.ServiceNames {
		services[name] = service
	}
	properties := s["properties"].(map[string]any)
	properties["services"] = map[string]any{"type": "object", "properties": services}
	properties["work"] = form.Duration()
	for _, o := range []map[string]any{s, service} {
		delete(o, "required") // what is not said is as it is by standard
	}
	return s
}
