package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of an expression.
const (
	exprLength = 2000
	exprNodes  = 200
	exprMemory = 100_000
	exprKept   = 256       // compiled programs a lab keeps
	exprPairs  = 4_000_000 // orders that are looked at for each of the others: a lab stands still meanwhile
)

// exprDisabled are the functions of the language that build large values: with
// `reduce` a short text can grow a string until memory is gone. What reads the
// clock is among them too, because a board has a time of its own.
// expr.DisableBuiltin would leave those that take a predicate, so namesSeen
// refuses them all.
var exprDisabled = []string{
	"reduce", "repeat", "map", "groupBy", "sortBy", "concat", "flatten", "split", "splitAfter", "join", "replace", "toJSON", "fromJSON",
	"toBase64", "fromBase64", "mean", "median", "reverse", "uniq", "toPairs", "fromPairs", "now", "date", "timezone",
}

// ExprService is what service("payment") has in an expression.
type ExprService struct {
	State             string `expr:"state" json:"state"`
	Instances         int    `expr:"instances" json:"instances"`
	Handled           int    `expr:"handled" json:"handled"`
	Failed            int    `expr:"failed" json:"failed"`
	Retried           int    `expr:"retried" json:"retried"`
	SkippedDuplicates int    `expr:"skipped_duplicates" json:"skipped_duplicates"`
	DeadLettered      int    `expr:"dead_lettered" json:"dead_lettered"`
	Crashes           int    `expr:"crashes" json:"crashes"`
}

// ExprOrder is what order("A") has in an expression.
type ExprOrder struct {
	ID            string `expr:"id" json:"id"`
	Handle        string `expr:"handle" json:"handle"`
	User          string `expr:"user" json:"user"`
	Status        string `expr:"status" json:"status"`
	Total         int    `expr:"total" json:"total"`
	Charges       int    `expr:"charges" json:"charges"`
	Charged       int    `expr:"charged" json:"charged"`
	Refunded      int    `expr:"refunded" json:"refunded"`
	Net           int    `expr:"net" json:"net"`
	Notifications int    `expr:"notifications" json:"notifications"`
	Version       int    `expr:"version" json:"version"`
	Conflicts     int    `expr:"conflicts" json:"conflicts"`
	Saga          string `expr:"saga" json:"saga"`
	Source        string `expr:"source" json:"source"`
}

// ExprTopic is what topic("orders") has in an expression.
type ExprTopic struct {
	Records    int             `expr:"records" json:"records"`
	Partitions []ExprPartition `expr:"partitions" json:"partitions"`
}

// ExprPartition is one partition of an ExprTopic.
type ExprPartition struct {
	End    int `expr:"end" json:"end"`
	Start  int `expr:"start" json:"start"`
	Leader int `expr:"leader" json:"leader"`
}

// ExprRead is what read("A") has in an expression.
type ExprRead struct {
	Status   string `expr:"status" json:"status"`
	Version  int    `expr:"version" json:"version"`
	UserName string `expr:"user_name" json:"user_name"`
}

// ExprSaga is what saga("A") has in an expression.
type ExprSaga struct {
	State string `expr:"state" json:"state"`
	Step  string `expr:"step" json:"step"`
}

// ExprMessage is what message has in the condition of a breakpoint.
type ExprMessage struct {
	EventType string            `expr:"event_type" json:"event_type"`
	Key       string            `expr:"key" json:"key"`
	Order     string            `expr:"order" json:"order"` // order id
	Service   string            `expr:"service" json:"service"`
	Topic     string            `expr:"topic" json:"topic"`
	Partition int               `expr:"partition" json:"partition"`
	Offset    int               `expr:"offset" json:"offset"`
	Data      map[string]any    `expr:"data" json:"data"`
	Headers   map[string]string `expr:"headers" json:"headers"`
}

// exprEnv is the world of an expression.
type exprEnv struct {
	Order       func(string) (ExprOrder, error)                       `expr:"order"`
	Orders      []ExprOrder                                           `expr:"orders"`
	Service     func(string) (ExprService, error)                     `expr:"service"`
	Lag         func(group string, topic ...string) (int, error)      `expr:"lag"`
	Committed   func(group, topic string, partition int) (int, error) `expr:"committed"`
	Topic       func(string) (ExprTopic, error)                       `expr:"topic"`
	Events      func(eventType string, order ...string) (int, error)  `expr:"events"`
	DeadLetters func(topic string, group ...string) (int, error)      `expr:"dead_letters"`
	Read        func(string) (ExprRead, error)                        `expr:"read"`
	Saga        func(string) (ExprSaga, error)                        `expr:"saga"`
	ReadLag     int                                                   `expr:"read_lag"`
	ReadLagMS   int                                                   `expr:"read_lag_ms"`
	Stock       func(string) (int, error)                             `expr:"stock"`
	Members     func(string) (int, error)                             `expr:"members"`
	Invariant   func(string) (string, error)                          `expr:"invariant"`
	Broken      []string                                              `expr:"broken"`
	Settled     bool                                                  `expr:"settled"`
	Predicted   int                                                   `expr:"predicted"`
	Observed    int                                                   `expr:"observed"`
	Message     ExprMessage                                           `expr:"message"` // for a breakpoint only
}

