package lab

import (
	"cmp"
	"encoding/json"
	"fmt"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// Stream is the history of one order as its event store has it, told from the
// journal alone: so it can be had of any moment that is kept, and of a run.
type Stream struct {
	Order   string        `json:"order"` // its id
	Name    string        `json:"name"`  // its handle, or its id
	Seq     int64         `json:"seq"`   // the entry as of which it is told
	Version int           `json:"version"`
	Missing int           `json:"missing"` // versions at the beginning that the journal no longer keeps
	Note    string        `json:"note"`    // what that means, "" where nothing is missing
	Events  []StreamEvent `json:"events"`  // in order of version; those after Version are Later
	Refused []StaleAppend `json:"refused"` // the newest appends that came too late

	// Row is the order's row in the table of orders, and Forgot what only the
	// stream can answer.
	Row    []RowColumn `json:"row"`
	Forgot []Forgot    `json:"forgot"`
}

// StreamEvent is one row of the event store, and the state after it.
type StreamEvent struct {
	Seq           int64           `json:"seq"` // place among all streams
	EventID       string          `json:"event_id"`
	Type          string          `json:"type"`
	Data          json.RawMessage `json:"data"` // as it is stored; null where it is too long for the journal
	Cut           int             `json:"cut"`  // bytes of such data
	Timestamp     int64           `json:"timestamp"`
	Version       int             `json:"version"`
	SchemaVersion int             `json:"schema_version"`
	ReadAs        int             `json:"read_as"` // the schema version that the upcasters make of it
	ReadData      json.RawMessage `json:"read_data"`
	Entry         int64           `json:"entry"` // seq of the journal entry that tells of it
	At            int64           `json:"at"`    // lab time, ms
	Cause         *StreamCause    `json:"cause"` // null where it is not kept
	Snapshot      bool            `json:"snapshot"`
	Later         bool            `json:"later"`   // after the entry as of which the stream is told
	State         []Value         `json:"state"`   // after this event; empty where versions are missing
	Because       []Piece         `json:"because"` // why the values that it set are what they are
	Unsaid        string          `json:"unsaid"`  // why those are that no event has set so far
	Counted       string          `json:"counted"` // why the version is what it is
	Error         string          `json:"error"`   // why the data cannot be read
}

// StreamCause is what led to an event: a record, or somebody's action.
type StreamCause struct {
	Seq       int64  `json:"seq"` // of its entry, 0 where that is not kept
	Text      string `json:"text"`
	Topic     string `json:"topic"` // "" for an action
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Value is one value of the state at a version. Why it is what it is says
// Because of the event that set it.
type Value struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Changed bool   `json:"changed"` // by the event of this version
	By      int    `json:"by"`      // the version that set it, 0 where none did
}

// Piece is a part of a sentence, which may lead to a version of the stream or
// to an entry of the journal.
type Piece struct {
	Text    string `json:"text"`
	Version int    `json:"version,omitempty"`
	Seq     int64  `json:"seq,omitempty"`
}

// RowColumn is one column of a row.
type RowColumn struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Forgot is a question, and what the row and the stream answer.
type Forgot struct {
	Ask     string `json:"ask"`
	Row     string `json:"row"`
	Stream  string `json:"stream"`
	Version int    `json:"version"` // the event that knows, 0 where none is needed
}

// Stream tells the stream of an order, named by handle or id, as it was at entry
// at; 0: as it is. Its error is a NotFound that says what there is.
func (l *Lab) Stream(order string, at int64) (Stream, error) {
	l.mu.Lock()
	t := streamTeller{order: order, r: l.journal.reading()}
	if o := l.board.find(order); o != nil {
		is := *o
		t.now = &is
	}
	m, kept := l.journal.moment(cmp.Or(at, t.r.newest))
	l.mu.Unlock()
	return t.tell(m, kept, at)
}

// Stream is Lab.Stream.
func (r *Run) Stream(order string, at int64) (Stream, error) {
	t := streamTeller{order: order, r: r.journal.reading()}
	last, _ := r.journal.moment(r.journal.newest)
	b, err := last.board()
	if err != nil {
		return Stream{}, err
	}
	t.now = b.find(order)
	m, kept := r.journal.moment(cmp.Or(at, r.journal.newest))
	return t.tell(m, kept, at)
}

// streamTeller is a stream in the telling.
type streamTeller struct {
	order string // as it was named
	now   *Order // as it is at the end of the journal, nil where there is none
	then  *Order // as it was at the moment that is told of
	r     *reading
	s     Stream
}

func (t *streamTeller) tell(m moment, kept bool, at int64) (Stream, error) {
	switch {
	case !kept:
		return Stream{}, notKept(at, t.r.first, t.r.newest)
	case t.now == nil:
		return Stream{}, Errorf(NotFound, "there is no order %q on the board: name one by its handle or its id", t.order)
	}
	if t.then = t.now; m.seq < t.r.newest {
		b, err := m.board()
		if err != nil {
			return Stream{}, err
		}
		if t.then = b.find(t.now.ID); t.then == nil {
			return Stream{}, Errorf(NotFound, "at entry %d there was no order %s yet", m.seq, t.order)
		}
	}
	o := t.then
	t.s = Stream{Order: o.ID, Name: cmp.Or(o.Handle, o.ID), Seq: m.seq, Version: o.Version, Events: []StreamEvent{}, Refused: o.Refused, Row: rowOf(o)}
	if t.s.Refused == nil {
		t.s.Refused = []StaleAppend{}
	}
	t.read()
	t.fold()
	t.s.Forgot = t.forgot()
	return t.s, nil
}

// read collects the events, from the entry at which the order began to the one
// that brought its newest version.
func (t *streamTeller) read() {
	last := 0
	t.r.each(t.now.PlacedSeq, func(e *Entry) bool {
		if e.Order != t.now.ID || e.Data == nil {
			return true
		}
		for _, stored := range e.Data.Events {
			if stored.Version < 1 || last > 0 && stored.Version != last+1 {
				continue // a stranger's file may say anything
			}
			last = stored.Version
			t.s.Events = append(t.s.Events, StreamEvent{
				Seq: stored.Seq, EventID: stored.ID, Type: stored.Type, Data: stored.Data, Cut: stored.Cut, Timestamp: stored.Timestamp,
				Version: stored.Version, SchemaVersion: max(stored.SchemaVersion, 1), Snapshot: stored.Snapshot,
				Entry: e.Seq, At: e.At, Cause: t.cause(*e), Later: e.Seq > t.s.Seq, State: []Value{},
			})
		}
		return last < t.now.Version
	})
	t.s.Missing = t.now.Version
	if len(t.s.Events) > 0 {
		t.s.Missing = t.s.Events[0].Version - 1
	}
	if t.s.Missing > 0 {
		t.s.Note = fmt.Sprintf("The journal keeps entries %d to %d: %s of this order came before. The event store still has them; from here they cannot be folded.",
			t.r.first, t.r.newest, plural(t.s.Missing, "event", "events"))
	}
}

// each hands the entries from one on to see, until that is false. What is packed
// is not kept unpacked.
func (r *reading) each(from int64, see func(*Entry) bool) {
	for i := range r.chunks {
		c := &r.chunks[i]
		if c.first+int64(c.count) <= from {
			continue
		}
		entries := c.loose()
		for j := range entries {
			if e := &entries[j]; e.Seq >= from && (e.Seq > r.newest || !see(e)) {
				return
			}
		}
	}
}

// cause is the record in hand when an entry was written, or the action that the
// entry came from.
func (t *streamTeller) cause(e Entry) *StreamCause {
	if e.Topic != "" {
		c := &StreamCause{Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, Text: fmt.Sprintf("%s, %s", placeText(e.Topic, e.Partition, e.Offset), e.EventType)}
		if p, ok := t.origin(e, KindProduced); ok {
			c.Seq = p.Seq
		}
		return c
	}
	if a, ok := t.origin(e, KindAction); ok {
		return &StreamCause{Seq: a.Seq, Text: orderIDs.ReplaceAllStringFunc(a.Text, t.called)}
	}
	return nil
}

// origin goes back from an entry to one of a kind. It is a few steps away, or
// not kept.
func (t *streamTeller) origin(e Entry, kind Kind) (Entry, bool) {
	for range 16 {
		next, ok := t.r.at(e.Cause)
		if !ok || next.Kind == kind {
			return next, ok
		}
		e = next
	}
	return Entry{}, false
}

func (t *streamTeller) called(id string) string {
	if id == t.s.Order {
		return t.s.Name
	}
	return id
}

// fold gives each event the state after it, and each value of that the event
// that set it.
func (t *streamTeller) fold() {
	if t.s.Missing > 0 {
		return
	}
	amended, cancelled := t.has(shop.OrderAmended), t.has(shop.OrderCancelled)
	var o pattern.Order
	was := valuesOf(o, amended, cancelled)
	for i := range t.s.Events {
		e := &t.s.Events[i]
		stored := pattern.Event{Seq: e.Seq, ID: e.EventID, AggregateID: t.s.Order, Type: e.Type, Data: e.Data, Version: e.Version, SchemaVersion: e.SchemaVersion}
		if e.Cut > 0 {
			stored.Data = json.RawMessage("{}")
			e.Error = fmt.Sprintf("The data of v%d has %d bytes, which is too long for the journal: what it says is not folded here.", e.Version, e.Cut)
		}
		newest, err := pattern.Upcasts.Event(stored)
		if err == nil {
			err = o.Apply(newest)
		}
		if err != nil {
			o.Version = e.Version
			e.Error = fmt.Sprintf("The data of v%d cannot be read: %v", e.Version, err)
		}
		if e.ReadAs = max(newest.SchemaVersion, 1); e.ReadAs != e.SchemaVersion && e.Cut == 0 {
			e.ReadData = newest.Data
		}
		e.State = valuesOf(o, amended, cancelled)
		for v := range e.State {
			value := &e.State[v]
			if value.Changed = value.Value != was[v].Value; value.Changed {
				value.By = e.Version
			} else {
				value.By = was[v].By
			}
		}
		e.Because = because(*e)
		e.Unsaid = fmt.Sprintf("Because no event up to v%d says anything about it.", e.Version)
		e.Counted = fmt.Sprintf("Because it is the number of the newest event: the stream has %s up to here.", plural(e.Version, "event", "events"))
		was = e.State
	}
}

func (t *streamTeller) has(eventType string) bool {
	_, found := t.newest(eventType, len(t.s.Events))
	return found
}

// newest is the last event of a type up to a version.
func (t *streamTeller) newest(eventType string, version int) (StreamEvent, bool) {
	for i := min(version, len(t.s.Events)) - 1; i >= 0; i-- {
		if t.s.Events[i].Type == eventType {
			return t.s.Events[i], true
		}
	}
	return StreamEvent{}, false
}
