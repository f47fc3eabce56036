package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"eddy/lab/beyond"
	"eddy/lab/shop"
)

// Arg is one argument of an action, or one setting of a lab, as a form, a JSON
// Schema or a completion shows it.
type Arg struct {
	Name     string
	Type     string   // text, number, whole number, true or false, duration, list, object, any
	Is       string   // what it stands for: service, topic, order, condition …; "" nothing in particular
	OneOf    []string // the values that are valid; nil where there is no list
	Required bool
}

// Fields lists the arguments of the action, in the order of the contract.
func (s ActionSpec) Fields() []Arg {
	if s.Name == "set" {
		fields := append([]Arg{{Name: "service", Type: "text", Is: "service", OneOf: ServiceNames}}, argsOf(ServiceSettings{})...)
		for _, f := range SettingFields() {
			if slices.Contains(LabWide, f.Name) {
				fields = append(fields, f)
			}
		}
		return fields
	}
	return argsOf(s.args())
}

// Bare names the argument that may stand without its name, "" where none may.
func (s ActionSpec) Bare() string { return s.bare }

// SettingFields lists the settings of a lab, services left out.
func SettingFields() []Arg {
	fields := argsOf(Settings{})
	return slices.DeleteFunc(fields, func(a Arg) bool { return a.Name == "services" })
}

// ServiceFields lists the settings of a service.
func ServiceFields() []Arg { return argsOf(ServiceSettings{}) }

// meanings says which values stand for a thing. Settings use plain lists,
// written "a|b|c"; what is not here takes any value of its type.
var meanings = map[string]func() []string{
	"service":           func() []string { return ServiceNames },
	"service or all":    func() []string { return append(slices.Clone(ServiceNames), "all") },
	"topic":             AllTopics,
	"dead-letter topic": func() []string { return slices.DeleteFunc(AllTopics(), func(t string) bool { return !isDLQ(t) }) },
	"event":             messageTypes,
	"event or PlaceOrder": func() []string {
		return append(messageTypes(), shop.PlaceOrder)
	},
	"product":    shop.SKUs,
	"experiment": beyond.Names,
	"projection": func() []string { return []string{"orders"} },
}

// messageTypes lists every type of event and of command.
func messageTypes() []string {
	return append(eventTypes(), slices.Sorted(maps.Keys(shop.Commands))...)
}

func argsOf(of any) (args []Arg) {
	t := reflect.TypeOf(of)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		a := Arg{Name: name, Type: typeWord(f.Type), Is: f.Tag.Get("is")}
		// A partition that is not named is partition 0.
		a.Required = !strings.Contains(options, "omitempty") && f.Type.Kind() != reflect.Int32
		switch list := meanings[a.Is]; {
		case list != nil:
			a.OneOf = list()
		case strings.Contains(a.Is, "|"):
			a.OneOf, a.Is = strings.Split(a.Is, "|"), ""
		}
		args = append(args, a)
	}
	return args
}

func typeWord(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[Duration]():
		return "duration"
	case t == reflect.TypeFor[shop.ID](), t == reflect.TypeFor[payload](), t == reflect.TypeFor[rewindTo]():
		return "any"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	return "whole number"
}

// ArgError is what is wrong with one argument of an action.
type ArgError struct {
	Arg     string // "" where it is about the action as a whole
	Message string
}

// CheckAction reads an action, written as DecodeAction takes it, and says what
// is wrong with it before any lab has seen it: names that do not exist,
// arguments that are missing, expressions that do not compile. What depends on
// the state of a lab it cannot know. An action that cannot be read has no Args.
func CheckAction(raw []byte) (a Action, wrong []ArgError) {
	spec, args, err := splitAction(raw)
	if err == nil {
		a, err = DecodeAction(raw)
	}
	var given map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(args, &given)
	}
	if err != nil {
		return Action{}, []ArgError{{"", err.Error()}}
	}
	return a, append(spec.check(a, given), a.wrong()...)
}

func (s ActionSpec) check(a Action, given map[string]json.RawMessage) (wrong []ArgError) {
	if set, ok := a.Args.(*setting); ok {
		if _, _, _, err := set.apply(DefaultSettings()); err != nil {
			wrong = append(wrong, ArgError{"", err.Error()})
		}
		return wrong
	}
	for _, f := range s.Fields() {
		value, there := given[f.Name]
		switch text, isText := asText(value); {
		case !there || string(value) == "null" || isText && text == "" || f.Type == "number" && string(value) == "0":
			if f.Required {
				wrong = append(wrong, ArgError{"", fmt.Sprintf("%s needs %s%s", a.Name, f.Name, f.choices(": "))})
			}
		case f.Is == "service" || f.Is == "service or all":
			if text == "all" && f.Is != "service" {
				break
			}
			if _, err := ServiceName(text); err != nil {
				wrong = append(wrong, ArgError{f.Name, err.Error()})
			}
		case f.OneOf != nil && !slices.Contains(f.OneOf, text):
			wrong = append(wrong, ArgError{f.Name, fmt.Sprintf("%s cannot be %q%s", f.Name, text, f.choices(": valid are "))})
		case f.Is == "condition" || f.Is == "condition of a message":
			if _, err := compileExpr(text, true, f.Is != "condition"); err != nil {
				wrong = append(wrong, ArgError{f.Name, err.Error()})
			}
		}
	}
	return wrong
}

// checker is an action that knows more about its arguments than their types say.
type checker interface{ wrong() []ArgError }

func (a Action) wrong() []ArgError {
	if c, ok := a.Args.(checker); ok {
		return c.wrong()
	}
	return nil
}

func (a Arg) choices(before string) string {
	if a.OneOf == nil {
		return ""
	}
	return before + strings.Join(a.OneOf, ", ")
}

func asText(raw json.RawMessage) (s string, ok bool) {
	return s, json.Unmarshal(raw, &s) == nil && len(raw) > 0 && raw[0] == '"'
}
