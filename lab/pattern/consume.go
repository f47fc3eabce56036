package pattern

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Consumer is one member of a consumer group: it polls, hands each record to
// Handle, one at a time, and commits what was done.
//
// Problem: a consumer can crash between doing the work and saying so to the
// group. Whatever it says first decides what a crash costs.
//
// Guarantee: with CommitAfter every record is handled at least once, with
// CommitBefore at most once. Records of a partition are handled in offset
// order. A record that fails waits for its next try with its own partition
// only; the others go on. A rebalance never waits for a handler.
//
// Cost: with CommitAfter a crash, or a rebalance during a handler, brings
// records again: see Inbox. With CommitBefore a crash loses the one in hand.
//
// Not covered: exactly once. It takes a Kafka transaction, or an inbox.
//
// Set the fields, give Options to kgo.NewClient, set Client, call Run once. The
// caller closes the client, after Run has returned. While Run runs, Trace may
// change CommitEvery, CommitWithin, Retry, Retries and Letter at Delivered, and nobody else.
type Consumer struct {
	Client *kgo.Client

	// Handle does the work for one record. nil: done. ErrPassed: not meant for
	// this service. A Permanent error: a dead letter at once. Any other error:
	// another try. Its context ends when Run is broken off, not by Stop.
	Handle func(context.Context, *kgo.Record) error

	Commit       CommitMode
	CommitEvery  int           // CommitAfter: records between two commits; below 1: 1
	CommitWithin time.Duration // CommitAfter: how long what is done may wait for more, below CommitEvery; 0: until no more is there
	AutoInterval time.Duration // CommitAuto: time between two commits; 0: 5 s

	Retry   Backoff // the wait after a failed try
	Retries int     // tries after the first
	// Letter writes the dead letter of a record that failed for good. Only when
	// it returns nil, the record is done. nil: no letters; a record that fails
	// is tried for ever and blocks its partition.
	Letter func(ctx context.Context, rec *kgo.Record, attempts int, cause error) error
	// After calls f once d is over, unless it is stopped; nil: time.AfterFunc.
	After func(d time.Duration, f func()) (stop func())

	// Trace hears each step. For Delivered it may block: that holds the record
	// before it is handled. Its context ends when the record is not ours any
	// more, or Stop is called. Other steps must not block; Committed and Dropped
	// may come from another goroutine. An error breaks Run off at that very
	// place, without a commit: that is what a crash looks like. nil: nobody
	// listens.
	Trace func(context.Context, Step) error
	// Ready is false while Trace would block at Delivered. What is handled is
	// committed first then. nil: always ready.
	Ready func() bool

	// OnAssigned and OnRevoked hear of the partitions that come and go, lost
	// ones included. OnAssigned hears of every assignment: a member that gets
	// nothing, or nothing new, hears of no partitions. They must not block. nil:
	// nobody listens.
	OnAssigned, OnRevoked func(map[string][]int32)
	// OnResumed hears that a partition is fetched again that was not, because too
	// many of its records were waiting. A fetch that the client has under way does
	// not ask for it. It must not block. nil: nobody listens.
	OnResumed func()
	// OnGroupError hears why the group refused this member, which tries again
	// and hears it again. It must not block. nil: nobody listens.
	OnGroupError func(error)

	once       sync.Once
	wake       chan struct{} // holds a token when the worker should look again
	stop       chan struct{} // closed by Stop
	committing chan struct{} // holds a token while a commit is under way

	mu      sync.Mutex // guards what follows, and the queues
	queues  map[place]*queue
	arrived int                     // records that were polled
	inHand  *queue                  // the worker has the first record of this one
	letGo   context.CancelCauseFunc // ends the wait at Delivered; nil: there is none
	abort   context.CancelCauseFunc // breaks Run off

	since int       // records done since the last commit; the worker's alone
	due   time.Time // when they are committed at the latest, if nothing else waits
}

// CommitMode says when an offset is committed.
type CommitMode int

const (
	CommitAfter  CommitMode = iota // after the record was handled: at least once
	CommitBefore                   // before it is handled: at most once
	CommitAuto                     // what was polled, now and then, handled or not
)

// Stage is what happened to a record.
type Stage int