// Expr is a checked expression.
type Expr struct {
	program      *vm.Program
	needsSettled bool
	needsOrders  bool
	nested       int // searches within a search
}

// CompileExpr checks an expression. With goal it must be true or false. The
// error says where it is wrong and what names there are.
func CompileExpr(text string, goal bool) (*Expr, error) { return compileExpr(text, goal, false) }

// compileExpr is CompileExpr; with message, the expression may be about one.
func compileExpr(text string, goal, message bool) (*Expr, error) {
	if len(text) > exprLength {
		return nil, Errorf(Invalid, "the expression has %d characters: at most %d", len(text), exprLength)
	}
	names := &namesSeen{message: message}
	options := []expr.Option{expr.Env(exprEnv{}), expr.MaxNodes(exprNodes), expr.Patch(names)}
	if goal {
		options = append(options, expr.AsBool())
	}
	program, err := expr.Compile(text, options...)
	if names.refused != "" {
		return nil, Errorf(Invalid, "the expression is wrong at %s: %s", position(text, names.at), names.refused)
	}
	if err != nil {
		return nil, exprError(text, err)
	}
	return &Expr{program: program, needsSettled: names.settled, needsOrders: names.orders, nested: names.nested}, nil
}

var exprNames = []string{
	"order(id)", "orders", "service(name)", "lag(group)", "lag(group, topic)", "committed(group, topic, partition)", "topic(name)",
	"events(type)", "events(type, order)", "dead_letters(topic)", "dead_letters(topic, group)", "read(order)", "saga(order)", "read_lag", "read_lag_ms",
	"stock(sku)", "members(group)", "invariant(id)", "broken", "settled", "predicted", "observed",
}

func exprError(text string, err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		// The one complaint without a place is about the whole: its type.
		start := position(text, len(text)-len(strings.TrimLeft(text, " \t\r\n")))
		if _, got, ok := strings.Cut(err.Error(), "expected bool, but got "); ok {
			return Errorf(Invalid, "the expression is wrong at %s: it must be true or false, and it is %s", start, got)
		}
		return Errorf(Invalid, "the expression is wrong at %s: %v", start, err)
	}
	message := fmt.Sprintf("the expression is wrong at line %d, column %d: %s", at.Line, at.Column+1, at.Message)
	if strings.Contains(at.Message, "unknown name") {
		message += "; valid are " + strings.Join(exprNames, ", ")
	}
	// The checker speaks of Go types: "type lab.ExprOrder has no field bar".
	for _, of := range []any{ExprService{}, ExprOrder{}, ExprTopic{}, ExprPartition{}, ExprRead{}, ExprSaga{}, ExprMessage{}} {
		if before, field, ok := strings.Cut(message, fmt.Sprintf("type %T has no field ", of)); ok {
			message = fmt.Sprintf("%sthere is no %q here; valid are %s", before, field, strings.Join(fieldNames(of), ", "))
		}
	}
	return Errorf(Invalid, "%s", message)
}

// programs keeps compiled expressions. Guarded by Lab.mu.
type programs map[programKey]*Expr

type programKey struct {
	text string
	goal bool
}

// Eval evaluates an expression over the board.
func (l *Lab) Eval(ctx context.Context, text string) (any, error) {
	l.heed.pay()
	e, err := l.compiled(text, false)
	if err != nil {
		return nil, err
	}
	return l.eval(ctx, e)
}

// compiled is CompileExpr for an expression that is likely to come again.
func (l *Lab) compiled(text string, goal bool) (*Expr, error) {
	key := programKey{text, goal}
	l.mu.Lock()
	e := l.expr[key]
	l.mu.Unlock()
	if e != nil {
		return e, nil
	}
	e, err := CompileExpr(text, goal)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expr == nil || len(l.expr) >= exprKept {
		l.expr = programs{}
	}
	l.expr[key] = e
	return e, nil
}

