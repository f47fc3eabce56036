package lab

import (
	"reflect"
	"slices"
	"strings"

	"eddy/lab/shop"
)

// MessageTypes lists everything that an event or a command of the shop is
// called: on topics, in the event store, and at the order service's own API.
func MessageTypes() []string {
	all := append(messageTypes(), shop.PlaceOrder, "OrderPaid", "OrderReserved")
	slices.Sort(all)
	return slices.Compact(all)
}

// ExprWord is a name of the expression language, for a completion.
type ExprWord struct {
	Name   string   `json:"name"`
	Args   []string `json:"args,omitempty"`   // which Values each argument is one of; "" anything
	Fields []string `json:"fields,omitempty"` // of what it is
	List   bool     `json:"list,omitempty"`   // it is a list of such things
}

// ExprVocabulary is what an expression may name.
type ExprVocabulary struct {
	Words  []ExprWord          `json:"words"`
	Values map[string][]string `json:"values"` // by what they stand for: service, topic …
}

// exprArgs says what the arguments of the functions stand for.
var exprArgs = map[string][]string{
	"order": {"order"}, "service": {"service"}, "lag": {"service", "topic"}, "committed": {"service", "topic", "partition"}, "topic": {"topic"},
	"events": {"event", "order"}, "dead_letters": {"topic", "service"}, "read": {"order"}, "saga": {"order"}, "stock": {"product"},
	"members": {"service"}, "invariant": {"invariant"},
}

// ExprVocabularyOf lists the names of the expression language. They are read
// off the types that expressions are compiled against.
func ExprVocabularyOf() ExprVocabulary {
	v := ExprVocabulary{Values: map[string][]string{
		"service": ServiceNames, "topic": AllTopics(), "event": eventTypes(), "product": shop.SKUs(), "invariant": invariantIDs,
		"status": {"CREATED", "PAID", "RESERVED", "COMPLETED", "CANCELLED"},
	}}
	t := reflect.TypeFor[exprEnv]()
	for i := range t.NumField() {
		f := t.Field(i)
		w := ExprWord{Name: f.Tag.Get("expr"), Args: exprArgs[f.Tag.Get("expr")]}
		if w.Name == "message" {
			continue // of breakpoints, which are no goal
		}
		of := f.Type
		if of.Kind() == reflect.Func {
			of = of.Out(0)
		}
		if of.Kind() == reflect.Slice {
			w.List, of = true, of.Elem()
		}
		if of.Kind() == reflect.Struct {
			w.Fields = exprFields(of)
		}
		v.Words = append(v.Words, w)
	}
	for _, name := range []string{"all", "any", "none", "one", "filter", "count"} {
		v.Words = append(v.Words, ExprWord{Name: name, Args: []string{"list", "condition"}})
	}
	v.Words = append(v.Words, ExprWord{Name: "len", Args: []string{"list"}})
	return v
}

func exprFields(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("expr"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
