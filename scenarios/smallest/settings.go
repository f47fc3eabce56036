package smallest

import (
	"encoding/json"
	"strings"

	"eddy/lab"
)

// Settings reads settings of a lab in JSON, and those that are written one by
// one, such as payment.idempotent=false or key=none.
func Settings(raw []byte, set []string) (lab.Settings, error) {
	all := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &all); err != nil {
			return lab.Settings{}, lab.Errorf(lab.Invalid, "the settings of the lab are not a JSON object: %v", err)
		}
	}
	for _, one := range set {
		name, text, ok := strings.Cut(one, "=")
		if !ok {
			return lab.Settings{}, lab.Errorf(lab.Invalid, "%q is no setting: write payment.idempotent=false, or key=none", one)
		}
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		into := all
		if service, setting, ok := strings.Cut(name, "."); ok {
			into, name = child(child(all, "services"), service), setting
		}
		into[name] = value
	}
	whole, err := json.Marshal(all)
	if err != nil {
		return lab.Settings{}, err
	}
	return lab.ParseSettings(whole)
}

// child is the object below a name, made where there is none.
func child(of map[string]any, name string) map[string]any {
	if c, ok := of[name].(map[string]any); ok {
		return c
	}
	c := map[string]any{}
	of[name] = c
	return c
}
