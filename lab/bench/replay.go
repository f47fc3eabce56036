package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"eddy/lab"
	"eddy/lab/shop"
	"eddy/lab/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

// replayRound is events a second of a rebuild, and of the bare fold right after
// it.
type replayRound struct{ Replay, Fold float64 }

func runReplay(ctx context.Context, o Options, r *Report) error {
	rounds, err := ask[[]replayRound](ctx, o, "replay")
	if err != nil {
		return err
	}
	// A round whose ratio is the middle one: a machine that others use is not
	// as fast in one round as in the next, and its ratio hardly differs.
	slices.SortFunc(rounds, func(a, b replayRound) int { return cmp.Compare(a.Replay/a.Fold, b.Replay/b.Fold) })
	middle := rounds[len(rounds)/2]
	r.ReplayEventsPerSecond, r.FoldEventsPerSecondFloor = &middle.Replay, &middle.Fold
	return nil
}

// story is what happens to an order that ends well.
var story = []string{shop.OrderCreated, shop.PaymentCompleted, shop.StockReserved, shop.OrderCompleted, shop.NotificationSent}

// measureReplay fills a log and lets the lab rebuild its read model from it, and
// a bare client fetch and fold it, in turns.
func measureReplay(ctx context.Context, quick bool, _ time.Time) (any, error) {
	orders, rounds := 20_000, 9
	if quick {
		orders, rounds = 200, 1
	}
	l, err := openWithLog(ctx, orders)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	events := orders * len(story)
	var taken []replayRound
	for range rounds {
		var f replayRound
		began := time.Now()
		if _, err := do(ctx, l.Lab, `{"rebuild": {"projection": "orders"}}`); err != nil {
			return nil, err
		}
		f.Replay = round(float64(events) / time.Since(began).Seconds())
		if err := l.isWhole(ctx, orders); err != nil {
			return nil, err
		}
		if err := settled(ctx, l.Lab); err != nil {
			return nil, err
		}
		began = time.Now()
		rows, err := l.fold(ctx, events)
		if err != nil {
			return nil, err
		}
		f.Fold = round(float64(events) / time.Since(began).Seconds())
		if rows != orders {
			return nil, fmt.Errorf("the bare fold made %d rows of %d orders", rows, orders)
		}
		taken = append(taken, f)
	}
	return taken, nil
}

// withLog is a lab whose log is full and whose projector has nothing to do.
type withLog struct {
	*lab.Lab
}

// openWithLog opens a lab in which only the projector runs, and puts events on
// its topics that nobody has read.
func openWithLog(ctx context.Context, orders int) (_ withLog, err error) {
	l, err := open(ctx, lab.Options{})
	if err != nil {
		return withLog{}, err
	}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	names := []string{"order", "payment", "inventory", "notification", "projector"}
	for _, name := range names {
		if _, err := do(ctx, l, fmt.Sprintf(`{"scale": {"service": %q, "instances": 0}}`, name)); err != nil {
			return withLog{}, fmt.Errorf("stop %s: %w", name, err)
		}
	}
	if err := fill(ctx, l, orders); err != nil {
		return withLog{}, err
	}
	for _, name := range names {
		if _, err := do(ctx, l, fmt.Sprintf(`{"rewind": {"group": %q, "to": "latest"}}`, name)); err != nil {
			return withLog{}, fmt.Errorf("send %s to the end of the log: %w", name, err)
		}
	}
	if _, err := do(ctx, l, `{"scale": {"service": "projector", "instances": 1}}`); err != nil {
		return withLog{}, err
	}
	return withLog{l}, settled(ctx, l)
}

// fill produces the events of orders as the shop's own services write them.
func fill(ctx context.Context, l *lab.Lab, orders int) error {
	// An id that is not the lab's own, so that the lab sees what comes.
	client, err := kgo.NewClient(append(l.ClientOptions("bench"), kgo.RecordPartitioner(shop.Partitioner()))...)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	defer client.Close()
	failed := make(chan error, 1)
	began := time.Now()
	for i := range orders {
		data := shop.EventData{OrderID: shop.ID(fmt.Sprintf("order-%d", i)), UserID: shop.ID(fmt.Sprintf("user-%d", 1+i%20)),
			Items: []shop.Item{{SKU: "mouse", Name: "Mouse", Qty: 1, Price: 2500}}, TotalAmount: 2500}
		for n, event := range story {
			e := shop.Event{ID: fmt.Sprintf("%08x-6c2e-4f0a-9d53-%012x", i*2654435761%(1<<32), n), Type: event, Version: 1, At: began.Add(time.Duration(i) * time.Millisecond), Data: data}
			out, err := shop.Outgoing(e, "order")
			if err != nil {
				return err
			}
			client.Produce(ctx, shop.Record(out), func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
		}
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("produce %d orders: %w", orders, err)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("produce %d orders: %w", orders, err)
	default:
	}
	seen := fmt.Sprintf(`{"wait_until": {"expr": "topic(\"orders\").records + topic(\"payments\").records + topic(\"inventory\").records + topic(\"notifications\").records == %d", "within": "60s"}}`, orders*len(story))
	for range 5 { // as long as a slow machine needs
		if _, err = do(ctx, l, seen); err == nil {
			return nil
		}
	}
	return fmt.Errorf("wait for the lab to see the events: %w", err)
}

// isWhole looks whether the read model has every order.
func (l withLog) isWhole(ctx context.Context, orders int) error {
	found := 0
	for user := range 20 {
		a, err := l.QueryOrders(ctx, fmt.Sprintf("user-%d", user+1), 1, 1)
		if err != nil {
			return err
		}
		if found += a.Total; a.Orders[0].Status != shop.Completed {
			return fmt.Errorf("order %s is %s in the read model", a.Orders[0].OrderID, a.Orders[0].Status)
		}
	}
	if found != orders {
		return fmt.Errorf("the read model has %d of %d orders", found, orders)
	}
	return nil
}

// fold is the floor: a client without a group fetches the log from its start,
// and the projection is folded into a map.
func (l withLog) fold(ctx context.Context, events int) (rows int, err error) {
	client, err := kgo.NewClient(append(l.ClientOptions("eddy-bench"), kgo.ConsumeTopics("orders", "payments", "inventory", "notifications"))...)
	if err != nil {
		return 0, fmt.Errorf("make a client: %w", err)
	}
	defer client.Close()
	views := map[string]*store.View{}
	for n := 0; n < events; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return 0, fmt.Errorf("fetch: %w", err)
		}
		for rec := range fetches.RecordsAll() {
			e, err := shop.Decode(rec)
			if err != nil {
				return 0, err
			}
			id := string(e.Data.OrderID)
			if views[id] == nil {
				views[id] = &store.View{OrderID: id}
			}
			shop.Project(views[id], e, rec.Topic)
			n++
		}
	}
	return len(views), nil
}
