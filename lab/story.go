package lab

import (
	"fmt"

	"eddy/lab/shop"
)

// Story is what happened to one order, told as a time-space diagram: services
// side by side, time running down. It is a fold of the journal entries about
// the order, so that it can be told at any moment that is kept, and of a run.
// Times are lab time in milliseconds; of two things of one time, seq says which
// was first.
type Story struct {
	Order  string      `json:"order"` // order id
	Handle string      `json:"handle"`
	User   string      `json:"user"`
	Items  []shop.Item `json:"items"`
	Total  int64       `json:"total"`

	Style string `json:"style"` // choreography orchestration sync
	Rule  string `json:"rule"`  // who is in charge, in a sentence

	Seq  int64  `json:"seq"`  // of the newest entry of the journal that was told from
	At   int64  `json:"at"`   // its time
	Note string `json:"note"` // what is missing of the story, "" where nothing is

	Status string `json:"status"` // of the order, "" before it is known
	Ended  bool   `json:"ended"`
	// Because says why the order ended as it did or why it does not move, ""
	// where it is simply on its way. BecauseSeq is the moment that shows it.
	Because    string `json:"because"`
	BecauseSeq int64  `json:"because_seq"`
	BecauseAt  int64  `json:"because_at"`

	Columns  []Column   `json:"columns"`  // in the shop's order
	Messages []*Message `json:"messages"` // in the order in which they were sent
	Bars     []*Bar     `json:"bars"`
	Marks    []Mark     `json:"marks"`
	Gaps     []Gap      `json:"gaps"` // when nobody had the order in hand
	Totals   Totals     `json:"totals"`
}

// Column is a service that takes part, or "outside", where a record came from
// somebody who is no part of the shop.
type Column struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// Message is a record on a topic, or a call over HTTP, from one service to
// those that do something about it.
type Message struct {
	Seq       int64  `json:"seq"` // of the entry that says that it was sent
	At        int64  `json:"at"`
	Type      string `json:"type"`
	Kind      string `json:"kind"` // event command compensation query
	From      string `json:"from"`
	Call      bool   `json:"call"` // a call: it has no topic, and its sender waits for the answer
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Where     string `json:"where"` // its place in words
	Copy      bool   `json:"copy"`  // a record with the same event id stood on the log before
	// State is "" where all who need it have it, otherwise on_its_way (somebody
	// will handle it), alone (nobody but the read side needs it) or lost.
	State string      `json:"state"`
	Text  string      `json:"text"` // what happened, in a sentence
	To    []*Delivery `json:"to"`   // who got it, the one that moved the order on first
}

// Delivery is a message on its way into a service. A message that came again
// has one for each time.
type Delivery struct {
	Service  string `json:"service"`
	Instance int    `json:"instance"`
	Seq      int64  `json:"seq"` // of the entry that says that it arrived, 0 before
	At       int64  `json:"at"`
	// State is waiting delivered handling handled skipped retrying failed
	// dead_lettered crashed passed dropped or lost.
	State  string `json:"state"`
	Tries  int    `json:"tries"` // begun so far
	Of     int    `json:"of"`    // tries at most, 0: for ever, or not known
	Error  string `json:"error"`
	Again  bool   `json:"again"`  // the service had it before
	Useful bool   `json:"useful"` // it changed something; one that did not found nothing to do
	EndSeq int64  `json:"end_seq"`
	EndAt  int64  `json:"end_at"`
	leads  bool   // another message was sent because of it
}

// Bar is a service at work on the order: from handling to handled, one for each
// try.
type Bar struct {
	Service  string `json:"service"`
	Instance int    `json:"instance"`
	Seq      int64  `json:"seq"`
	At       int64  `json:"at"`
	EndSeq   int64  `json:"end_seq"` // 0 while it works
	EndAt    int64  `json:"end_at"`
	State    string `json:"state"`   // working handled skipped failed crashed
	Type     string `json:"type"`    // of the message in hand
	Message  int64  `json:"message"` // its seq, 0 for a call from outside the shop
}

// Mark is something that stands out at a service: crash failed declined
// no_stock dead_letter lost, which are bad, and charged refunded reserved
// released skipped, which are not.
type Mark struct {
	Kind     string `json:"kind"`
	Bad      bool   `json:"bad"`
	Service  string `json:"service"`
	Instance int    `json:"instance"`
	Seq      int64  `json:"seq"`
	At       int64  `json:"at"`
	Text     string `json:"text"`     // a few words
	Sentence string `json:"sentence"` // the whole of it
	Where    string `json:"where"`    // of a dead letter: its place on the .dlq
}

// Gap is a time in which nobody had the order in hand, worth being left out.
// Open says that it lasts.
type Gap struct {
	FromSeq int64 `json:"from_seq"`
	From    int64 `json:"from"`
	ToSeq   int64 `json:"to_seq"`
	To      int64 `json:"to"`
	Open    bool  `json:"open"`
}

