package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"eddy/lab/shop"
)

type amendOrder struct {
	Order     string `json:"order" is:"order"`
	Address   string `json:"address,omitempty"`
	IfVersion int    `json:"if_version,omitempty"`
}

// addressMax is the longest address, in characters.
const addressMax = 120

func (a *amendOrder) do(ctx context.Context, l *Lab, c call) (Result, error) {
	id, name, err := l.named(a.Order)
	if err != nil {
		return Result{}, err
	}
	switch n := utf8.RuneCountInString(a.Address); {
	case strings.TrimSpace(a.Address) == "":
		return Result{}, Errorf(Invalid, `amend_order needs the new address, like {"order": %q, "address": "2 Quay Street"}`, a.Order)
	case n > addressMax:
		return Result{}, Errorf(Invalid, "the address has %d characters: at most %d", n, addressMax)
	case a.IfVersion < 0:
		return Result{}, Errorf(Invalid, "if_version cannot be %d: versions begin at 1, and 0 stands for any", a.IfVersion)
	}
	if err := l.mayAmend(id); err != nil {
		return Result{}, err
	}
	l.calls.Add(1)
	defer l.calls.Add(-1)
	var seq int64
	answer, reason, err := l.orders.Amend(ctx, id, a.Address, a.IfVersion, func() context.Context {
		seq = c.accept(l, id, fmt.Sprintf("you corrected the address of order %s to %s", name, a.Address))
		return withCause(ctx, seq)
	})
	if err != nil {
		return Result{}, refusedCommand(a.Order, id, err)
	}
	if answer == shop.Accepted {
		l.amended.Add(1)
	}
	return Result{Seq: seq, Order: name, OrderID: id, Answer: answer, Text: reason}, nil
}

// streamMost is the length that a correction may bring a stream to.
const streamMost = 500

// mayAmend keeps what a lab holds bounded: nothing of a stream is ever deleted.
func (l *Lab) mayAmend(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.board.Orders[id]; o != nil && o.Version >= streamMost {
		return Errorf(TooMany, "order %s has %d events: a stream of this lab takes corrections up to there", l.board.name(id), o.Version)
	}
	if n := l.amended.Load(); n >= int64(l.options.Orders) {
		return Errorf(TooMany, "a lab takes %d corrections in its life and this one has taken them: start a new lab", n)
	}
	return nil
}

// named finds an order of the board by its handle or id.
func (l *Lab) named(order string) (id, name string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.board.find(order)
	if o == nil {
		return "", "", Errorf(NotFound, "there is no order %q: name one by its handle or its id", order)
	}
	return o.ID, l.board.name(o.ID), nil
}

// StaleAppend is an append to an order's stream that was refused, because the
// stream had moved on since its writer looked.
type StaleAppend struct {
	Seq     int64  `json:"seq"` // of the entry that tells of it
	At      int64  `json:"at"`  // lab time, ms
	Command string `json:"command"`
	Seen    int    `json:"seen"`  // the version that the writer had seen
	Found   int    `json:"found"` // the version that the stream was at
	Text    string `json:"text"`  // the refusal, one sentence
}

// refusedMax bounds what a board keeps of an order's refused appends.
const refusedMax = 8

func (b *Board) applyStale(e Entry, s StaleAppend) {
	o := b.Orders[e.Order]
	if o == nil {
		return
	}
	s.Seq, s.At, s.Text = e.Seq, e.At, e.Text
	o.Conflicts++
	o.Refused = append(slices.Clone(o.Refused[max(0, len(o.Refused)-refusedMax+1):]), s)
	b.touch("orders", o.ID)
}

// staleError refuses a command that came too late.
type staleError struct {
	refusal *Error
	order   string // id
	stale   shop.Stale
}

func (e *staleError) Error() string { return e.refusal.Message }
func (e *staleError) Unwrap() error { return e.refusal }

// refusedCommand words what the order service has against a command.
func refusedCommand(order, id string, err error) error {
	var stale *shop.Stale
	switch {
	case errors.As(err, &stale):
		return &staleError{Errorf(Conflict, "order %s %v: somebody else appended first, so nothing is written; read it again and decide again", order, stale), id, *stale}
	case errors.Is(err, shop.ErrConflict):
		return Errorf(Conflict, "order %s %s", order, strings.TrimPrefix(err.Error(), shop.ErrConflict.Error()+": "))
	case errors.Is(err, shop.ErrNoOrder):
		return Errorf(NotFound, "the order service does not know order %s", order)
	}
	return err
}

// refusedEntry tells of an action that changed nothing.
func refusedEntry(a Action, err error, text string) Entry {
	e := Entry{Kind: KindRefused, Text: text, Data: &Data{Action: &ActionRecord{Name: a.Name, Args: a.Args}}}
	var late *staleError
	if errors.As(err, &late) {
		e.Order, e.Data.Stale = late.order, &StaleAppend{Command: a.Name, Seen: late.stale.Seen, Found: late.stale.Found}
	}
	return e
}
