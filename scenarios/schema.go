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
	return s
}