// The stages of one try: Delivered, Handling, then Handled, Passed or Failed.
// Failed is followed by Retrying, or by DeadLettered after the last try.
const (
	Delivered    Stage = iota // in hand, about to be handled; Trace may hold it here
	Handling                  // Handle is called next; with CommitBefore the offset is committed
	Handled                   // Handle returned nil; with CommitAfter the offset is not committed yet
	Passed                    // Handle returned ErrPassed
	Failed                    // Handle returned Err
	Retrying                  // the partition waits for Next; Err says why
	DeadLettered              // the letter is written
	Committed                 // Record and all before it in its partition are committed, as Offset
	Dropped                   // given back unhandled: the partition was revoked, or Run stopped
)

func (s Stage) String() string {
	return [...]string{"delivered", "handling", "handled", "passed", "failed", "retrying",
		"dead_lettered", "committed", "dropped"}[s]
}

// Step is one step in the life of a record.
type Step struct {
	Stage   Stage
	Record  *kgo.Record   // Committed: the partition's newest record below Offset, nil if it is not known
	Attempt int           // of this record, from 1
	Of      int           // the most tries there will be; 0: no end; Retrying with Of = Attempt: only the letter is missing
	Err     error         // Failed, Retrying, DeadLettered
	Next    time.Duration // Retrying

	Topic     string
	Partition int32
	Offset    int64 // of the record; Committed: the next offset to be handled
}

// ErrPassed is returned by Handle for a record that this service has no need of.
var ErrPassed = errors.New("passed over")

var (
	errStopped = errors.New("the consumer was stopped")
	errRevoked = errors.New("the partition was revoked")
)

// Run consumes until it is stopped or broken off. After Stop it returns nil.
// When ctx ends it returns the cause, when Trace fails its error, and when the
// client is closed kgo.ErrClientClosed; nothing more is committed then.
func (c *Consumer) Run(ctx context.Context) error {
	c.init()
	ctx, abort := context.WithCancelCause(ctx)
	c.mu.Lock()
	c.abort = abort
	c.mu.Unlock()

	var background sync.WaitGroup
	background.Go(func() { c.poll(ctx) })
	if c.Commit == CommitAuto {
		background.Go(func() { c.autoCommit(ctx) })
	}
	err := c.work(ctx)
	c.end()
	abort(err)
	background.Wait()
	return err
}

// Stop asks Run to finish the record in hand, commit and return. A record that
// is held at Delivered is given back. Stop does not wait.
func (c *Consumer) Stop() {
	c.init()
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.stop:
		return
	default:
	}
	close(c.stop)
	if c.letGo != nil {
		c.letGo(errStopped)
	}
}

func (c *Consumer) init() {
	c.once.Do(func() {
		c.wake = make(chan struct{}, 1)
		c.stop = make(chan struct{})
		c.committing = make(chan struct{}, 1)
		c.queues = map[place]*queue{}
	})
}

// To pass over a record again is cheap, so it is not worth a commit of its own:
// it waits for a record that was handled, or for one of these.
const (
	passedEvery = 100
	passedFor   = 20 * time.Millisecond
)

