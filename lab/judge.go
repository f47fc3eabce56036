package lab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Answers are what a learner answered in the step of a scenario: the index of
// an option, −1 where there is none.
type Answers struct{ Predicted, Observed int }

type answersKey struct{}

// Answering gives the expressions that are evaluated with the context the
// learner's answers, as `predicted` and `observed`.
func Answering(ctx context.Context, a Answers) context.Context {
	return context.WithValue(ctx, answersKey{}, a)
}

// Judgement says how a lab stands towards a goal.
type Judgement struct {
	Seq   int64       `json:"seq"` // the head of the journal when it was judged
	Met   bool        `json:"met"`
	Parts []Condition `json:"parts"` // every one of them must hold
}

// Condition is one part of a goal, set against what is.
type Condition struct {
	What     string  `json:"what"`               // in words: charges of order A
	Goal     string  `json:"goal"`               // in words: 2, at least 2, not CREATED
	Now      string  `json:"now"`                // what it is: 1
	Off      string  `json:"off,omitempty"`      // the difference where it can be named: 1 too few
	Met      bool    `json:"met"`                //
	Evidence []int64 `json:"evidence,omitempty"` // the newest entries that made it what it is, oldest first
	Order    string  `json:"order,omitempty"`    // id of the order it is about
	Lens     string  `json:"lens,omitempty"`     // the figure that shows it
}

// evidenceMax bounds the entries that a condition names, evidenceBack how far
// back they are looked for.
const (
	evidenceMax  = 3
	evidenceBack = 5000
)

// Judge evaluates a goal and says of each of its parts what it asks for and
// what is.
func (l *Lab) Judge(ctx context.Context, goal string) (Judgement, error) {
	l.heed.pay()
	j := Judgement{Seq: l.Head()}
	e, err := CompileExpr(goal, true)
	if err != nil {
		return j, err
	}
	met, err := l.eval(ctx, e)
	if err != nil {
		return j, err
	}
	j.Met = met == true
	tree, err := parser.Parse(goal)
	if err != nil {
		return j, fmt.Errorf("parse a goal that compiles: %w", err)
	}
	for _, part := range conjuncts(tree.Node) {
		j.Parts = append(j.Parts, l.condition(ctx, part))
	}
	return j, nil
}

// conjuncts are the parts of `a && b && c`.
func conjuncts(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return append(conjuncts(b.Left), conjuncts(b.Right)...)
	}
	return []ast.Node{n}
}

func (l *Lab) condition(ctx context.Context, n ast.Node) Condition {
	value := func(n ast.Node) any {
		v, err := l.Eval(ctx, n.String())
		if err != nil {
			return nil
		}
		return v
	}
	if c, ok := l.many(ctx, n); ok {
		return c
	}
	c := Condition{Met: value(n) == true}
	subject := n
	switch b := n.(type) {
	case *ast.BinaryNode:
		if word, ok := comparisons[b.Operator]; ok {
			subject = b.Left
			now, want := value(b.Left), value(b.Right)
			c.Goal, c.Now = strings.TrimSpace(word+" "+shown(want)), shown(now)
			c.Off = difference(b.Operator, now, want)
			break
		}
		c.Goal, c.Now = "true", shown(value(n))
	case *ast.UnaryNode:
		if b.Operator == "!" || b.Operator == "not" {
			subject = b.Node
			c.Goal, c.Now = "no", shown(value(b.Node))
			break
		}
		c.Goal, c.Now = "true", shown(value(n))
	default:
		c.Goal, c.Now = "yes", shown(value(n))
	}
	c.What = phrase(subject)
	l.point(&c, subject)
	return c
}

// comparisons says what a goal wants of a value, in words.
var comparisons = map[string]string{
	"==": "", "!=": "not", ">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "in": "in", "contains": "with",
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "not known"
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if v == "" {
			return "not there"
		}
		return v
	case []string:
		if len(v) == 0 {
			return "none"
		}
		return strings.Join(v, ", ")
	}
	return fmt.Sprint(v)
}

// difference says by how much a number misses its goal.
func difference(operator string, now, want any) string {
	n, ok := now.(int)
	w, also := want.(int)
	if !ok || !also {
		return ""
	}
	few, many := 0, 0
	switch operator {
	case "==":
		few, many = w-n, n-w
	case ">=":
		few = w - n
	case ">":
		few = w + 1 - n
	case "<=":
		many = n - w
	case "<":
		many = n + 1 - w
	}
	switch {
	case few > 0:
		return strconv.Itoa(few) + " too few"
	case many > 0:
		return strconv.Itoa(many) + " too many"
	}
	return ""
}

