package scenarios

import (
	"eddy/lab/form"
	"eddy/lab/script"
)

// Schema is the JSON Schema of scenario files, for editors. It describes the
// same types that Parse reads, and the same registry of actions that a lab
// obeys.
func Schema() map[string]any {
	s := form.Schema(Scenario{}, "Eddy scenario")
	s["$defs"] = map[string]any{"action": script.ActionSchema()}
	step := within(s, "properties", "steps", "items", "properties")
	within(step, "allow")["items"] = map[string]any{"enum": script.ActionNames()}
	within(step, "because")["contains"] = map[string]any{"type": "array"} // something to choose
	return s
}

func within(s map[string]any, path ...string) map[string]any {
	for _, name := range path {
		s = s[name].(map[string]any)
	}
	return s
}