// work handles one record after the other.
func (c *Consumer) work(ctx context.Context) error {
	late := false // it is time to commit
	for {
		q, rec := c.next()
		if q == nil && (late || c.since > 0 && !time.Now().Before(c.due)) || c.stopped() || c.Ready != nil && !c.Ready() {
			if err := c.commitDone(ctx); err != nil {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case c.stopped():
			return nil
		case q == nil:
			late = c.wait(ctx)
		default:
			late = false
			if err := c.try(ctx, q, rec); err != nil {
				return err
			}
		}
	}
}

// try takes a record one step further: to its end, or to its next try.
func (c *Consumer) try(ctx context.Context, q *queue, rec *kgo.Record) error {
	if q.cause != nil { // its tries are used up, only the letter is missing
		return c.giveUp(ctx, q, rec)
	}
	ours, err := c.deliver(ctx, q, rec)
	if err != nil || !ours {
		return err
	}
	if err := c.trace(ctx, c.step(Handling, q, rec)); err != nil {
		return err
	}
	err = c.Handle(ctx, rec)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch {
	case err == nil:
		return c.finish(ctx, q, rec, Handled)
	case errors.Is(err, ErrPassed):
		return c.finish(ctx, q, rec, Passed)
	}

	failed := c.step(Failed, q, rec)
	failed.Err = err
	if err := c.trace(ctx, failed); err != nil {
		return err
	}
	last := c.Letter != nil && (IsPermanent(err) || q.failed == c.Retries)
	switch {
	case !c.failed(q, err, last): // the next owner tries it anew
		return c.trace(ctx, c.step(Dropped, q, rec))
	case last:
		return c.giveUp(ctx, q, rec)
	default:
		return c.park(ctx, q, rec, err)
	}
}

// deliver holds the record for as long as Trace wants, and with CommitBefore
// commits it. False: it is not ours to handle.
func (c *Consumer) deliver(ctx context.Context, q *queue, rec *kgo.Record) (bool, error) {
	held, letGo := context.WithCancelCause(ctx)
	defer letGo(nil)
	if !c.take(q, letGo) {
		return false, c.trace(ctx, c.step(Dropped, q, rec))
	}
	err := c.trace(held, c.step(Delivered, q, rec))
	ours := c.keep(q)
	if err != nil && held.Err() != nil && ctx.Err() == nil &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(held))) {
		ours, err = false, nil
	}
	if err != nil {
		return false, err
	}
	if ours && c.Commit == CommitBefore && q.failed == 0 {
		if ours, err = c.commitFirst(ctx, q, rec); err != nil {
			return false, err
		}
	}
	if !ours {
		return false, c.trace(ctx, c.step(Dropped, q, rec))
	}
	return true, nil
}

// giveUp writes the dead letter. If that fails, it is tried again later: the
// record is not done before its letter is.
func (c *Consumer) giveUp(ctx context.Context, q *queue, rec *kgo.Record) error {
	err := c.Letter(ctx, rec, q.failed, q.cause)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return c.park(ctx, q, rec, err)
	}
	return c.finish(ctx, q, rec, DeadLettered)
}

// finish takes the record off its queue and commits, if it is time.
func (c *Consumer) finish(ctx context.Context, q *queue, rec *kgo.Record, as Stage) error {
	if err := c.trace(ctx, c.step(as, q, rec)); err != nil {
		return err
	}
	c.done(q, rec)
	every, within := c.CommitEvery, c.CommitWithin
	if as == Passed {
		every, within = max(every, passedEvery), max(within, passedFor)
	}
	if by := time.Now().Add(within); c.since == 0 || by.Before(c.due) {
		c.due = by
	}
	if c.since++; c.since < every {
		return nil
	}
	return c.commitDone(ctx)
}

// park lets the partition wait until it is time for the next try.
func (c *Consumer) park(ctx context.Context, q *queue, rec *kgo.Record, because error) error {
	s := c.step(Retrying, q, rec)
	s.Attempt, s.Err, s.Next = q.failed, because, c.Retry.Delay(q.failed)
	if q.cause != nil {
		s.Of = q.failed // the tries are over: what is tried again is the letter
	}
	if err := c.trace(ctx, s); err != nil {
		return err
	}
	c.sleep(q, s.Next)
	return nil
}

// wait returns when there may be something to do. True: it is time to commit
// what is done, or what the last commit failed to.
func (c *Consumer) wait(ctx context.Context) (commit bool) {
	var again <-chan time.Time
	switch {
	case c.since > 0:
		again = time.After(time.Until(c.due))
	case c.behind(): // the last commit failed
		again = time.After(commitAgain)
	}
	select {
	case <-c.wake:
	case <-again:
		return true
	case <-c.stop:
	case <-ctx.Done():
	}
	return false
}

func (c *Consumer) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

func (c *Consumer) trace(ctx context.Context, s Step) error {
	if c.Trace == nil {
		return nil
	}
	return c.Trace(ctx, s)
}

func (c *Consumer) step(stage Stage, q *queue, rec *kgo.Record) Step {
	s := Step{Stage: stage, Record: rec, Attempt: q.failed + 1, Topic: q.topic, Partition: q.partition, Offset: rec.Offset}
	if stage == DeadLettered {
		s.Attempt, s.Err = q.failed, q.cause
	}
	if stage != Dropped && c.Letter != nil { // a drop may come from another goroutine
		s.Of = c.Retries + 1
	}
	return s
}
