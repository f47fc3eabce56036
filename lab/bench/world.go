package bench

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"eddy/lab"
	"eddy/lab/shop"
)

// open opens a lab at work 0 with a full stock.
func open(ctx context.Context, o lab.Options) (*lab.Lab, error) {
	return openAs(ctx, "choreography", o)
}

// openAs is open with a style of saga.
func openAs(ctx context.Context, saga string, o lab.Options) (*lab.Lab, error) {
	s := lab.DefaultSettings()
	s.Saga = saga
	for name, svc := range s.Services {
		svc.Work = 0
		s.Services[name] = svc
	}
	for sku := range s.Stock {
		s.Stock[sku] = 1_000_000 // the most there may be
	}
	o.Orders = math.MaxInt32
	l, err := lab.Open(ctx, s, o)
	if err != nil {
		return nil, fmt.Errorf("open a lab: %w", err)
	}
	return l, nil
}

// do carries out an action that is written as in a scenario.
func do(ctx context.Context, l *lab.Lab, action string) (lab.Result, error) {
	a, err := lab.DecodeAction([]byte(action))
	if err != nil {
		return lab.Result{}, err
	}
	return l.Do(ctx, a)
}

// place places an order of one mouse and returns its id.
func place(ctx context.Context, l *lab.Lab, user int) (string, error) {
	r, err := do(ctx, l, fmt.Sprintf(`{"place_order": {"user": "user-%d", "items": [{"sku": "mouse", "qty": 1}]}}`, 1+user%20))
	if err != nil {
		return "", err
	}
	if r.Answer != shop.Accepted {
		return "", fmt.Errorf("the shop did not take an order: %s %s", r.Answer, r.Text)
	}
	return r.OrderID, nil
}

// settled waits until nothing is under way in the lab.
func settled(ctx context.Context, l *lab.Lab) error {
	if _, err := do(ctx, l, `{"wait_until": {"expr": "settled", "within": "60s"}}`); err != nil {
		return fmt.Errorf("wait for the lab to settle: %w", err)
	}
	return nil
}

// isCompleted tells of an entry whether it made its order COMPLETED.
func isCompleted(e lab.Entry) bool {
	return e.Kind == lab.KindWritten && e.Data != nil && e.Data.Order != nil && e.Data.Order.Status == shop.Completed
}

// isVisible tells of an entry whether it made its order visible in the read
// model.
func isVisible(e lab.Entry) bool {
	return e.Kind == lab.KindProjected && e.EventType == shop.OrderCreated
}

// watcher reads a lab's journal as a browser does, and tells who waits for an
// order when its moment has come.
type watcher struct {
	moment func(lab.Entry) bool

	mu      sync.Mutex
	waiting map[string]chan lab.Entry // by order
	early   map[string]lab.Entry      // came before anybody asked
}

// watch reads until ctx ends.
func watch(ctx context.Context, l *lab.Lab, moment func(lab.Entry) bool) *watcher {
	w := &watcher{moment: moment, waiting: map[string]chan lab.Entry{}, early: map[string]lab.Entry{}}
	head := l.Head()
	go func() {
		for l.Wait(ctx, head) == nil {
			entries, _ := l.Entries(head+1, math.MaxInt64, 1000)
			for _, e := range entries {
				head = e.Seq
				if moment(e) {
					w.tell(e)
				}
			}
		}
	}()
	return w
}

func (w *watcher) tell(e lab.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.waiting[e.Order]
	if c == nil {
		w.early[e.Order] = e
		return
	}
	delete(w.waiting, e.Order)
	c <- e
}

// await returns the entry of an order's moment. Each order is asked for once.
func (w *watcher) await(ctx context.Context, order string) (lab.Entry, error) {
	w.mu.Lock()
	if e, ok := w.early[order]; ok {
		delete(w.early, order)
		w.mu.Unlock()
		return e, nil
	}
	c := make(chan lab.Entry, 1)
	w.waiting[order] = c
	w.mu.Unlock()
	select {
	case e := <-c:
		return e, nil
	case <-ctx.Done():
		return lab.Entry{}, fmt.Errorf("wait for %s: %w", order, context.Cause(ctx))
	case <-time.After(30 * time.Second):
		return lab.Entry{}, fmt.Errorf("%s did not come through in 30 s", order)
	}
}
