package beyond

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kgo"
)

var transactions = Experiment{
	Name: "transactions", Title: "Kafka transactions", Switch: "one transaction for the records and the offset", File: "transaction.go",
	Ask:     "A worker reads 6 orders and writes an invoice for each. It dies after 3 invoices, before its offset is saved. Another one goes on. How many invoices does the reader see?",
	Explain: "With the transaction the invoices of the dead worker never count, so each order has one. The calls to the tax office were made all the same: Kafka takes its own records back, and nothing else.",
	run:     runTransactions,
}

const (
	orders  = 6
	dieAt   = 3 // invoices that the first worker writes
	session = time.Second
)

var errDead = errors.New("the worker is dead")

func runTransactions(ctx context.Context, b *bench, on bool) error {
	var in []*kgo.Record
	for i := range orders {
		in = append(in, &kgo.Record{Key: []byte("user-1"), Value: fmt.Appendf(nil, "order %d", i+1)})
	}
	if err := b.topic(ctx, "orders", 1, nil, in...); err != nil {
		return err
	}
	if err := b.topic(ctx, "invoices", 1, nil); err != nil {
		return err
	}
	var calls atomic.Int64 // to the tax office, which is no part of Kafka
	work := worker{b: b, calls: &calls, on: on}
	b.step("worker 1 reads %d orders", orders)
	if err := work.run(ctx, "worker-1", dieAt); !errors.Is(err, errDead) {
		return fmt.Errorf("worker 1 was to die: %w", err)
	}
	b.step("worker 1 wrote %d invoices and died before its offset was saved", dieAt)
	if err := work.run(ctx, "worker-2", 0); err != nil {
		return fmt.Errorf("worker 2: %w", err)
	}
	b.step("worker 2 found no saved offset, so it began at the first order, and did all %d", orders)
	seen, err := b.count(ctx, "reader-committed", "invoices", kgo.ReadCommitted())
	if err != nil {
		return err
	}
	stored, err := b.count(ctx, "reader-all", "invoices", kgo.ReadUncommitted())
	if err != nil {
		return err
	}
	b.fact("orders", orders, false)
	b.fact("invoices that a reader of committed records sees", seen, seen != orders)
	b.fact("invoices on the log, those that never count among them", stored, false)
	b.fact("calls to the tax office", int(calls.Load()), int(calls.Load()) != orders)
	if on {
		b.result.Because = fmt.Sprintf("%d invoices count, because those of worker 1 belong to a transaction that was never committed; the %d calls that it made are made", seen, dieAt)
	} else {
		b.result.Because = fmt.Sprintf("%d invoices count for %d orders, because worker 1 had written %d before its offset was saved, and worker 2 wrote them again", seen, orders, dieAt)
	}
	return nil
}

// worker writes an invoice for each order, in a transaction or without.
type worker struct {
	b     *bench
	calls *atomic.Int64
	on    bool
}

// run works until every order has been done, or dies after so many invoices.
func (w worker) run(ctx context.Context, name string, die int) error {
	link, options := w.b.options(name,
		kgo.ConsumerGroup("invoices"), kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(session), kgo.HeartbeatInterval(session/4), kgo.RebalanceTimeout(session))
	written := 0
	process := func(rec *kgo.Record) (*kgo.Record, error) {
		if die > 0 && written == die {
			link.Cut()
			return nil, errDead
		}
		w.calls.Add(1)
		written++
		return &kgo.Record{Topic: "invoices", Key: rec.Key, Value: append([]byte("invoice for "), rec.Value...)}, nil
	}
	if w.on {
		return w.transact(ctx, options, process, link.Cut, die > 0)
	}
	return w.plain(ctx, options, process, die > 0)
}

func (w worker) transact(ctx context.Context, options []kgo.Opt, process func(*kgo.Record) (*kgo.Record, error), cut func(), dies bool) error {
	s, err := kgo.NewGroupTransactSession(append(options, kgo.TransactionalID("invoices"), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets())...)
	if err != nil {
		return fmt.Errorf("make the session: %w", err)
	}
	defer func() {
		if dies {
			silence(s.Client())
		}
		s.Close()
	}()
	t := pattern.Transform{Session: s, Process: process}
	for done := 0; done < orders; {
		attempt, cancel := context.WithCancel(ctx)
		t.Process = func(rec *kgo.Record) (*kgo.Record, error) {
			out, err := process(rec)
			if err != nil {
				cancel() // the dead do not wait for the broker
			}
			return out, err
		}
		n, err := t.Next(attempt)
		cancel()
		if err != nil {
			return err
		}
		done += n
	}
	return nil
}

// plain is the same without: write, then save the offset.
func (w worker) plain(ctx context.Context, options []kgo.Opt, process func(*kgo.Record) (*kgo.Record, error), dies bool) error {
	c, err := kgo.NewClient(append(options, kgo.DisableAutoCommit())...)
	if err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	defer func() {
		if dies {
			silence(c)
		}
		c.Close()
	}()
	for done := 0; done < orders; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		for _, rec := range fetches.Records() {
			out, err := process(rec)
			if err != nil {
				return err
			}
			if err := c.ProduceSync(ctx, out).FirstErr(); err != nil {
				return fmt.Errorf("write an invoice: %w", err)
			}
			done++
		}
		if err := c.CommitRecords(ctx, fetches.Records()...); err != nil {
			return fmt.Errorf("save the offset: %w", err)
		}
	}
	return nil
}