// fieldWords are the properties of things, in words.
var fieldWords = map[string]map[string]string{
	"order": {
		"status": "the status", "total": "the total", "charges": "the charges", "charged": "the money charged", "refunded": "the money refunded",
		"net": "the money kept", "notifications": "the notifications", "version": "the version", "conflicts": "the writes that came too late", "saga": "the style of saga", "source": "the source",
	},
	"service": {
		"state": "the state", "instances": "the instances", "handled": "the messages handled", "failed": "the tries that failed", "retried": "the retries",
		"skipped_duplicates": "the duplicates skipped", "dead_lettered": "the dead letters written", "crashes": "the crashes",
	},
	"topic": {"records": "the records"},
	"read":  {"status": "the status", "version": "the version", "user_name": "the user's name"},
	"saga":  {"state": "the state of the saga", "step": "the step of the saga"},
}

// nameWords are names that stand alone, in words.
var nameWords = map[string]string{
	"settled": "everything is handled", "broken": "the broken promises", "read_lag": "the events that the read side is behind",
	"read_lag_ms": "the milliseconds that the read side is behind", "predicted": "your prediction", "observed": "your observation",
}

// phrase names what an expression is about, in words; the expression itself
// where there are none for it.
func phrase(n ast.Node) string {
	if id, ok := n.(*ast.IdentifierNode); ok && nameWords[id.Value] != "" {
		return nameWords[id.Value]
	}
	if m, ok := n.(*ast.MemberNode); ok {
		field, isText := m.Property.(*ast.StringNode)
		name, args := calledWith(m.Node)
		if isText && len(args) > 0 {
			words := fieldWords[name][field.Value]
			switch {
			case words == "":
			case name == "order" || name == "saga":
				return words + " of order " + args[0]
			case name == "read":
				return words + " of order " + args[0] + " on the read side"
			case name == "topic":
				return words + " on " + args[0]
			default:
				return words + " of " + args[0]
			}
		}
	}
	if b, ok := n.(*ast.BuiltinNode); ok {
		if words := manyPhrase(b); words != "" {
			return words
		}
	}
	name, args := calledWith(n)
	switch {
	case name == "lag" && len(args) == 1:
		return "the lag of " + args[0]
	case name == "lag" && len(args) == 2:
		return "the lag of " + args[0] + " on " + args[1]
	case name == "committed" && len(args) == 3:
		return fmt.Sprintf("the committed offset of %s on %s, partition %s", args[0], args[1], args[2])
	case name == "events" && len(args) == 1:
		return args[0] + " events"
	case name == "events" && len(args) == 2:
		return args[0] + " events of order " + args[1]
	case name == "dead_letters" && len(args) > 0:
		return "the dead letters of " + strings.Join(args, ", by ")
	case name == "stock" && len(args) == 1:
		return "the pieces of " + args[0] + " in stock"
	case name == "members" && len(args) == 1:
		return "the members of " + args[0]
	case name == "invariant" && len(args) == 1:
		return "the promise " + args[0]
	}
	return n.String()
}

// calledWith reads a call whose arguments are written down.
func calledWith(n ast.Node) (name string, args []string) {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return "", nil
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return "", nil
	}
	for _, a := range call.Arguments {
		switch a := a.(type) {
		case *ast.StringNode:
			args = append(args, a.Value)
		case *ast.IntegerNode:
			args = append(args, strconv.Itoa(a.Value))
		default:
			return "", nil
		}
	}
	return callee.Value, args
}

