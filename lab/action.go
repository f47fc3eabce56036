package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Action is the one way to change a lab. A button, a key, a scenario step, a
// class cue, an HTTP call and `eddy play` all hand over the same value to
// Lab.Do. Decode it with DecodeActions; the zero Action is refused.
type Action struct {
	Name string
	Args Doer
}

// Doer is the argument struct of an action: it does what it says.
type Doer interface {
	do(ctx context.Context, l *Lab, call call) (Result, error)
}

// Result is the answer to an action.
type Result struct {
	OK      bool   `json:"ok"`
	Seq     int64  `json:"seq,omitempty"`   // of the action's journal entry
	Order   string `json:"order,omitempty"` // its handle
	OrderID string `json:"order_id,omitempty"`
	Answer  string `json:"answer,omitempty"` // accepted rejected unavailable: what the shop's caller heard
	Text    string `json:"text,omitempty"`   // what was done, one sentence
	Error   *Error `json:"error,omitempty"`
}

// ActionSpec describes an action for the decoder, the JSON Schema, the failure
// palette and the reference page: all four read this one registry.
type ActionSpec struct {
	Name  string
	Group string // orders messages services lab time flow
	Doc   string // one sentence
	bare  string // the argument that may stand without its name
	args  func() Doer
}

// Args lists the names of the action's arguments.
func (s ActionSpec) Args() []string {
	if s.Name == "set" {
		return settingNames()
	}
	return fieldNames(s.args())
}

// ActionSpecs lists every action, in the order of the contract.
func ActionSpecs() []ActionSpec { return slices.Clone(registry) }

func specOf(name string) (ActionSpec, error) {
	var names []string
	for _, s := range registry {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return ActionSpec{}, Errorf(Invalid, "there is no action %q: the actions are %s", name, strings.Join(names, ", "))
}

// DecodeActions reads one action or a list of them. An action is an object
// with one key, its arguments below it; without arguments it may be a bare
// string; its first argument may stand bare ({"wait": "500ms"}).
func DecodeActions(data []byte) ([]Action, error) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, Errorf(Invalid, "the list of actions is not JSON: %v", err)
		}
		actions := make([]Action, 0, len(list))
		for i, raw := range list {
			a, err := DecodeAction(raw)
			if err != nil {
				return nil, Errorf(Invalid, "action %d: %v", i+1, err)
			}
			actions = append(actions, a)
		}
		return actions, nil
	}
	a, err := DecodeAction(data)
	if err != nil {
		return nil, err
	}
	return []Action{a}, nil
}

// splitAction reads which action it is, and its arguments as an object.
func splitAction(data []byte) (spec ActionSpec, args json.RawMessage, err error) {
	var name string
	args = json.RawMessage("{}")
	if err := json.Unmarshal(data, &name); err != nil {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			return spec, nil, Errorf(Invalid, `an action is a name or an object with one key, like "freeze" or {"crash": {"service": "payment"}}: %v`, err)
		}
		if len(object) != 1 {
			return spec, nil, Errorf(Invalid, "an action is an object with exactly one key, its name; this one has %d", len(object))
		}
		for name, args = range object {
		}
	}
	if spec, err = specOf(name); err != nil {
		return spec, nil, err
	}
	args = bytes.TrimSpace(args)
	switch {
	case bytes.Equal(args, []byte("null")):
		args = json.RawMessage("{}")
	case len(spec.Args()) == 0 && strict(args, &struct{}{}, "argument") != nil:
		return spec, nil, Errorf(Invalid, "%s takes no arguments", name)
	case len(args) > 0 && args[0] != '{':
		if spec.bare == "" {
			return spec, nil, Errorf(Invalid, "%s takes its arguments by name: %s", name, strings.Join(spec.Args(), ", "))
		}
		args = json.RawMessage(fmt.Sprintf("{%q:%s}", spec.bare, args))
	}
	return spec, args, nil
}

// DecodeAction reads one action.
func DecodeAction(data []byte) (Action, error) {
	spec, args, err := splitAction(data)
	if err != nil {
		return Action{}, err
	}
	into := spec.args()
	if err := strict(args, into, "argument of "+spec.Name); err != nil {
		return Action{}, err
	}
	return Action{Name: spec.Name, Args: into}, nil
}

// UnmarshalJSON reads an action as DecodeAction does.
func (a *Action) UnmarshalJSON(data []byte) (err error) {
	*a, err = DecodeAction(data)
	return err
}

// MarshalJSON writes an action as DecodeAction reads it.
func (a Action) MarshalJSON() ([]byte, error) {
	if a.Args == nil || reflect.ValueOf(a.Args).Elem().IsZero() {
		return json.Marshal(a.Name)
	}
	return json.Marshal(map[string]Doer{a.Name: a.Args})
}
