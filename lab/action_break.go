package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kgo"
)

const breaksMax = 20 // breakpoints of a lab

type breakOn struct {
	Event   string `json:"event,omitempty" is:"event"`
	Service string `json:"service,omitempty" is:"service"`
	Order   string `json:"order,omitempty" is:"order"`
	When    string `json:"when,omitempty" is:"condition of a message"`
}

func (a *breakOn) do(_ context.Context, l *Lab, c call) (Result, error) {
	b := &breakpoint{Breakpoint: Breakpoint{Event: a.Event, Order: a.Order, When: a.When}}
	if a.Service != "" {
		service, _, err := l.chosen(a.Service, 0)
		if err != nil {
			return Result{}, err
		}
		b.Service = service
	}
	if err := l.canStopAt(b.Service, a.Event); err != nil {
		return Result{}, err
	}
	if a.When != "" {
		when, err := compileExpr(a.When, true, true)
		if err != nil {
			return Result{}, err
		}
		if when.needsSettled {
			return Result{}, Errorf(Invalid, "a breakpoint cannot ask whether the lab is settled: a message is in hand then")
		}
		b.when = when
	}
	b.Text = b.words()
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.breaks, func(o *breakpoint) bool { return o.like(b.Breakpoint) }) {
		return Result{}, Errorf(Conflict, "there is a breakpoint for %s already", b.Text)
	}
	if len(l.breaks) >= breaksMax {
		return Result{}, Errorf(Conflict, "a lab has at most %d breakpoints: take one away first", breaksMax)
	}
	b.ID = l.journal.head() + 1
	l.breaks = append(l.breaks, b)
	return Result{Seq: l.breaksEntry(c, "you set a breakpoint: stop before "+b.Text), Text: "the lab stops before " + b.Text}, nil
}

// canStopAt refuses a breakpoint that could never stop anything.
func (l *Lab) canStopAt(service, event string) error {
	switch {
	case event == "":
		return nil
	case event == shop.PlaceOrder:
		return Errorf(Invalid, "PlaceOrder is a call and no message: a breakpoint stops before a message, such as OrderCreated")
	case service != "":
		return l.reactsTo(service, event)
	case !shop.Known(event):
		return Errorf(Invalid, "there is no event type %q: the types are %s", event, strings.Join(eventTypes(), ", "))
	}
	return nil
}

// breaksEntry writes an action that changed the breakpoints. The caller holds
// Lab.mu.
func (l *Lab) breaksEntry(c call, text string) int64 {
	l.breaking.Store(len(l.breaks) > 0)
	list := make([]Breakpoint, len(l.breaks))
	for i, b := range l.breaks {
		list[i] = b.Breakpoint
	}
	return l.recordLocked(Entry{Kind: KindAction, Text: text,
		Data: &Data{Breakpoints: &list, Action: &ActionRecord{Name: c.action.Name, Args: c.action.Args}}})
}

// words says what a breakpoint waits for.
func (b Breakpoint) words() string {
	it := b.Event
	if it == "" {
		it = "any message"
	}
	if b.Order != "" {
		it += " of order " + b.Order
	}
	if b.Service != "" {
		it += " at " + b.Service
	}
	if b.When != "" {
		it += " when " + b.When
	}
	return it
}

// like tells whether two breakpoints wait for the same.
func (b Breakpoint) like(o Breakpoint) bool {
	return b.Event == o.Event && b.Service == o.Service && b.Order == o.Order && b.When == o.When
}

type unbreak struct {
	Event   string `json:"event,omitempty" is:"event"`
	Service string `json:"service,omitempty" is:"service"`
	Order   string `json:"order,omitempty" is:"order"`
	When    string `json:"when,omitempty"`
	ID      int64  `json:"id,omitempty"`
}