// Totals is what one counts below a story.
type Totals struct {
	Messages int   `json:"messages"`
	Events   int   `json:"events"`
	Commands int   `json:"commands"` // records
	Calls    int   `json:"calls"`
	Copies   int   `json:"copies"` // of the records
	Letters  int   `json:"letters"`
	Knows    Knows `json:"knows"`
	Charged  int64 `json:"charged"` // minor units
	Refunded int64 `json:"refunded"`
	Net      int64 `json:"net"`
}

// Knows answers "who knows the next step?".
type Knows struct {
	Count int      `json:"count"`
	Unit  string   `json:"unit"`
	Who   []string `json:"who"` // services
}

// gapLeast is how long nothing must happen to be left out.
const gapLeast = 1000 // ms of lab time

// Story tells what happened to an order, named by handle or id, as far as it
// had happened at entry at; 0: so far. Its error is a NotFound that says what
// there is. It reads only what the journal holds about the order, and holds the
// lab up for no longer than it takes to look the order up.
func (l *Lab) Story(order string, at int64) (Story, error) {
	l.mu.Lock()
	asked := asked{order: order, first: l.journal.first, head: l.journal.newest, base: l.journal.segments[0]}
	if at == 0 {
		at = l.journal.newest
	}
	m, kept := l.journal.moment(at)
	chunks := l.journal.chunks(asked.first, at)
	if o := l.board.find(order); o != nil {
		asked.id = o.ID
	}
	l.mu.Unlock()
	if !kept {
		return Story{}, notKept(at, asked.first, asked.head)
	}
	return asked.tell(m, chunks)
}

// Story is Lab.Story.
func (r *Run) Story(order string, at int64) (Story, error) {
	if at == 0 {
		at = r.journal.newest
	}
	m, kept := r.journal.moment(at)
	if !kept {
		return Story{}, notKept(at, r.journal.first, r.journal.newest)
	}
	asked := asked{order: order, first: r.journal.first, head: r.journal.newest, base: r.journal.segments[0]}
	return asked.tell(m, r.journal.chunks(asked.first, at))
}

// asked is an order whose story is wanted, and what the journal keeps.
type asked struct {
	order       string // as it was named
	id          string // "" where it must be looked for
	first, head int64
	base        *segment // the oldest that is kept
}

func (a asked) tell(m moment, chunks []chunk) (Story, error) {
	id := a.id
	if id == "" {
		id = a.order
	}
	t := newTeller(id)
	t.read(chunks, m.seq)
	if a.id == "" && !t.saw {
		b, err := m.board()
		if err != nil {
			return Story{}, err
		}
		if o := b.find(a.order); o != nil {
			t = newTeller(o.ID)
			t.read(chunks, m.seq)
		}
	}
	if !t.begun && a.first > 1 {
		if err := t.recall(a.base, a.first); err != nil {
			return Story{}, err
		}
	}
	switch {
	case t.saw:
		return t.story(), nil
	case t.begun:
		return Story{}, Errorf(NotFound, "nothing about order %s is kept any more: the journal keeps %d to %d", a.order, a.first, a.head)
	case a.id != "":
		return Story{}, Errorf(NotFound, "at entry %d there was no order %s yet", m.seq, a.order)
	}
	return Story{}, Errorf(NotFound, "there is no order %q: name one by its handle or its id", a.order)
}

// recall takes from the board below the oldest kept entry how an order stood
// whose beginning is not kept.
func (t *teller) recall(s *segment, first int64) error {
	b := s.base
	if s.packed != nil {
		var err error
		if b, err = unpackWhole(s.packed); err != nil {
			return err
		}
	}
	o := b.Orders[t.id]
	if o == nil {
		return nil
	}
	then := shop.OrderFact{Handle: o.Handle, User: o.User, Items: o.Items, Total: o.Total, Saga: o.Saga, Source: o.Source}
	if t.status == "" {
		then.Status, then.Reason = o.Status, o.Reason
	}
	t.know(&then)
	t.totals.Charged += o.Charged
	t.totals.Refunded += o.Refunded
	t.note = fmt.Sprintf("What happened before entry %d is no longer kept: the story begins in the middle.", first)
	return nil
}

// read feeds a teller with the entries of chunks up to seq. A chunk that is
// packed and says nothing about the order is not unpacked.
func (t *teller) read(chunks []chunk, to int64) {
	for i := range chunks {
		c := &chunks[i]
		entries := c.entries[:min(c.count, len(c.entries))]
		if c.packed != nil {
			if !c.orders[t.id] {
				entries = c.seats
			} else {
				entries = c.loose()
			}
		}
		for j := range entries {
			e := &entries[j]
			if e.Seq > to {
				return
			}
			t.see(e)
		}
	}
	if n := len(chunks); n > 0 && t.seq < to {
		t.seq = to
	}
}
