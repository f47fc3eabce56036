package shop

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/store"
)

// Question is a projection that nobody planned when the events were written: it
// is asked of all of them, from the first one on.
type Question struct {
	ID      string
	Ask     string // in words
	Columns []string
	begin   func() projection
}

// projection folds all streams, in the order of the store.
type projection interface {
	// see takes an event, and its order before and after it.
	see(e pattern.Event, before, after pattern.Order)
	rows() [][]string
}

// Questions are those that can be asked.
var Questions = []Question{
	{"cancellations", "Why were orders cancelled, and what did that cost?", []string{"reason", "orders", "sold no more", "had paid"}, func() projection { return cancellations{} }},
	{"revenue", "Which product earned what?", []string{"product", "pieces", "revenue"}, func() projection { return revenue{} }},
	{"payment", "How long did orders wait for their payment?", []string{"method", "orders", "shortest", "median", "longest"}, func() projection {
		return &waiting{created: map[string]time.Time{}, waits: map[string][]time.Duration{}}
	}},
	{"corrections", "Which addresses were corrected after the money had come?", []string{"order", "corrections", "first address", "last address"}, func() projection { return &corrections{of: map[string][]string{}} }},
}

// Answer is what came of a question. Took is wall time.
type Answer struct {
	Rows    [][]string
	Events  int // that were read
	Streams int
	Oldest  time.Time // when the first of them was written
	Took    time.Duration
}

// askPage bounds what is read at once: the shop's own transactions go in between.
const askPage = 1000

// Ask reads every event of the store and answers.
func Ask(ctx context.Context, w *store.Write, q Question) (Answer, error) {
	began := time.Now()
	var a Answer
	p, orders := q.begin(), map[string]pattern.Order{}
	for after := int64(0); ; {
		events, err := pattern.LoadAll(ctx, w.DB, after, askPage)
		if err != nil {
			return a, fmt.Errorf("ask %s: %w", q.ID, err)
		}
		for _, e := range events {
			before := orders[e.AggregateID]
			now, err := before.After([]pattern.Event{e})
			if err != nil {
				return a, fmt.Errorf("ask %s: %w", q.ID, err)
			}
			p.see(e, before, now)
			orders[e.AggregateID] = now
			if a.Events == 0 {
				a.Oldest = e.At
			}
			a.Events, after = a.Events+1, e.Seq
		}
		if len(events) < askPage {
			break
		}
	}
	a.Rows, a.Streams, a.Took = p.rows(), len(orders), time.Since(began)
	return a, nil
}

type cancelled struct {
	orders     int
	lost, paid int64
}

type cancellations map[string]cancelled

func (c cancellations) see(e pattern.Event, before, after pattern.Order) {
	if e.Type != OrderCancelled {
		return
	}
	sum := c[after.Reason]
	sum.orders, sum.lost, sum.paid = sum.orders+1, sum.lost+after.Total, sum.paid+before.Charged
	c[after.Reason] = sum
}

func (c cancellations) rows() [][]string {
	return table(c, func(a, b cancelled) int { return cmp.Compare(b.orders, a.orders) }, func(reason string, sum cancelled) []string {
		return []string{reason, strconv.Itoa(sum.orders), Money(sum.lost), Money(sum.paid)}
	})
}

type sold struct {
	pieces int
	money  int64
}

type revenue map[string]sold

func (r revenue) see(e pattern.Event, _, after pattern.Order) {
	if e.Type != OrderCompleted {
		return
	}
	for _, it := range after.Items {
		r[it.SKU] = sold{r[it.SKU].pieces + it.Qty, r[it.SKU].money + int64(it.Qty)*it.Price}
	}
}

func (r revenue) rows() [][]string {
	return table(r, func(a, b sold) int { return cmp.Compare(b.money, a.money) }, func(sku string, s sold) []string {
		return []string{sku, strconv.Itoa(s.pieces), Money(s.money)}
	})
}

type waiting struct {
	created map[string]time.Time
	waits   map[string][]time.Duration // by method
}

func (p *waiting) see(e pattern.Event, _, after pattern.Order) {
	switch e.Type {
	case OrderCreated:
		p.created[e.AggregateID] = e.At
	case "OrderPaid":
		p.waits[after.Method] = append(p.waits[after.Method], e.At.Sub(p.created[e.AggregateID]))
	}
}

func (p *waiting) rows() [][]string {
	return table(p.waits, func(a, b []time.Duration) int { return cmp.Compare(len(b), len(a)) }, func(method string, waits []time.Duration) []string {
		slices.Sort(waits)
		return []string{method, strconv.Itoa(len(waits)), waits[0].String(), waits[len(waits)/2].String(), waits[len(waits)-1].String()}
	})
}

type corrections struct {
	of map[string][]string // order id → its addresses
}

func (c *corrections) see(e pattern.Event, before, after pattern.Order) {
	if e.Type == OrderAmended && before.Charged > 0 {
		if len(c.of[e.AggregateID]) == 0 {
			c.of[e.AggregateID] = []string{cmp.Or(before.Address, "none")}
		}
		c.of[e.AggregateID] = append(c.of[e.AggregateID], after.Address)
	}
}

func (c *corrections) rows() [][]string {
	return table(c.of, func(a, b []string) int { return cmp.Compare(len(b), len(a)) }, func(id string, all []string) []string {
		return []string{id, strconv.Itoa(len(all) - 1), all[0], all[len(all)-1]}
	})
}

// rowsMost bounds an answer.
const rowsMost = 20

// table makes rows, the most important first.
func table[V any](m map[string]V, compare func(a, b V) int, row func(string, V) []string) [][]string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(compare(m[a], m[b]), cmp.Compare(a, b)) })
	rows := [][]string{}
	for _, name := range names[:min(len(names), rowsMost)] {
		rows = append(rows, row(name, m[name]))
	}
	return rows
}
