package script

import (
	"eddy/lab"
	"eddy/lab/form"
)

func within(s map[string]any, path ...string) map[string]any {
	for _, name := range path {
		s = s[name].(map[string]any)
	}
	return s
}

// ActionSchema is the JSON Schema of one action.
func ActionSchema() map[string]any {
	var ways []any
	var alone []string // actions that need nothing
	for _, spec := range lab.ActionSpecs() {
		args := argsSchema(spec.Name)
		needs, _ := args["required"].([]string)
		if len(needs) == 0 && args["anyOf"] == nil {
			alone = append(alone, spec.Name)
		}
		value := any(args)
		if bare := spec.Bare(); bare != "" {
			value = map[string]any{"anyOf": []any{args, args["properties"].(map[string]any)[bare], map[string]any{"type": "null"}}}
		} else if len(needs) == 0 && args["anyOf"] == nil {
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
			s := object(spec.Fields())
			if action == "set" {
				delete(s, "required")
				of := []any{map[string]any{"required": []string{"service"}, "minProperties": 2}}
				for _, name := range lab.LabWide {
					of = append(of, map[string]any{"required": []string{name}})
				}
				s["anyOf"] = of
			}
			if action == "place_order" {
				s["required"] = []string{"items"}
				within(s, "properties")["items"] = itemsSchema()
				within(s, "properties", "as")["pattern"] = lab.HandlePattern
			}
			return s
		}
	}
	panic("script: there is no action " + action)
}

// itemsSchema is what an order may be of; burst knows the products, too.
func itemsSchema() map[string]any {
	item := map[string]any{"type": "object", "properties": map[string]any{
		"sku": within(argsSchema("burst"), "properties", "sku"), "name": map[string]any{"type": "string"},
		"qty": map[string]any{"type": "integer", "minimum": 1, "maximum": 1000},
	}, "required": []string{"qty"}}
	return map[string]any{"type": "array", "minItems": 1, "maxItems": 20, "items": item}
}

// ranges are those of settings, as the lab checks them.
var ranges = map[string][2]int{
	"brokers": {1, 3}, "slots": {1, 64}, "snapshot_every": {0, 1000},
	"instances": {0, 8}, "retries": {0, 20}, "schema_version": {1, 2},
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
		services[name], services[lab.GroupID(name)] = service, service
	}
	properties := s["properties"].(map[string]any)
	properties["services"] = map[string]any{"type": "object", "properties": services, "additionalProperties": false}
	within(properties, "partitions")["propertyNames"] = map[string]any{"enum": lab.AllTopics()}
	within(properties, "stock")["propertyNames"] = within(argsSchema("burst"), "properties", "sku")
	for name, r := range ranges {
		for _, of := range []map[string]any{properties, within(service, "properties")} {
			if setting, ok := of[name].(map[string]any); ok {
				setting["minimum"], setting["maximum"] = r[0], r[1]
			}
		}
	}
	properties["work"] = form.Duration()
	for _, o := range []map[string]any{s, service} {
		delete(o, "required") // what is not said is as it is by standard
	}
	return s
}
