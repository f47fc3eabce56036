package script

import (
	"encoding/json"
	"slices"
	"strings"

	"eddy/lab"
	"eddy/lab/form"
)

// Actions is a list of actions as a file has it.
type Actions []Action

// Action is one action and where it stands.
type Action struct {
	lab.Action
	Pos form.Pos
}

// ReadForm implements form.Reader.
func (a *Actions) ReadForm(v form.Value) {
	*a = Actions{}
	items, ok := v.List()
	if !ok {
		v.Problem("this must be a list of actions, such as - crash: {service: payment}; it is %s", v.Kind())
		return
	}
	for _, item := range items {
		at := item
		pairs, isMapping := item.Mapping()
		switch {
		case isMapping && len(pairs) != 1:
			item.Problem("an action is a mapping with exactly one key, its name; this one has %d", len(pairs))
			continue
		case isMapping:
			at = pairs[0].At
		}
		if raw, ok := item.JSON(); ok {
			a.add(item, at, raw)
		}
	}
}

// add reads one action and says what is wrong with it at its place.
func (a *Actions) add(v, name form.Value, raw []byte) {
	if given := nameOf(raw); given != "" && !slices.Contains(ActionNames(), given) {
		name.Problem("there is no action %q%s: the actions are %s", given, form.Likely(given, ActionNames()), strings.Join(ActionNames(), ", "))
		return
	}
	action, said := lab.CheckAction(raw)
	if action.Args == nil {
		place(v, raw).Problem("%s", said[0].Message)
		return
	}
	for _, wrong := range said {
		at := argument(v, wrong.Arg)
		if wrong.Arg == "" {
			at = name
		}
		at.Problem("%s", wrong.Message)
	}
	*a = append(*a, Action{action, v.Pos()})
}

// nameOf is the name of an action as it is written, "" where it has none.
func nameOf(raw []byte) (name string) {
	if json.Unmarshal(raw, &name) == nil {
		return name
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil && len(object) == 1 {
		for name = range object {
		}
	}
	return name
}

// argument finds the value of an action's argument.
func argument(v form.Value, name string) form.Value {
	pairs, ok := v.Mapping()
	if !ok || len(pairs) != 1 {
		return v
	}
	args, ok := pairs[0].Value.Mapping()
	if !ok {
		return pairs[0].Value
	}
	for _, p := range args {
		if p.Key == name {
			return p.Value
		}
	}
	return v
}

// place finds the argument that keeps an action from being read: it does so
// alone, too.
func place(v form.Value, raw []byte) form.Value {
	pairs, ok := v.Mapping()
	if !ok || len(pairs) != 1 {
		return v
	}
	args, ok := pairs[0].Value.Mapping()
	if !ok {
		return pairs[0].At
	}
	for _, p := range args {
		value, ok := p.Value.JSON()
		if !ok {
			return p.Value
		}
		one, err := json.Marshal(map[string]map[string]json.RawMessage{pairs[0].Key: {p.Key: value}})
		if err != nil {
			return p.Value
		}
		if _, err := lab.DecodeAction(one); err != nil {
			return p.At
		}
	}
	return pairs[0].At
}

// SchemaForm implements form.Describer.
func (a *Actions) SchemaForm() map[string]any {
	return map[string]any{"type": "array", "items": map[string]any{"$ref": "#/$defs/action"}}
}

// ActionNames lists every action, in the order of the contract.
func ActionNames() (names []string) {
	for _, spec := range lab.ActionSpecs() {
		names = append(names, spec.Name)
	}
	return names
}
