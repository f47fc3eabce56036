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
// what is. All of it is about one moment of the lab.
func (l *Lab) Judge(ctx context.Context, goal string) (Judgement, error) {
	l.heed.pay()
	whole, err := l.compiled(goal, true)
	if err != nil {
		return Judgement{Seq: l.Head()}, err
	}
	tree, err := parser.Parse(goal)
	if err != nil {
		return Judgement{Seq: l.Head()}, fmt.Errorf("parse a goal that compiles: %w", err)
	}
	parts := conjuncts(tree.Node)
	st, met, err := l.stance(ctx, whole, parts)
	j := Judgement{Seq: st.seq, Met: met}
	if err != nil {
		return j, err
	}
	for _, part := range parts {
		j.Parts = append(j.Parts, st.condition(part))
	}
	return j, nil
}

// conjuncts are the parts of `a && b && c`.
func conjuncts(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && isAnd(b) {
		return append(conjuncts(b.Left), conjuncts(b.Right)...)
	}
	return []ast.Node{n}
}

// stance is how a lab stood towards a goal at one moment.
type stance struct {
	seq      int64
	values   map[string]any     // of expressions; what cannot be worked out is not there
	orders   map[string]string  // the ids of the orders that there are, by what the goal calls them
	promises map[string][]int64 // the evidence of verdicts
	log      *reading
}

// stance tells also whether the goal is met. What its parts need, all of it needs.
func (l *Lab) stance(ctx context.Context, whole *Expr, parts []ast.Node) (stance, bool, error) {
	programs := map[string]*Expr{}
	for _, part := range parts {
		for _, text := range askedFor(part) {
			if e, err := l.compiled(text, false); err == nil {
				programs[text] = e
			}
		}
	}
	settled := whole.needsSettled && l.settle(ctx)

	l.mu.Lock()
	defer l.mu.Unlock()
	st := stance{l.journal.head(), map[string]any{}, map[string]string{}, map[string][]int64{}, l.journal.reading()}
	env := l.answered(ctx, settled, whole.needsOrders)
	met, err := whole.value(env)
	if err != nil {
		return st, false, err
	}
	for text, e := range programs {
		if v, err := e.value(env); err == nil {
			st.values[text] = v
		}
	}
	for _, part := range parts {
		_, _, args := about(subjectOf(part))
		for _, name := range args {
			if o := l.board.find(name); o != nil {
				st.orders[name] = o.ID
			}
			if v := l.board.Invariants[name]; v != nil {
				seqs := slices.Sorted(slices.Values(v.Evidence))
				st.promises[name] = seqs[max(0, len(seqs)-evidenceMax):]
			}
		}
	}
	return st, met == true, nil
}

// askedFor are the expressions whose values tell how a part of a goal stands.
func askedFor(n ast.Node) []string {
	texts := []string{n.String()}
	switch n := n.(type) {
	case *ast.BinaryNode:
		texts = append(texts, n.Left.String(), n.Right.String())
	case *ast.UnaryNode:
		texts = append(texts, n.Node.String())
	case *ast.BuiltinNode:
		if len(n.Arguments) == 2 {
			texts = append(texts, countOf(n), lenOf(n))
		}
	}
	return texts
}

// subjectOf is the side of a part of a goal that the goal is about.
func subjectOf(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if _, ok := comparisons[n.Operator]; ok {
			return n.Left
		}
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return n.Node
		}
	}
	return n
}

