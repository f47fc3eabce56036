package quiz

import (
	"encoding/json"
	"regexp"
	"strings"

	"eddy/lab"
	"eddy/lab/form"
	"eddy/lab/script"
)

// Moves are actions in which names may stand for values: "{n}".
type Moves struct{ raw json.RawMessage }

// Settings are lab settings in which names may stand for values: "{n}".
type Settings struct{ raw json.RawMessage }

// named is a name in braces that stands for a whole value.
var named = regexp.MustCompile(`"\{([a-z_]+)\}"`)

// numeral is what JSON takes as a number.
var numeral = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// fill puts the values of a variant into JSON: a number where the name is the
// whole value and its value is one, text elsewhere.
func (v Variant) fill(raw json.RawMessage) json.RawMessage {
	text := named.ReplaceAllStringFunc(string(raw), func(m string) string {
		value, ok := v[m[2:len(m)-2]]
		switch {
		case !ok:
			return m
		case numeral.MatchString(value):
			return value
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			return m
		}
		return string(quoted)
	})
	for name, value := range v {
		quoted, err := json.Marshal(value)
		if err != nil {
			continue
		}
		text = strings.ReplaceAll(text, "{"+name+"}", string(quoted[1:len(quoted)-1]))
	}
	return json.RawMessage(text)
}

// ReadForm implements form.Reader. What has no names in it is checked at once.
func (m *Moves) ReadForm(v form.Value) {
	raw, ok := v.JSON()
	if !ok {
		return
	}
	m.raw = raw
	if !m.named() {
		var actions script.Actions
		actions.ReadForm(v)
	}
}

// named tells whether there is a name in it: what it is can only be said of a
// variant.
func (m Moves) named() bool    { return named.Match(m.raw) }
func (s Settings) named() bool { return named.Match(s.raw) }

// SchemaForm implements form.Describer.
func (m *Moves) SchemaForm() map[string]any {
	return map[string]any{"type": "array", "items": map[string]any{"type": []string{"object", "string"}}}
}

// Of returns the actions of a variant.
func (m Moves) Of(v Variant) ([]lab.Action, error) {
	if m.raw == nil {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(v.fill(m.raw), &list); err != nil {
		return nil, lab.Errorf(lab.Invalid, "the moves must be a list of actions: %v", err)
	}
	var actions []lab.Action
	for i, raw := range list {
		a, wrong := lab.CheckAction(raw)
		if len(wrong) > 0 {
			return nil, lab.Errorf(lab.Invalid, "action %d: %s", i+1, wrong[0].Message)
		}
		actions = append(actions, a)
	}
	return actions, nil
}

// ReadForm implements form.Reader.
func (s *Settings) ReadForm(v form.Value) {
	raw, ok := v.JSON()
	if !ok {
		return
	}
	s.raw = raw
	if !s.named() {
		var settings script.Settings
		settings.ReadForm(v)
	}
}

// SchemaForm implements form.Describer.
func (s *Settings) SchemaForm() map[string]any { return (&script.Settings{}).SchemaForm() }

// Of returns the settings of a variant.
func (s Settings) Of(v Variant) (lab.Settings, error) { return lab.ParseSettings(v.fill(s.raw)) }
