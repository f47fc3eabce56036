package lab

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"eddy/lab/shop"

	"github.com/expr-lang/expr/ast"
)

// namesSeen looks through an expression as it is compiled. It notes what the
// expression needs, so that nothing else is worked out, and refuses names that
// do not exist and whatever could take long or fill the memory.
type namesSeen struct {
	settled, orders bool
	nested          int    // searches within a search
	message         bool   // the expression may be about a message
	refused         string // why, "" where nothing is wrong
	at              int    // where, in characters
}

func (n *namesSeen) refuse(node ast.Node, format string, args ...any) {
	if n.refused == "" {
		n.refused, n.at = fmt.Sprintf(format, args...), node.Location().From
	}
}

// Visit implements ast.Visitor.
func (n *namesSeen) Visit(node *ast.Node) {
	switch v := (*node).(type) {
	case *ast.IdentifierNode:
		if v.Value == "message" && !n.message {
			n.refuse(v, "message is there in the `when` of a breakpoint only; valid are %s", strings.Join(exprNames, ", "))
		}
		n.settled = n.settled || v.Value == "settled"
		n.orders = n.orders || v.Value == "orders"
	case *ast.BinaryNode:
		switch {
		case v.Operator == "..":
			n.refuse(v, "it cannot build a range: write the numbers down")
		case v.Operator == "+" && !numeric(v.Left, v.Right):
			// With variables, a short text could double a string many times.
			n.refuse(v, "+ adds numbers only")
		}
	case *ast.VariableDeclaratorNode:
		switch kindOf(v.Value) {
		case reflect.Slice, reflect.Array, reflect.Map, reflect.Interface:
			n.refuse(v, "a variable holds one value, not a list")
		}
	case *ast.BuiltinNode:
		// Those that take a predicate cannot be switched off in the compiler.
		if slices.Contains(exprDisabled, v.Name) {
			n.refuse(v, "%s is switched off, because it can build large values; valid are %s", v.Name, strings.Join(exprNames, ", "))
		}
	case *ast.PredicateNode:
		n.nested += predicatesIn(v.Node)
		if nesting(v.Node) >= 2 {
			n.refuse(v, "lists are searched within lists within lists: two deep is the most")
		}
	case *ast.CallNode:
		n.call(v)
	}
}

// call checks names that are written down.
func (n *namesSeen) call(v *ast.CallNode) {
	name, ok := v.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	literal := func(i int) (text string, node ast.Node, ok bool) {
		if i >= len(v.Arguments) {
			return "", nil, false
		}
		s, ok := v.Arguments[i].(*ast.StringNode)
		if !ok {
			return "", nil, false
		}
		return s.Value, s, true
	}
	among := func(i int, what string, valid []string) {
		if text, node, ok := literal(i); ok && !slices.Contains(valid, text) {
			n.refuse(node, "there is no %s %q: valid are %s", what, text, strings.Join(valid, ", "))
		}
	}
	switch name.Value {
	case "service":
		if text, node, ok := literal(0); ok {
			if _, err := ServiceName(text); err != nil {
				n.refuse(node, "%v", err)
			}
		}
	case "lag", "committed":
		among(1, "topic", AllTopics())
	case "topic", "dead_letters":
		among(0, "topic", AllTopics())
	case "events":
		among(0, "event type", eventTypes())
	case "stock":
		among(0, "product", shop.SKUs())
	case "invariant":
		among(0, "invariant", invariantIDs)
	}
}

// eventTypes lists what can stand on a business topic or on saga-replies.
func eventTypes() (types []string) {
	for t := range shop.TopicOf {
		types = append(types, t)
	}
	slices.Sort(types)
	return types
}

// nesting counts how deep predicates are nested in a node.
func nesting(node ast.Node) int {
	var below nestingBelow
	ast.Walk(&node, &below)
	return below.deepest
}

type nestingBelow struct{ deepest int }

// Visit implements ast.Visitor.
func (b *nestingBelow) Visit(node *ast.Node) {
	if p, ok := (*node).(*ast.PredicateNode); ok {
		b.deepest = max(b.deepest, 1+nesting(p.Node))
	}
}

// predicatesIn counts the predicates in a node.
func predicatesIn(node ast.Node) int {
	var n predicateCount
	ast.Walk(&node, &n)
	return int(n)
}

type predicateCount int

// Visit implements ast.Visitor.
func (n *predicateCount) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		*n++
	}
}

func kindOf(node ast.Node) reflect.Kind {
	if t := node.Type(); t != nil {
		return t.Kind()
	}
	return reflect.Interface
}

func numeric(nodes ...ast.Node) bool {
	return !slices.ContainsFunc(nodes, func(node ast.Node) bool {
		k := kindOf(node)
		return (k < reflect.Int || k > reflect.Uint64) && k != reflect.Float64 && k != reflect.Float32
	})
}

// position says where a character of a text is.
func position(text string, at int) string {
	line, column := 1, 1
	for _, c := range []rune(text)[:at] {
		if column++; c == '\n' {
			line, column = line+1, 1
		}
	}
	return fmt.Sprintf("line %d, column %d", line, column)
}