func (s stance) condition(n ast.Node) Condition {
	if c, ok := s.many(n); ok {
		return c
	}
	subject := subjectOf(n)
	now := s.values[subject.String()]
	c := Condition{What: phrase(subject), Goal: "yes", Now: shown(now), Met: s.values[n.String()] == true}
	switch b := n.(type) {
	case *ast.BinaryNode:
		if word, ok := comparisons[b.Operator]; ok {
			want := s.values[b.Right.String()]
			c.Goal, c.Off = strings.TrimSpace(word+" "+shown(want)), difference(b.Operator, now, want)
		}
	case *ast.UnaryNode:
		if subject != n {
			c.Goal = "no"
		}
	}
	s.point(&c, subject)
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

// about reads what a part of a goal is about: a call, and the field of it.
func about(n ast.Node) (name, field string, args []string) {
	if m, ok := n.(*ast.MemberNode); ok {
		if p, ok := m.Property.(*ast.StringNode); ok {
			field, n = p.Value, m.Node
		}
	}
	name, args = calledWith(n)
	return name, field, args
}

// point names the entries that made a condition what it is, and the figure
// that shows it.
func (s stance) point(c *Condition, n ast.Node) {
	name, field, args := about(n)
	if len(args) == 0 {
		return
	}
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	var is func(e Entry) bool
	var order *string // that it is about
	switch name {
	case "order":
		order, c.Lens = &args[0], "map"
		is = func(e Entry) bool { return e.Kind == KindWritten && e.Data != nil && e.Data.Order != nil }
		switch field {
		case "charges", "charged", "refunded", "net":
			is = func(e Entry) bool { return e.Data != nil && e.Data.Money != nil }
		case "conflicts":
			is = func(e Entry) bool { return e.Data != nil && e.Data.Stale != nil }
		case "notifications":
			is = func(e Entry) bool { return e.Kind == KindProduced && e.EventType == "NotificationSent" }
		}
	case "saga":
		order, c.Lens = &args[0], "story"
		is = func(e Entry) bool { return e.Kind == KindSaga }
	case "read":
		order, c.Lens = &args[0], "read"
		is = func(e Entry) bool { return e.Kind == KindProjected }
	case "events":
		c.Lens = "topics"
		if len(args) == 2 {
			order = &args[1]
		}
		is = func(e Entry) bool { return e.Kind == KindProduced && e.EventType == arg(0) && !isDLQ(e.Topic) }
	case "topic":
		c.Lens = "topics"
		is = func(e Entry) bool { return e.Kind == KindProduced && e.Topic == arg(0) }
	case "lag", "committed":
		c.Lens = "topics"
		is = func(e Entry) bool {
			return e.Kind == KindCommitted && ofGroup(e, arg(0)) && (arg(1) == "" || e.Topic == arg(1)) &&
				(arg(2) == "" || strconv.Itoa(int(e.Partition)) == arg(2))
		}
	case "members":
		c.Lens = "topics"
		is = func(e Entry) bool { return e.Kind == KindRebalanced && ofGroup(e, arg(0)) }
	case "dead_letters":
		c.Lens = "topics"
		topic := strings.TrimSuffix(arg(0), ".dlq")
		is = func(e Entry) bool {
			return e.Kind == KindDeadLettered && strings.TrimSuffix(e.Topic, ".dlq") == topic && (arg(1) == "" || groupOf(e.Service) == groupOf(arg(1)))
		}
	case "service":
		c.Lens = "map"
		service, err := ServiceName(arg(0))
		if err != nil {
			return
		}
		is = func(e Entry) bool { return e.Service == service && serviceFact(field, e.Kind) }
	case "invariant":
		c.Evidence = s.promises[arg(0)]
	}
	switch {
	case is == nil:
	case order == nil:
		c.Evidence = s.newest(is)
	case s.orders[*order] != "": // else nothing made it what it is
		c.Order = s.orders[*order]
		c.Evidence = s.newest(func(e Entry) bool { return e.Order == c.Order && is(e) })
	}
}

func ofGroup(e Entry, name string) bool {
	return e.Data != nil && e.Data.Group != nil && e.Data.Group.ID == groupOf(name)
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
func (s stance) newest(is func(Entry) bool) (seqs []int64) {
	for seq := s.seq; seq >= s.seq-evidenceBack && len(seqs) < evidenceMax; seq-- {
		if e, kept := s.log.at(seq); kept && is(e) {
			seqs = append(seqs, seq)
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