func (l *Lab) eval(ctx context.Context, e *Expr) (any, error) {
	settled := e.needsSettled && l.settle(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.value(l.answered(ctx, settled, e.needsOrders))
}

// answered is env with the learner's answers that ctx brings.
func (l *Lab) answered(ctx context.Context, settled, orders bool) exprEnv {
	env := l.env(settled, orders)
	if a, ok := ctx.Value(answersKey{}).(Answers); ok {
		env.Predicted, env.Observed = a.Predicted, a.Observed
	}
	return env
}

// value is run with an error that is for a learner.
func (e *Expr) value(env exprEnv) (any, error) {
	value, err := e.run(env)
	var own *Error
	switch {
	case errors.As(err, &own):
		return nil, own
	case err != nil:
		return nil, Errorf(Invalid, "the expression could not be evaluated: %v", err)
	}
	return value, nil
}

// run evaluates an expression, unless that would take long.
func (e *Expr) run(env exprEnv) (any, error) {
	if n := len(env.Orders); e.nested*n*n > exprPairs {
		return nil, Errorf(Conflict, "the expression looks through the orders once for each of them: with %d orders that takes too long, so search them once only", n)
	}
	machine := vm.VM{MemoryBudget: exprMemory}
	return machine.Run(e.program, env)
}

// env reads the board. Its functions are called while Lab.mu is held.
func (l *Lab) env(settled, orders bool) exprEnv {
	b := l.board
	env := exprEnv{
		ReadLag: int(b.ReadModel.Lag), ReadLagMS: int(l.readLagMS()), Settled: settled, Predicted: -1, Observed: -1,
		Order: func(id string) (ExprOrder, error) { return exprOrder(b.find(id)), nil },
		Service: func(name string) (ExprService, error) {
			name, err := ServiceName(name)
			if err != nil {
				return ExprService{}, err
			}
			s := b.Services[name]
			return ExprService{s.State, s.Instances, s.Handled, s.Failed, s.Retried, s.SkippedDuplicates, s.DeadLettered, s.Crashes}, nil
		},
		Lag: b.lagOf,
		Committed: func(group, topic string, partition int) (int, error) {
			if err := b.knows(topic); err != nil {
				return 0, err
			}
			if g := b.Groups[groupOf(group)]; g != nil && g.Offsets[topic][int32(partition)] != nil {
				return int(g.Offsets[topic][int32(partition)].Committed), nil
			}
			return -1, nil
		},
		Topic: b.exprTopic,
		Events: func(eventType string, order ...string) (int, error) {
			if len(order) == 0 {
				return b.events[eventType], nil
			}
			if o := b.find(order[0]); o != nil {
				return b.perOrder[o.ID][eventType], nil
			}
			return b.perOrder[order[0]][eventType], nil
		},
		DeadLetters: func(topic string, group ...string) (n int, err error) {
			topic = strings.TrimSuffix(topic, ".dlq")
			if err := b.knows(topic); err != nil {
				return 0, err
			}
			for _, letter := range b.DeadLetters {
				if letter.State == "waiting" && letter.Topic == topic+".dlq" && (len(group) == 0 || letter.Group == groupOf(group[0])) {
					n++
				}
			}
			return n, nil
		},
		Read: func(id string) (ExprRead, error) {
			if o := b.find(id); o != nil {
				id = o.ID
			}
			if row := b.ReadModel.Orders[id]; row != nil {
				return ExprRead{row.Status, row.Version, row.UserName}, nil
			}
			return ExprRead{}, nil
		},
		Saga: func(id string) (ExprSaga, error) {
			if o := b.find(id); o != nil {
				id = o.ID
			}
			if s := b.Sagas[id]; s != nil {
				return ExprSaga{s.State, s.Step}, nil
			}
			return ExprSaga{}, nil
		},
		Stock: func(sku string) (int, error) {
			n, ok := b.Stock[sku]
			if !ok {
				return 0, Errorf(Invalid, "there is no product %q: the shop sells %s", sku, strings.Join(slices.Sorted(maps.Keys(b.Stock)), ", "))
			}
			return n, nil
		},
		Members: func(group string) (int, error) {
			if g := b.Groups[groupOf(group)]; g != nil {
				return len(g.Members), nil
			}
			return 0, nil
		},
		Invariant: func(id string) (string, error) {
			if v := b.Invariants[id]; v != nil {
				return v.State, nil
			}
			return "", Errorf(Invalid, "there is no invariant %q: there are %s", id, strings.Join(invariantIDs, ", "))
		},
		Broken: []string{},
	}
	for _, id := range invariantIDs {
		if b.Invariants[id].State == "broken" {
			env.Broken = append(env.Broken, id)
		}
	}
	if orders {
		for _, id := range b.arrival {
			if o := b.Orders[id]; o != nil {
				env.Orders = append(env.Orders, exprOrder(o))
			}
		}
	}
	return env
}

// readLagMS is the age of the oldest event that the read model has not seen.
func (l *Lab) readLagMS() int64 {
	if l.board.ReadModel.Lag == 0 {
		return 0
	}
	return l.board.ReadModel.LagMS + l.clock.Elapsed().Milliseconds() - l.board.LabTime
}

func groupOf(name string) string {
	if id := GroupID(name); id != "" {
		return id
	}
	return name
}

// find looks an order up by its handle or its id.
func (b *Board) find(id string) *Order {
	if known, ok := b.byHandle[id]; ok {
		id = known
	}
	return b.Orders[id]
}

func exprOrder(o *Order) ExprOrder {
	if o == nil {
		return ExprOrder{}
	}
	return ExprOrder{
		ID: o.ID, Handle: o.Handle, User: o.User, Status: o.Status, Total: int(o.Total), Charges: o.Charges, Charged: int(o.Charged),
		Refunded: int(o.Refunded), Net: int(o.Net), Notifications: o.Notifications, Version: o.Version, Conflicts: o.Conflicts, Saga: o.Saga, Source: o.Source,
	}
}

func (b *Board) knows(topic string) error {
	if b.Topics[topic] == nil {
		return Errorf(Invalid, "there is no topic %q: the topics are %s", topic, strings.Join(TopicNames(), ", "))
	}
	return nil
}

func (b *Board) lagOf(group string, topics ...string) (int, error) {
	g := b.Groups[groupOf(group)]
	if len(topics) > 0 {
		if err := b.knows(topics[0]); err != nil {
			return 0, err
		}
	}
	if g == nil {
		return 0, nil
	}
	var lag int64
	for topic, parts := range g.Offsets {
		if len(topics) > 0 && topic != topics[0] {
			continue
		}
		for _, o := range parts {
			lag += o.Lag
		}
	}
	return int(lag), nil
}

func (b *Board) exprTopic(name string) (ExprTopic, error) {
	if err := b.knows(name); err != nil {
		return ExprTopic{}, err
	}
	var t ExprTopic
	for _, p := range b.Topics[name].Partitions {
		t.Records += int(p.End)
		t.Partitions = append(t.Partitions, ExprPartition{End: int(p.End), Start: int(p.Start), Leader: int(p.Leader)})
	}
	return t, nil
}

// until waits for an expression to become true, at most for within: lab time,
// or wall time while the lab is frozen.
func (l *Lab) until(ctx context.Context, e *Expr, within time.Duration) (bool, error) {
	deadline := l.lapse(within)
	last, poll := int64(-1), pollExpr
	for {
		head := l.Head()
		if head != last {
			last, poll = head, pollExpr
		}
		v, err := l.eval(ctx, e)
		if err != nil {
			return false, err
		}
		if v == true {
			return true, nil
		}
		if l.Head() != head {
			continue
		}
		wait := poll
		poll = min(2*poll, settleSlow)
		if !e.needsSettled {
			wait = time.Hour // nothing but an entry can change it
		}
		if !deadline(ctx, l.grown(head), wait) {
			return false, ctx.Err()
		}
	}
}

// pollExpr is how soon `settled` is asked for again while nothing happens, at
// first: the last outbox row goes without an entry.
const pollExpr = 10 * time.Millisecond

// lapse starts to count a time that runs on lab time, or on wall time while
// the lab is frozen. The func it returns waits for woken or for at most step,
// and is false when the time is over or ctx ended.
func (l *Lab) lapse(within time.Duration) func(ctx context.Context, woken <-chan struct{}, step time.Duration) bool {
	left := within
	return func(ctx context.Context, woken <-chan struct{}, step time.Duration) bool {
		state := l.clock.State()
		speed := state.Speed
		if state.Frozen {
			speed = 1
		}
		if left <= 0 {
			return false
		}
		step = min(step, time.Duration(float64(left)/speed), 250*time.Millisecond)
		began := time.Now()
		timer := time.NewTimer(step)
		defer timer.Stop()
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
			return false
		case <-l.ctx.Done():
			return false
		}
		left -= time.Duration(float64(time.Since(began)) * speed)
		return true
	}
}
