package lab

import (
	"context"
	"fmt"
	"time"
)

type freeze struct{}

func (a *freeze) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	seq := c.accept(l, "", "you froze the lab")
	if !l.holdStill(seq) {
		return Result{Seq: seq, Text: "it was frozen already"}, nil
	}
	return Result{Seq: seq}, nil
}

type thaw struct{}

func (a *thaw) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	seq := c.accept(l, "", "you let the lab go on")
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hold; h != nil {
		l.release(h, "go", nil, seq)
	}
	if !l.letGo(seq) {
		return Result{Seq: seq, Text: "it was not frozen"}, nil
	}
	return Result{Seq: seq}, nil
}

type speed struct {
	Factor float64 `json:"factor"`
}

func (a *speed) do(_ context.Context, l *Lab, c call) (Result, error) {
	if a.Factor < 0.1 || a.Factor > 4 {
		return Result{}, Errorf(Invalid, "the speed cannot be %g: it is 0.1 to 4", a.Factor)
	}
	l.acting.Lock()
	defer l.acting.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.clock.State()
	l.clock.set(state.Frozen, a.Factor)
	seq := l.recordLocked(Entry{Kind: KindAction, Text: fmt.Sprintf("you set the speed to %g", a.Factor),
		Data: &Data{Action: &ActionRecord{Name: c.action.Name, Args: a}, Clock: &ClockState{Frozen: state.Frozen, Speed: a.Factor}}})
	return Result{Seq: seq}, nil
}

type step struct {
	Events int `json:"events,omitempty"`
}

const (
	stepPatience = time.Second     // how long a step waits for a message to come
	stepLimit    = 5 * time.Second // how long it waits for a message to be through
)

// do takes one message after the other. While it waits, whether for a message
// or for its handler, other actions go on: one of them may be what it waits for.
func (a *step) do(ctx context.Context, l *Lab, c call) (Result, error) {
	n := max(a.Events, 1)
	if a.Events < 0 || n > 100 {
		return Result{}, Errorf(Invalid, "a step takes 1 to 100 events, not %d", a.Events)
	}
	select {
	case l.steps <- struct{}{}:
		defer func() { <-l.steps }()
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	case <-l.ctx.Done():
		return Result{}, errClosed
	}
	if !l.clock.State().Frozen {
		return Result{}, errNotFrozen
	}
	var seq int64
	for i := range n {
		t := l.awaitTicket(ctx)
		if t == nil {
			if i == 0 {
				return Result{}, l.nothingToStep()
			}
			return Result{Seq: seq, Text: fmt.Sprintf("%d handled, then nothing was waiting", i)}, nil
		}
		accept := func() int64 { return seq }
		if i == 0 {
			accept = func() int64 { return c.accept(l, "", "you took a step") }
		}
		accepted, err := l.admitOne(t, accept)
		if err != nil {
			if i == 0 {
				return Result{}, err
			}
			return Result{Seq: seq, Text: fmt.Sprintf("%d handled, then the lab went on", i)}, nil
		}
		seq = accepted
		through, err := l.awaitDone(ctx, t)
		if err != nil {
			return Result{}, err
		}
		if !through {
			return Result{Seq: seq, Text: fmt.Sprintf("%d handled; %s is still at work on the next", i, nameOf(t.seat))}, nil
		}
	}
	return Result{Seq: seq}, nil
}

var errNotFrozen = Errorf(Conflict, "the lab runs: freeze it first, then step")

// admitOne lets a message go on, unless the lab was let go on meanwhile. It
// returns what accept does, or seq 0 with an error.
func (l *Lab) admitOne(t *ticket, accept func() int64) (seq int64, err error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	switch {
	case l.ctx.Err() != nil:
		return 0, errClosed
	case !l.clock.State().Frozen:
		return 0, errNotFrozen
	}
	seq = accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.hold; h != nil && h.ticket == t {
		l.release(h, "go", nil, seq)
	}
	l.gate.take(t)
	return seq, nil
}

// awaitDone waits until a message is through; false: it takes too long.
func (l *Lab) awaitDone(ctx context.Context, t *ticket) (bool, error) {
	limit := time.NewTimer(stepLimit)
	defer limit.Stop()
	select {
	case <-t.done:
		return true, nil
	case <-limit.C:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-l.ctx.Done():
		return false, errClosed
	}
}

// nothingToStep says why there is no message to take.
func (l *Lab) nothingToStep() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retrying() {
		return Errorf(Conflict, "a message that failed waits for its next try, and lab time stands: let the lab go on for a moment")
	}
	return Errorf(Conflict, "nothing waits: no service has a message to handle")
}

// awaitTicket waits a moment for a message that can be stepped.
func (l *Lab) awaitTicket(ctx context.Context) *ticket {
	over := time.NewTimer(stepPatience)
	defer over.Stop()
	for {
		if t := l.gate.next(); t != nil {
			return t
		}
		select {
		case <-l.gate.arrived:
		case <-over.C:
			return nil
		case <-ctx.Done():
			return nil
		case <-l.ctx.Done():
			return nil
		}
	}
}

type wait struct {
	For *Duration `json:"for"`
}

func (a *wait) do(ctx context.Context, l *Lab, c call) (Result, error) {
	if a.For == nil {
		return Result{}, Errorf(Invalid, "wait needs a duration, such as 500ms")
	}
	seq := c.accept(l, "", "wait "+a.For.String())
	more := l.lapse(a.For.D())
	for more(ctx, nil, time.Hour) {
	}
	return Result{Seq: seq}, ctx.Err()
}

type waitUntil struct {
	Expr   string   `json:"expr" is:"condition"`
	Within Duration `json:"within,omitempty"`
}

func (a *waitUntil) do(ctx context.Context, l *Lab, c call) (Result, error) {
	e, err := CompileExpr(a.Expr, true)
	if err != nil {
		return Result{}, err
	}
	within := a.Within.D()
	if within == 0 {
		within = 10 * time.Second
	}
	ok, err := l.until(ctx, e, within)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		return Result{}, Errorf(Conflict, "not true within %s: %s", within, a.Expr)
	}
	return Result{Seq: l.Head()}, nil
}

type expect struct {
	Expr    string `json:"expr" is:"condition"`
	Because string `json:"because,omitempty"`
}

func (a *expect) do(ctx context.Context, l *Lab, c call) (Result, error) {
	e, err := CompileExpr(a.Expr, true)
	if err != nil {
		return Result{}, err
	}
	v, err := l.eval(ctx, e)
	if err != nil {
		return Result{}, err
	}
	if v != true {
		why := ""
		if a.Because != "" {
			why = ", because " + a.Because
		}
		return Result{}, Errorf(Conflict, "expected %s%s", a.Expr, why)
	}
	return Result{Seq: l.Head()}, nil
}

type note struct {
	Text string `json:"text"`
}

func (a *note) do(_ context.Context, l *Lab, c call) (Result, error) {
	if a.Text == "" || len(a.Text) > 2000 {
		return Result{}, Errorf(Invalid, "a note has 1 to 2000 characters")
	}
	seq := l.record(Entry{Kind: KindNote, Text: a.Text, Data: &Data{Action: &ActionRecord{Name: c.action.Name, Args: a}}})
	return Result{Seq: seq}, nil
}
