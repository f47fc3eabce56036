package script

import (
	"encoding/json"
	"fmt"

	"eddy/lab"
	"eddy/lab/form"
)

// Setting is the arguments of the action set.
type Setting struct{ JSON json.RawMessage }

// ReadForm implements form.Reader.
func (s *Setting) ReadForm(v form.Value) {
	raw, ok := v.JSON()
	if !ok {
		return
	}
	var a Actions
	a.add(v, v, append(append([]byte(`{"set":`), raw...), '}'))
	s.JSON = raw
}

// SchemaForm implements form.Describer.
func (s *Setting) SchemaForm() map[string]any { return argsSchema("set") }

// Settings are the settings of the lab.
type Settings struct {
	JSON json.RawMessage // as they are written, nil where nothing is
	lab.Settings
}

// ReadForm implements form.Reader.
func (s *Settings) ReadForm(v form.Value) {
	s.Settings = lab.DefaultSettings()
	pairs, ok := v.Mapping()
	if !ok {
		v.Problem("lab must be a mapping of settings, and it is %s", v.Kind())
		return
	}
	raw, ok := v.JSON()
	if !ok {
		return
	}
	settings, err := lab.ParseSettings(raw)
	if err == nil {
		s.JSON, s.Settings = raw, settings
		return
	}
	s.blame(v, pairs, err)
}

// blame finds the setting that cannot be read: it fails alone, too.
func (s *Settings) blame(v form.Value, pairs []form.Pair, whole error) {
	found := false
	for _, p := range pairs {
		if p.Key == "services" {
			if services, ok := p.Value.Mapping(); ok {
				for _, svc := range services {
					found = s.blameService(svc) || found
				}
				continue
			}
		}
		if err := alone(p); err != nil {
			p.At.Problem("%v", err)
			found = true
		}
	}
	if !found {
		v.Problem("%v", whole)
	}
}

func (s *Settings) blameService(svc form.Pair) (found bool) {
	if _, err := lab.ServiceName(svc.Key); err != nil {
		svc.At.Problem("%v", err)
		return true
	}
	pairs, ok := svc.Value.Mapping()
	if !ok {
		svc.Value.Problem("%s must be a mapping of settings, and it is %s", svc.Key, svc.Value.Kind())
		return true
	}
	for _, p := range pairs {
		raw, ok := p.Value.JSON()
		if !ok {
			continue
		}
		one, _ := json.Marshal(map[string]any{"services": map[string]any{svc.Key: map[string]json.RawMessage{p.Key: raw}}})
		if _, err := lab.ParseSettings(one); err != nil {
			p.At.Problem("%v", err)
			found = true
		}
	}
	return found
}

func alone(p form.Pair) error {
	raw, ok := p.Value.JSON()
	if !ok {
		return nil
	}
	one, err := json.Marshal(map[string]json.RawMessage{p.Key: raw})
	if err != nil {
		return fmt.Errorf("write the setting %s: %w", p.Key, err)
	}
	_, err = lab.ParseSettings(one)
	return err
}

// SchemaForm implements form.Describer.
func (s *Settings) SchemaForm() map[string]any { return settingsSchema() }
