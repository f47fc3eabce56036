package fleet

import (
	"context"
	"encoding/json"
	"time"

	"eddy/lab"
	"eddy/lab/code"
)

// World is a lab as the fleet hands it out; *lab.Lab is one. Only the fleet
// calls Close.
type World interface {
	Do(ctx context.Context, a lab.Action) (lab.Result, error)
	Head() int64
	Wait(ctx context.Context, seq int64) error
	Snapshot() (json.RawMessage, int64)
	BoardAt(seq int64) (json.RawMessage, error)
	SeqAt(ms int64) int64
	Outline() lab.Outline
	File() (*lab.RunFile, error)
	Since(seq int64) (patch json.RawMessage, head int64, ok bool)
	Entries(from, to int64, limit int) (entries []lab.Entry, first int64)
	Recording(seq int64) (lab.Recording, error)
	Eval(ctx context.Context, expr string) (any, error)
	Judge(ctx context.Context, goal string) (lab.Judgement, error)
	Until(ctx context.Context, expr string, within time.Duration) (bool, error)
	Goal(text string, hold bool) int64
	Release(cause int64)
	Mark(text string) int64
	Why(q lab.Question) (lab.Answer, error)
	CheckSchema(event string, text []byte) (lab.SchemaCheck, error)
	Running(look *code.Look) ([]lab.Standing, error)
	Story(order string, at int64) (lab.Story, error)
	QueryOrder(ctx context.Context, q lab.OrderQuery) (lab.OrderAnswer, error)
	QueryOrders(ctx context.Context, user string, page, size int) (lab.OrdersAnswer, error)
	Stream(order string, at int64) (lab.Stream, error)
	LoadStream(ctx context.Context, order string) (lab.StreamLoad, error)
	Tamper(ctx context.Context, order string, version int) (lab.Tampering, error)
	Ask(ctx context.Context, question string) (lab.StoreAnswer, error)
	Addrs() []string
	Close()
}

// OpenFunc makes a lab. Its context ends with the fleet, not with the call.
type OpenFunc func(ctx context.Context, s lab.Settings, o lab.Options) (World, error)

// OpenLab is the OpenFunc of real labs.
func OpenLab(ctx context.Context, s lab.Settings, o lab.Options) (World, error) {
	l, err := lab.Open(ctx, s, o)
	if err != nil {
		return nil, err // not l: a nil *lab.Lab in a World is not nil
	}
	return l, nil
}