// do takes away every breakpoint that has what is given; nothing given: all.
func (a *unbreak) do(_ context.Context, l *Lab, c call) (Result, error) {
	service := a.Service
	if service != "" {
		var err error
		if service, err = ServiceName(service); err != nil {
			return Result{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var gone, left, all []string
	var kept []*breakpoint
	for _, b := range l.breaks {
		all = append(all, b.Text)
		if (a.ID == 0 || a.ID == b.ID) && (a.Event == "" || a.Event == b.Event) && (service == "" || service == b.Service) &&
			(a.Order == "" || a.Order == b.Order) && (a.When == "" || a.When == b.When) {
			gone = append(gone, b.Text)
		} else {
			kept, left = append(kept, b), append(left, b.Text)
		}
	}
	switch {
	case len(all) == 0:
		return Result{}, Errorf(Conflict, "there is no breakpoint: set one with break_on")
	case len(gone) == 0:
		return Result{}, Errorf(NotFound, "there is no such breakpoint: there are %s", strings.Join(left, "; "))
	}
	l.breaks = kept
	return Result{Seq: l.breaksEntry(c, "you took a breakpoint away: "+strings.Join(gone, "; "))}, nil
}

type held struct {
	Do    string   `json:"do" is:"go|change|drop|duplicate"`
	Value *payload `json:"value,omitempty"`
}

var errNothingHeld = Errorf(Conflict, "no message is held: set a breakpoint with break_on, and wait until it stops the lab")

// do decides about the held message. The lab goes on with it, unless somebody
// froze it as well: then this one message is handled, as by a step.
func (a *held) do(ctx context.Context, l *Lab, c call) (Result, error) {
	if err := oneOf(a, "do", a.Do); err != nil {
		return Result{}, err
	}
	var fate error
	switch {
	case a.Do == "change" && a.Value == nil:
		return Result{}, Errorf(Invalid, "change needs a value: the whole message as the service shall see it")
	case a.Do != "change" && a.Value != nil:
		return Result{}, Errorf(Invalid, "a value goes with change, not with %s", a.Do)
	case a.Do == "change" && len(*a.Value) > recordMax:
		return Result{}, Errorf(Invalid, "the value has %d bytes: at most %d", len(*a.Value), recordMax)
	case a.Do == "change":
		fate = &shop.Instead{Value: []byte(*a.Value)}
	case a.Do == "drop":
		fate = shop.ErrDrop
	}
	select {
	case l.steps <- struct{}{}:
		defer func() { <-l.steps }()
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	case <-l.ctx.Done():
		return Result{}, errClosed
	}
	l.mu.Lock()
	h := l.hold
	if h == nil {
		l.mu.Unlock()
		return Result{}, errNothingHeld
	}
	verb := map[string]string{"go": "let %s go on", "change": "changed %s in the hand of its reader", "drop": "dropped %s", "duplicate": "doubled %s"}[a.Do]
	seq := l.recordLocked(Entry{Kind: KindAction, Order: h.moment.Order, Text: "you " + fmt.Sprintf(verb, what(h.moment)),
		Data: &Data{Action: &ActionRecord{Name: c.action.Name, Args: c.action.Args}}})
	l.mu.Unlock()

	if a.Do == "duplicate" {
		rec := h.moment.Record
		again := &kgo.Record{Topic: rec.Topic, Key: rec.Key, Value: rec.Value, Headers: rec.Headers}
		if err := l.produce(shop.ToPartition(ctx, rec.Partition), again, seq); err != nil {
			return l.handed(Result{Seq: seq}, err)
		}
	}
	l.mu.Lock()
	if l.hold != h {
		l.mu.Unlock()
		return Result{Seq: seq, Text: "it was taken away meanwhile, and comes again"}, nil
	}
	l.release(h, a.Do, fate, seq)
	if h.stay {
		l.gate.take(h.ticket)
	} else {
		l.letGo(seq)
	}
	l.mu.Unlock()
	if h.stay || a.Do == "drop" { // it has no effect before it is through
		if _, err := l.awaitDone(ctx, h.ticket); err != nil {
			return Result{}, err
		}
	}
	return Result{Seq: seq, OrderID: h.moment.Order}, nil
}
