package lab

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// search names what a search through a list looks for, in words: count(orders,
// .status == "PAID") is "the orders that are PAID". It is "" where there are no
// words for it.
func search(n ast.Node) string {
	b, ok := n.(*ast.BuiltinNode)
	if !ok || len(b.Arguments) == 0 {
		return ""
	}
	one, many := listed(b.Arguments[0])
	if one == "" {
		return ""
	}
	if b.Name == "len" {
		return "the " + many
	}
	if len(b.Arguments) != 2 {
		return ""
	}
	p, ok := b.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return ""
	}
	is, are := "is", "are"
	switch b.Name {
	case "count":
		if words := clauses(p.Node, are); words != "" {
			return "the " + many + " " + words
		}
	case "any":
		if words := clauses(p.Node, is); words != "" {
			return one + " " + words
		}
	case "all":
		if words := clauses(p.Node, are); words != "" {
			return "only " + many + " " + words
		}
	}
	return ""
}

// listed names a list that can be searched: one of it, and all.
func listed(n ast.Node) (one, many string) {
	if id, ok := n.(*ast.IdentifierNode); ok && id.Value == "orders" {
		return "an order", "orders"
	}
	if m, ok := n.(*ast.MemberNode); ok {
		name, args := calledWith(m.Node)
		if p, ok := m.Property.(*ast.StringNode); ok && p.Value == "partitions" && name == "topic" && len(args) == 1 {
			return "a partition of " + args[0], "partitions of " + args[0]
		}
	}
	return "", ""
}

// clauses says what a predicate asks for: "that are PAID and whose charges are
// 1", where verb is "are". It is "" where it asks for something that has no
// words.
func clauses(n ast.Node, verb string) string {
	var said []string
	for _, part := range conjuncts(n) {
		words := clause(part, verb)
		if words == "" {
			return ""
		}
		said = append(said, words)
	}
	return strings.Join(said, " and ")
}

func clause(n ast.Node, verb string) string {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return ""
	}
	word, compares := comparisons[b.Operator]
	m, isField := b.Left.(*ast.MemberNode)
	if !compares || !isField {
		return ""
	}
	if _, own := m.Node.(*ast.PointerNode); !own {
		return ""
	}
	field, ok := m.Property.(*ast.StringNode)
	want := written(b.Right)
	if !ok || want == "" {
		return ""
	}
	if b.Operator == "in" {
		word = ""
	}
	want = strings.TrimSpace(word + " " + want)
	if field.Value == "status" {
		return "that " + verb + " " + want
	}
	if strings.HasSuffix(field.Value, "s") { // charges, notifications
		return "whose " + field.Value + " are " + want
	}
	return "whose " + field.Value + " is " + want
}

// written is a value as it is written down, "" where it has to be worked out.
func written(n ast.Node) string {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.IntegerNode:
		return v.String()
	case *ast.ArrayNode:
		var all []string
		for _, e := range v.Nodes {
			one := written(e)
			if one == "" {
				return ""
			}
			all = append(all, one)
		}
		return strings.Join(all, " or ")
	}
	return ""
}
