package lab

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Conditions about many things, such as any(orders, .status == "PAID"), in
// words: which of them are meant, how many should be, and how many are.

// partitionWords are the properties of a partition, in words.
var partitionWords = map[string]string{"end": "end", "start": "start", "leader": "leader"}

// listed says what the things in a list are called, and the words for their
// properties.
func listed(list ast.Node) (noun string, fields map[string]string) {
	switch text := list.String(); text {
	case "orders":
		return "orders", fieldWords["order"]
	case "broken":
		return "broken promises", nil
	}
	if m, ok := list.(*ast.MemberNode); ok {
		field, isText := m.Property.(*ast.StringNode)
		if name, args := calledWith(m.Node); isText && field.Value == "partitions" && name == "topic" && len(args) == 1 {
			return "partitions of " + args[0], partitionWords
		}
	}
	return "", nil
}

// countOf asks how many of the things that a question is about are as it says,
// lenOf how many there are at all.
func countOf(b *ast.BuiltinNode) string {
	return fmt.Sprintf("count(%s, %s)", b.Arguments[0], b.Arguments[1])
}

func lenOf(b *ast.BuiltinNode) string { return fmt.Sprintf("len(%s)", b.Arguments[0]) }

// many reads a question about many things. Ok is false where there are no words
// for it.
func (s stance) many(n ast.Node) (c Condition, ok bool) {
	b, is := n.(*ast.BuiltinNode)
	if !is || len(b.Arguments) != 2 {
		return c, false
	}
	c.What = manyPhrase(b)
	now, known := s.values[countOf(b)].(int)
	all, also := s.values[lenOf(b)].(int)
	if c.What == "" || !known || !also {
		return c, false
	}
	switch b.Name {
	case "any":
		c.Goal, c.Now, c.Off, c.Met = "at least 1", shown(now), difference(">=", now, 1), now > 0
	case "all":
		c.Goal, c.Now, c.Off, c.Met = fmt.Sprintf("all %d", all), shown(now), difference("==", now, all), now == all
	case "none":
		c.Goal, c.Now, c.Off, c.Met = "none", shown(now), difference("==", now, 0), now == 0
	case "one":
		c.Goal, c.Now, c.Off, c.Met = "exactly 1", shown(now), difference("==", now, 1), now == 1
	default:
		return c, false
	}
	if all == 0 && b.Name == "all" {
		c.Goal, c.Off = "all", ""
	}
	if b.Arguments[0].String() != "orders" {
		c.Lens = "topics"
		return c, true
	}
	c.Lens, c.Evidence = "map", s.newest(orderFact(b.Arguments[1].String()))
	return c, true
}

// orderFact picks the entries that make orders what a question asks about.
func orderFact(question string) func(Entry) bool {
	for _, money := range []string{"charge", "refund", ".net"} {
		if strings.Contains(question, money) {
			return func(e Entry) bool { return e.Order != "" && e.Data != nil && e.Data.Money != nil }
		}
	}
	return func(e Entry) bool {
		return e.Order != "" && e.Kind == KindWritten && e.Data != nil && e.Data.Order != nil
	}
}

// manyPhrase names the things that any, all, count and len are about; "" where
// there are no words for them.
func manyPhrase(b *ast.BuiltinNode) string {
	if len(b.Arguments) == 0 {
		return ""
	}
	noun, fields := listed(b.Arguments[0])
	switch {
	case noun == "":
		return ""
	case b.Name == "len":
		return "the " + noun
	case len(b.Arguments) != 2:
		return ""
	}
	p, ok := b.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return ""
	}
	words := property(p.Node, fields)
	if words == "" {
		return ""
	}
	return noun + " with " + words
}

// property says in words what a thing must be like; "" where there are none.
func property(n ast.Node, fields map[string]string) string {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return ""
	}
	if isAnd(b) || isOr(b) {
		left, right := property(b.Left, fields), property(b.Right, fields)
		switch {
		case left == "" || right == "":
			return ""
		case isOr(b):
			return left + " or " + right
		case isOr(b.Left) || isOr(b.Right):
			return "" // words have no brackets
		}
		return left + " and " + right
	}
	word, known := comparisons[b.Operator]
	m, ok := b.Left.(*ast.MemberNode)
	if !known || !ok {
		return ""
	}
	if _, ok := m.Node.(*ast.PointerNode); !ok {
		return ""
	}
	field, ok := m.Property.(*ast.StringNode)
	if !ok || fields[field.Value] == "" {
		return ""
	}
	value := constant(b.Right)
	if value == "" {
		return ""
	}
	return strings.Join(strings.Fields(strings.TrimPrefix(fields[field.Value], "the ")+" "+word+" "+value), " ")
}

func isAnd(n ast.Node) bool {
	b, ok := n.(*ast.BinaryNode)
	return ok && (b.Operator == "&&" || b.Operator == "and")
}

func isOr(n ast.Node) bool {
	b, ok := n.(*ast.BinaryNode)
	return ok && (b.Operator == "||" || b.Operator == "or")
}

// constant is a value that is written down, in words; "" where it is none.
func constant(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode:
		return n.String()
	case *ast.ArrayNode:
		var list []string
		for _, one := range n.Nodes {
			list = append(list, constant(one))
		}
		return strings.Join(list, " or ")
	case *ast.ConstantNode:
		return strings.Trim(n.String(), `"`)
	}
	return ""
}
