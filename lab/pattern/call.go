package pattern

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Caller asks another service over HTTP and waits for its answer.
//
// Problem: a service needs another one to do something now. The other may be
// slow, dead, or do it and fail to say so.
//
// Guarantee: Call returns within Timeout, with the answer, with the other's
// refusal (*Refusal), or with ErrTimeout. The idempotency key lets the other
// side recognise a call that comes again, and give the same answer.
//
// Cost: while it waits, the caller can do nothing else: its slot, its
// connection and its own caller wait with it. It is at most as available as
// whoever it calls.
//
// Not covered: what became of a call that timed out. It may have been done, may
// be done yet, or never: nobody knows. And trying again: with a key that is
// safe, but what is slow gets slower.
type Caller struct {
	Client  *http.Client
	Timeout time.Duration                                 // 0: no limit but ctx
	After   func(d time.Duration, f func()) (stop func()) // nil: time.AfterFunc
}

// ErrTimeout says that no answer came in time. It does not say that nothing was
// done.
var ErrTimeout = errors.New("no answer in time")

// Refusal is an answer that says no: the call was not done.
type Refusal struct {
	Status int    // of HTTP
	Reason string // the body, as text
}

func (r *Refusal) Error() string { return r.Reason }

// answerMax bounds an answer that is read, in bytes.
const answerMax = 1 << 20

// Call posts request as JSON and reads the answer into answer.
func (c Caller) Call(ctx context.Context, url, key string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("write the request to %s: %w", url, err)
	}
	ctx, over := c.within(ctx)
	defer over()
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request to %s: %w", url, err)
	}
	post.Header.Set("Content-Type", "application/json")
	if key != "" {
		post.Header.Set("Idempotency-Key", key)
	}
	response, err := c.Client.Do(post)
	if err != nil {
		return c.because(ctx, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		return c.because(ctx, err)
	}
	if response.StatusCode >= 400 {
		return &Refusal{response.StatusCode, string(bytes.TrimSpace(raw))}
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	return nil
}

// within ends ctx with ErrTimeout when the time is over.
func (c Caller) within(ctx context.Context) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	if c.Timeout <= 0 {
		return ctx, func() { end(nil) }
	}
	after := c.After
	if after == nil {
		after = func(d time.Duration, f func()) func() {
			timer := time.AfterFunc(d, f)
			return func() { timer.Stop() }
		}
	}
	stop := after(c.Timeout, func() { end(ErrTimeout) })
	return ctx, func() { stop(); end(nil) }
}

// because tells a caller that gave up from a connection that broke.
func (c Caller) because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Part is one call of several that belong together, and the call that takes it
// back. Either may be nil.
type Part struct {
	Do   func(context.Context) error
	Undo func(context.Context) error
}

// InTurn makes calls one after the other. Where one fails, those that were
// answered before it are undone, the newest first.
//
// Problem: calls to several services share no transaction. When the third
// fails, the first two have happened.
//
// Guarantee: after an error every earlier part was undone, or its Undo failed
// and the error says so.
//
// Cost: an opposite for everything that a part can do, and others see what is
// undone later.
//
// Not covered: the part that failed. One that timed out may have been done all
// the same, and nobody takes it back. Nor a crash of the caller: what it was in
// the middle of is written nowhere.
func InTurn(ctx context.Context, parts ...Part) error {
	for i, part := range parts {
		if part.Do == nil {
			continue
		}
		err := part.Do(ctx)
		for done := i - 1; err != nil && done >= 0; done-- {
			if undo := parts[done].Undo; undo != nil {
				if failed := undo(ctx); failed != nil {
					err = &notUndone{err, failed}
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notUndone is an error after which something is left behind.
type notUndone struct{ because, left error }

func (e *notUndone) Error() string   { return fmt.Sprintf("%v; and not undone: %v", e.because, e.left) }
func (e *notUndone) Unwrap() []error { return []error{e.because, e.left} }