// point names the entries that made a condition what it is, and the figure
// that shows it.
func (l *Lab) point(c *Condition, n ast.Node) {
	field := ""
	if m, ok := n.(*ast.MemberNode); ok {
		if p, ok := m.Property.(*ast.StringNode); ok {
			field, n = p.Value, m.Node
		}
	}
	name, args := calledWith(n)
	if len(args) == 0 {
		return
	}
	l.mu.Lock()
	order := ""
	handle := args[0]
	if name == "events" && len(args) == 2 {
		handle = args[1]
	}
	if o := l.board.find(handle); o != nil {
		order = o.ID
	}
	if name == "invariant" {
		if v := l.board.Invariants[args[0]]; v != nil {
			c.Evidence = slices.Clone(v.Evidence[:min(len(v.Evidence), evidenceMax)])
		}
	}
	l.mu.Unlock()

	var is func(e Entry) bool
	switch name {
	case "order":
		c.Order, c.Lens = order, "map"
		switch field {
		case "charges", "charged", "refunded", "net":
			is = func(e Entry) bool { return e.Order == order && e.Data != nil && e.Data.Money != nil }
		case "conflicts":
			is = func(e Entry) bool { return e.Order == order && e.Data != nil && e.Data.Stale != nil }
		case "notifications":
			is = func(e Entry) bool {
				return e.Order == order && e.Kind == KindProduced && e.EventType == "NotificationSent"
			}
		default:
			is = func(e Entry) bool {
				return e.Order == order && e.Kind == KindWritten && e.Data != nil && e.Data.Order != nil
			}
		}
		if order == "" {
			is = nil
		}
	case "saga":
		c.Order, c.Lens = order, "story"
		is = func(e Entry) bool { return e.Order == order && e.Kind == KindSaga }
	case "read":
		c.Order, c.Lens = order, "read"
		is = func(e Entry) bool { return e.Order == order && e.Kind == KindProjected }
	case "events":
		c.Order, c.Lens = order, "topics"
		is = func(e Entry) bool {
			return e.Kind == KindProduced && e.EventType == args[0] && !isDLQ(e.Topic) && (len(args) == 1 || e.Order == order)
		}
	case "topic":
		c.Lens = "topics"
		is = func(e Entry) bool { return e.Kind == KindProduced && e.Topic == args[0] }
	case "lag", "committed", "members":
		c.Lens = "topics"
		group := groupOf(args[0])
		is = func(e Entry) bool {
			return (e.Kind == KindCommitted || e.Kind == KindRebalanced) && e.Data != nil && e.Data.Group != nil && e.Data.Group.ID == group
		}
	case "dead_letters":
		c.Lens = "topics"
		is = func(e Entry) bool {
			return e.Kind == KindDeadLettered && strings.TrimSuffix(e.Topic, ".dlq") == args[0]
		}
	case "service":
		c.Lens = "map"
		service, err := ServiceName(args[0])
		if err != nil {
			return
		}
		is = func(e Entry) bool { return e.Service == service && serviceFact(field, e.Kind) }
	}
	if is != nil {
		c.Evidence = l.newest(is)
	}
}

// serviceFact tells whether entries of a kind change a property of a service.
func serviceFact(field string, k Kind) bool {
	switch field {
	case "handled":
		return k == KindHandled
	case "failed":
		return k == KindFailed
	case "retried":
		return k == KindRetrying
	case "skipped_duplicates":
		return k == KindSkipped
	case "dead_lettered":
		return k == KindDeadLettered
	}
	return k == KindCrashed || k == KindRestarted || k == KindMemberJoined || k == KindMemberLeft
}

// newest finds the newest entries of a sort, oldest first.
func (l *Lab) newest(is func(Entry) bool) (seqs []int64) {
	head := l.Head()
	entries, _ := l.Entries(max(1, head-evidenceBack), head, evidenceBack+1)
	for i := len(entries) - 1; i >= 0 && len(seqs) < evidenceMax; i-- {
		if is(entries[i]) {
			seqs = append(seqs, entries[i].Seq)
		}
	}
	slices.Reverse(seqs)
	return seqs
}

// Goal writes into the journal that a goal of a scenario is met. With hold the
// lab stands still from then on, until Release.
func (l *Lab) Goal(text string, hold bool) (seq int64) {
	seq = l.record(Entry{Kind: KindGoal, Text: text})
	if hold {
		l.acting.Lock()
		defer l.acting.Unlock()
		l.holdStill(seq)
	}
	return seq
}

// Release lets a lab go on that Goal held; cause is the seq of what it is let
// go for, 0 where nothing is.
func (l *Lab) Release(cause int64) {
	l.acting.Lock()
	defer l.acting.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hold; h != nil {
		l.release(h, "go", nil, cause)
	}
	l.letGo(cause)
}

// Mark writes a line into the journal that is about the lesson, not the lab.
func (l *Lab) Mark(text string) (seq int64) {
	return l.record(Entry{Kind: KindNote, Text: text})
}

// Until waits until an expression is true, at most for within: lab time, or
// wall time while the lab is frozen. False: it never was.
func (l *Lab) Until(ctx context.Context, expr string, within time.Duration) (bool, error) {
	e, err := CompileExpr(expr, true)
	if err != nil {
		return false, err
	}
	return l.until(ctx, e, within)
}
