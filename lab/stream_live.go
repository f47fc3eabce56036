package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"eddy/lab/shop"
)

// What follows asks the event store itself, so it can be had of a lab that is
// open and of nothing else.

// StreamLoad says what it costs to load an order, with and without its newest
// snapshot.
type StreamLoad struct {
	Order    string  `json:"order"`
	Version  int     `json:"version"`
	Every    int     `json:"every"`    // the setting: events between two snapshots, 0 none
	Snapshot int     `json:"snapshot"` // version of the newest one, 0 where there is none
	Whole    LoadWay `json:"whole"`    // from the first event
	Quick    LoadWay `json:"quick"`    // from the snapshot
	Text     string  `json:"text"`     // what it comes to, one sentence
}

// LoadWay is what one way to load cost, measured on the wall clock.
type LoadWay struct {
	Events int   `json:"events"`
	Nanos  int64 `json:"nanos"`
}

// LoadStream loads an order both ways and measures.
func (l *Lab) LoadStream(ctx context.Context, order string) (StreamLoad, error) {
	id, name, err := l.asked(order)
	if err != nil {
		return StreamLoad{}, err
	}
	whole, quick, err := shop.Load(ctx, l.write, id)
	if err != nil {
		return StreamLoad{}, l.unlessClosed(err)
	}
	s := StreamLoad{Order: id, Version: whole.State.Version, Every: int(l.snapshotEvery.Load()), Snapshot: quick.From,
		Whole: LoadWay{whole.Events, whole.Took.Nanoseconds()}, Quick: LoadWay{quick.Events, quick.Took.Nanoseconds()}}
	s.Text = fmt.Sprintf("Order %s has no snapshot: all %s are read, every time.", name, plural(whole.Events, "event", "events"))
	if s.Every > 0 {
		s.Text += fmt.Sprintf(" The first one is due at v%d.", (s.Version/s.Every+1)*s.Every)
	}
	if s.Snapshot > 0 {
		s.Text = fmt.Sprintf("From the snapshot at v%d only %s had to be read instead of %d, and the state is the same.", s.Snapshot, plural(quick.Events, "event", "events"), whole.Events)
	}
	return s, nil
}

// Tampering is what came of trying to change an event.
type Tampering struct {
	Order    string          `json:"order"`
	Version  int             `json:"version"`
	Attempts []TamperAttempt `json:"attempts"`
	Kept     bool            `json:"kept"` // the stream is as it was, row by row
	Text     string          `json:"text"`
	Seq      int64           `json:"seq"` // of the journal entry
}

// TamperAttempt is a statement and the database's own words against it.
type TamperAttempt struct {
	SQL     string `json:"sql"`
	Refusal string `json:"refusal"`
}

// Tamper runs an UPDATE and a DELETE against an event of an order. The database
// refuses both.
func (l *Lab) Tamper(ctx context.Context, order string, version int) (Tampering, error) {
	id, name, err := l.asked(order)
	if err != nil {
		return Tampering{}, err
	}
	attempts, kept, err := shop.Tamper(ctx, l.write, id, version)
	if errors.Is(err, shop.ErrNoOrder) {
		return Tampering{}, Errorf(NotFound, "order %s has no version %d", name, version)
	}
	if err != nil {
		return Tampering{}, l.unlessClosed(err)
	}
	t := Tampering{Order: id, Version: version, Kept: kept}
	for _, a := range attempts {
		t.Attempts = append(t.Attempts, TamperAttempt(a))
	}
	t.Text = fmt.Sprintf("somebody tried to change and to delete v%d of order %s; the database refused: %s", version, name, attempts[0].Refusal)
	t.Seq = l.record(Entry{Kind: KindNote, Order: id, Text: t.Text})
	return t, nil
}

// StoreQuestion is a question that can be asked of all events.
type StoreQuestion struct {
	ID  string `json:"id"`
	Ask string `json:"ask"`
}

// StoreQuestions are those that there are.
func StoreQuestions() (list []StoreQuestion) {
	for _, q := range shop.Questions {
		list = append(list, StoreQuestion{q.ID, q.Ask})
	}
	return list
}

// StoreAnswer is a projection that was made on the spot.
type StoreAnswer struct {
	StoreQuestion
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	Events  int        `json:"events"`
	Streams int        `json:"streams"`
	Nanos   int64      `json:"nanos"` // wall time
	Text    string     `json:"text"`
}

// Ask reads all events of the store, from the first one on, and folds them into
// an answer that nobody had planned.
func (l *Lab) Ask(ctx context.Context, question string) (StoreAnswer, error) {
	var names []string
	for _, q := range shop.Questions {
		if q.ID != question {
			names = append(names, q.ID)
			continue
		}
		if l.ctx.Err() != nil {
			return StoreAnswer{}, errClosed
		}
		a, err := shop.Ask(ctx, l.write, q)
		if err != nil {
			return StoreAnswer{}, l.unlessClosed(err)
		}
		s := StoreAnswer{StoreQuestion: StoreQuestion{q.ID, q.Ask}, Columns: q.Columns, Rows: a.Rows, Events: a.Events, Streams: a.Streams, Nanos: a.Took.Nanoseconds()}
		if s.Text = "There are no events yet."; a.Events > 0 {
			s.Text = fmt.Sprintf("%s of %s were read, the oldest written at %s, before anybody asked. No table had to be planned for this, and no event says it by itself.",
				plural(a.Events, "event", "events"), plural(a.Streams, "order", "orders"), tenthsText(a.Oldest.Sub(l.clock.start).Milliseconds()))
		}
		for _, row := range s.Rows {
			for i := range row {
				row[i] = cmp.Or(orderIDs.ReplaceAllStringFunc(row[i], l.nameOf), "(none given)")
			}
		}
		return s, nil
	}
	return StoreAnswer{}, Errorf(NotFound, "there is no question %q: the questions are %s", question, strings.Join(names, ", "))
}

func (l *Lab) nameOf(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.board.name(id)
}

// asked finds the order of a question to the event store.
func (l *Lab) asked(order string) (id, name string, err error) {
	if l.ctx.Err() != nil {
		return "", "", errClosed
	}
	return l.named(order)
}

// unlessClosed is err, where the lab was not closed meanwhile.
func (l *Lab) unlessClosed(err error) error {
	if l.ctx.Err() != nil {
		return errClosed
	}
	return err
}
