package lab

import (
	"cmp"
	"strings"

	"eddy/lab/shop"
)

// teller folds journal entries into the story of one order. It needs no board
// and no lab: what a message is, who sent it and who handled it stand in the
// entries, so that any style of saga can be told, one record or call at a time.
type teller struct {
	id     string
	saw    bool // an entry about the order
	begun  bool // what the order is about is known
	fact   shop.OrderFact
	status string
	reason string
	final  int64 // seq of the entry that ended it
	ends   int64 // its time
	note   string
	seq    int64
	at     int64

	messages []*Message
	bars     []*Bar
	marks    []Mark
	totals   Totals

	records map[spot]*Message
	refs    map[int64]ref       // what an entry of the order is about
	open    map[hand]*Bar       // those that are at work
	down    map[seat]downtime   // instances that do not run
	saved   map[groupAt]int64   // offsets that services have saved, where records of the order stand
	parts   map[tp]bool         // those partitions
	events  map[string]bool     // event ids that stand on the log
	calls   map[string]*Message // the newest call by service and type
	letters map[string]string   // the place of the newest letter by group
}

// spot is a record's place in the log.
type spot struct {
	tp
	offset int64
}

// hand is what a seat has in hand: a record, or a call of a type.
type hand struct {
	seat
	spot
	call string
}

// ref says what an entry is about.
type ref struct {
	service  string
	message  *Message
	delivery *Delivery
}

type groupAt struct {
	service string
	tp
}

// downtime is why an instance does not run.
type downtime struct {
	because string
	seq, at int64
}

func newTeller(id string) *teller {
	return &teller{id: id, records: map[spot]*Message{}, refs: map[int64]ref{}, open: map[hand]*Bar{}, down: map[seat]downtime{},
		saved: map[groupAt]int64{}, parts: map[tp]bool{}, events: map[string]bool{}, calls: map[string]*Message{}, letters: map[string]string{}}
}

// aside are the entries that no story tells: the read side only looks on.
func aside(service string) bool { return service == "projector" }

// see folds one entry. Entries come in the order of their seq; those about
// other orders are let go by at once.
func (t *teller) see(e *Entry) {
	t.seq, t.at = e.Seq, e.At
	if e.Order != t.id {
		switch e.Kind {
		case KindProduced, KindDelivered, KindHandling, KindHandled, KindWritten, KindProjected: // most of a journal
		case KindCommitted:
			if t.parts[tp{e.Topic, e.Partition}] {
				t.saved[groupAt{e.Service, tp{e.Topic, e.Partition}}] = e.Offset
			}
		default:
			if e.Instance > 0 && e.Data != nil && e.Data.Service != nil {
				t.seatState(e)
			}
		}
		return
	}
	if aside(e.Service) && e.Kind != KindProduced {
		return
	}
	t.saw = true
	d := e.Data
	if d == nil {
		d = &Data{}
	}
	if d.Service != nil && e.Instance > 0 {
		t.seatState(e)
	}
	switch e.Kind {
	case KindProduced:
		t.produced(e, d)
	case KindDelivered:
		t.delivered(e)
	case KindHandling:
		t.handling(e)
	case KindHandled, KindFailed, KindSkipped, KindRetrying, KindDeadLettered:
		t.ended(e, d)
	default:
		t.facts(e, d)
	}
	if _, told := t.refs[e.Seq]; !told {
		t.refs[e.Seq] = ref{service: e.Service}
	}
}

// facts notes what an entry says about the order, its money and its goods.
func (t *teller) facts(e *Entry, d *Data) {
	to := t.deliveryOf(e)
	if d.Order != nil {
		t.know(d.Order)
		if isFinal(d.Order.Status) && t.final == 0 {
			t.final, t.ends = e.Seq, e.At
			if t.reason == "out_of_stock" || t.reason == "unknown_sku" {
				t.refused()
			}
		}
	}
	if to != nil {
		to.Useful = to.Useful || d.Order != nil || d.Money != nil && !d.Money.Repeated || d.Stock != nil
		t.refs[e.Seq] = ref{e.Service, t.records[spotOf(e)], to}
	}
	if d.Money != nil {
		t.money(e, d.Money)
	}
	if d.Stock != nil && (d.Stock.Reserved || d.Stock.Released) {
		kind, text := "reserved", goods(t.fact.Items)+" reserved"
		if d.Stock.Released {
			kind, text = "released", goods(t.fact.Items)+" put back"
		}
		t.mark(e, Mark{Kind: kind, Text: text})
	}
	if d.Unstored {
		t.messages = append(t.messages, &Message{Seq: e.Seq, At: e.At, Type: e.EventType, Kind: messageKind(e.EventType, e.Topic), From: e.Service, State: "lost", Text: e.Text, To: []*Delivery{}})
		t.mark(e, Mark{Kind: "lost", Bad: true, Text: e.EventType + " lost with the broker"})
	}
	if d.Held != nil && d.Held.Fate == "drop" {
		if m := t.records[spot{tp{d.Held.Topic, d.Held.Partition}, d.Held.Offset}]; m != nil {
			if to := m.last(d.Held.Service); to != nil {
				to.State = "dropped"
			}
		}
	}
}

// know takes in what is said about the order.
func (t *teller) know(f *shop.OrderFact) {
	if f.Source != "" {
		t.begun = true
		t.fact.User, t.fact.Items, t.fact.Total, t.fact.Source, t.fact.Saga = f.User, f.Items, f.Total, f.Source, f.Saga
	}
	t.fact.Handle = cmp.Or(f.Handle, t.fact.Handle)
	t.status = cmp.Or(f.Status, t.status)
	t.reason = cmp.Or(f.Reason, t.reason)
}

func (t *teller) money(e *Entry, m *shop.MoneyFact) {
	switch {
	case m.Declined:
		t.mark(e, Mark{Kind: "declined", Bad: true, Text: cmp.Or(strings.ReplaceAll(m.Reason, "_", " "), "declined")})
	case m.Repeated:
		t.mark(e, Mark{Kind: "skipped", Text: "key known, no money moved"})
	case m.Refund:
		t.totals.Refunded += m.Amount
		t.mark(e, Mark{Kind: "refunded", Text: "gave back " + shop.Money(m.Amount)})
	default:
		t.totals.Charged += m.Amount
		t.mark(e, Mark{Kind: "charged", Text: "charged " + shop.Money(m.Amount)})
	}
}

func (t *teller) mark(e *Entry, m Mark) {
	m.Service, m.Instance, m.Seq, m.At, m.Sentence = e.Service, e.Instance, e.Seq, e.At, e.Text
	t.marks = append(t.marks, m)
}

// produced adds a record. A dead letter is a mark where it was given up; it
// stands on the log before the entry that says so.
func (t *teller) produced(e *Entry, d *Data) {
	if isDLQ(e.Topic) {
		if d.Letter != nil {
			t.letters[d.Letter.Group] = placeText(e.Topic, e.Partition, e.Offset)
		}
		return
	}
	m := &Message{Seq: e.Seq, At: e.At, Type: e.EventType, Kind: messageKind(e.EventType, e.Topic), From: e.Service,
		Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, Where: placeText(e.Topic, e.Partition, e.Offset), Text: e.Text, To: []*Delivery{}}
	cause := t.refs[e.Cause]
	if d.Record != nil {
		m.From = cmp.Or(d.Record.Producer, m.From)
	}
	m.From = cmp.Or(m.From, "outside")
	if e.EventID != "" {
		m.Copy = t.events[e.EventID]
		t.events[e.EventID] = true
	}
	if cause.delivery != nil && cause.service == m.From {
		cause.delivery.leads, cause.delivery.Useful = true, true
	}
	t.messages = append(t.messages, m)
	t.records[spotOf(e)] = m
	t.parts[tp{e.Topic, e.Partition}] = true
	t.refs[e.Seq] = ref{service: m.From, message: m}
	if e.EventType == shop.StockReservationFailed {
		at := *e
		if cause.service == e.Service && e.Cause > 0 {
			at.Seq = e.Cause // the bar's own moment, before the message leaves
		}
		t.mark(&at, Mark{Kind: "no_stock", Bad: true, Text: shortage(reasonOf(d.Record), t.fact.Items)})
	}
}

func spotOf(e *Entry) spot { return spot{tp{e.Topic, e.Partition}, e.Offset} }

func handOf(e *Entry) hand {
	h := hand{seat: seat{e.Service, e.Instance}}
	if e.Topic == "" {
		h.call = e.EventType
	} else {
		h.spot = spotOf(e)
	}
	return h
}

// messageOf is the message that an entry of a service is about, nil where it is
// about none.
func (t *teller) messageOf(e *Entry) *Message {
	if e.Topic == "" {
		return t.calls[e.Service+" "+e.EventType]
	}
	return t.records[spotOf(e)]
}

func (t *teller) deliveryOf(e *Entry) *Delivery {
	if m := t.messageOf(e); m != nil {
		return m.last(e.Service)
	}
	return nil
}

// last is the newest delivery to a service, nil where there is none.
func (m *Message) last(service string) *Delivery {
	for i := len(m.To) - 1; i >= 0; i-- {
		if m.To[i].Service == service {
			return m.To[i]
		}
	}
	return nil
}

// delivered notes that a service got a record: for the first time, for its next
// try, or again.
func (t *teller) delivered(e *Entry) {
	m := t.records[spotOf(e)]
	if m == nil {
		return // the record stood there before the story begins
	}
	to := m.last(e.Service)
	if to != nil && (to.State == "retrying" || to.State == "failed") {
		to.State, to.Instance = "delivered", e.Instance
	} else {
		to = &Delivery{Service: e.Service, Instance: e.Instance, Seq: e.Seq, At: e.At, State: "delivered", Again: to != nil}
		m.To = append(m.To, to)
	}
	t.refs[e.Seq] = ref{e.Service, m, to}
}

// handling begins a bar. What is handled and stands on no topic is a call: of
// the customer, or of another service.
func (t *teller) handling(e *Entry) {
	if e.Topic == "" {
		t.called(e)
	} else if to := t.deliveryOf(e); to == nil || to.EndSeq > 0 {
		t.delivered(e)
	}
	bar := &Bar{Service: e.Service, Instance: e.Instance, Seq: e.Seq, At: e.At, State: "working", Type: e.EventType}
	if to := t.deliveryOf(e); to != nil {
		m := t.messageOf(e)
		to.State = "handling"
		to.Tries++
		bar.Message = m.Seq
		t.refs[e.Seq] = ref{e.Service, m, to}
	}
	t.bars = append(t.bars, bar)
	t.open[handOf(e)] = bar
}

// called adds a call from one service to another. The order service answers
// customers: a call to it is one of the shop's only where another service made it.
func (t *teller) called(e *Entry) {
	from := t.refs[e.Cause].service
	if from == e.Service {
		from = ""
	}
	key := e.Service + " " + e.EventType
	if e.Service == "order" && from == "" {
		delete(t.calls, key)
		return
	}
	if m := t.calls[key]; m != nil && m.To[0].State == "retrying" {
		m.To[0].EndSeq, m.To[0].EndAt = 0, 0
		return
	}
	m := &Message{Seq: e.Seq, At: e.At, Type: e.EventType, Kind: messageKind(e.EventType, ""), From: cmp.Or(from, "order"), Call: true, Where: "HTTP call", Text: e.Text,
		To: []*Delivery{{Service: e.Service, Instance: e.Instance, Seq: e.Seq, At: e.At}}}
	t.messages = append(t.messages, m)
	t.calls[key] = m
}

// ended closes the bar of a try and says what came of it.
func (t *teller) ended(e *Entry, d *Data) {
	to := t.deliveryOf(e)
	if to != nil {
		t.refs[e.Seq] = ref{e.Service, t.messageOf(e), to}
	}
	if bar := t.open[handOf(e)]; bar != nil && e.Kind != KindRetrying {
		bar.EndSeq, bar.EndAt, bar.State = e.Seq, e.At, string(e.Kind)
		if e.Kind == KindDeadLettered {
			bar.State = "failed"
		}
		delete(t.open, handOf(e))
	}
	if to == nil {
		switch {
		case e.Kind != KindFailed:
		case e.Topic == "" && shop.Commands[e.EventType] != "":
			t.unanswered(e)
		default:
			t.mark(e, Mark{Kind: "failed", Bad: true, Text: t.inShort(e)})
		}
		return
	}
	to.State = string(e.Kind)
	if d.Try != nil {
		to.Of, to.Error = d.Try.Of, d.Try.Error
	}
	switch e.Kind {
	case KindHandled, KindDeadLettered:
		to.EndSeq, to.EndAt = e.Seq, e.At
	case KindSkipped:
		to.EndSeq, to.EndAt = e.Seq, e.At
		text := "not needed any more"
		if strings.Contains(e.Text, "inbox") {
			text = "seen before: skipped"
		}
		t.mark(e, Mark{Kind: "skipped", Text: text})
	case KindFailed:
		to.Error = cmp.Or(to.Error, t.inShort(e))
	}
	switch e.Kind {
	case KindFailed, KindDeadLettered:
		t.gaveOut(e, to, d.Try)
	}
}

// unanswered notes that a caller got no answer: either the one who was called
// is still at it, or he was never reached.
func (t *teller) unanswered(e *Entry) {
	service := strings.TrimSuffix(shop.Commands[e.EventType], "-commands")
	said, _, _ := strings.Cut(strings.TrimPrefix(e.Text, nameOf(seat{e.Service, e.Instance})+" "), ": ")
	if m := t.calls[service+" "+e.EventType]; m != nil && m.To[0].EndSeq == 0 {
		m.To[0].Error = said
	} else {
		to := &Delivery{Service: service, State: "lost", Error: t.inShort(e), EndSeq: e.Seq, EndAt: e.At}
		t.messages = append(t.messages, &Message{Seq: e.Seq, At: e.At, Type: e.EventType, Kind: messageKind(e.EventType, ""), From: e.Service, Call: true, Where: "HTTP call", State: "lost", Text: e.Text, To: []*Delivery{to}})
	}
	t.mark(e, Mark{Kind: "failed", Bad: true, Text: said})
}

// refused marks the call that found no goods. Where there is no event that says
// so, the order's end does.
func (t *teller) refused() {
	m := t.calls["inventory ReserveStock"]
	if m == nil || m.To[0].Useful || m.To[0].EndSeq == 0 {
		return
	}
	to := m.To[0]
	to.Useful = true // it turned the order back
	t.marks = append(t.marks, Mark{Kind: "no_stock", Bad: true, Service: to.Service, Instance: to.Instance, Seq: to.EndSeq, At: to.EndAt,
		Text: shortage(t.reason, t.fact.Items), Sentence: nameOf(seat{to.Service, to.Instance}) + " answered: " + strings.ReplaceAll(t.reason, "_", " ")})
}

// gaveOut marks a try that failed. There is one mark for all tries of a
// delivery: the newest.
func (t *teller) gaveOut(e *Entry, to *Delivery, try *shop.Try) {
	m := Mark{Kind: "failed", Bad: true, Text: "failed: " + to.Error}
	if try != nil {
		m.Text = "try " + tries(try) + " failed: " + to.Error
	}
	if e.Kind == KindDeadLettered {
		t.totals.Letters++
		m.Kind, m.Text, m.Where = "dead_letter", "given up after "+plural(max(to.Tries, 1), "try", "tries")+": "+to.Error, t.letters[GroupID(e.Service)]
	}
	for i, old := range t.marks {
		if old.Kind == "failed" && t.refs[old.Seq].delivery == to {
			t.marks = append(t.marks[:i], t.marks[i+1:]...)
			break
		}
	}
	t.mark(e, m)
}

// inShort is what an entry says after the name of whom it is about.
func (t *teller) inShort(e *Entry) string {
	_, why, found := strings.Cut(e.Text, ": ")
	if !found {
		return e.Text
	}
	return why
}

// seatState follows which instances run. One that crashes takes along what it
// has in hand.
func (t *teller) seatState(e *Entry) {
	at := seat{e.Service, e.Instance}
	f := e.Data.Service
	switch f.State {
	case "running", "starting":
		delete(t.down, at)
		return
	case "crashed", "paused", "stopped":
		t.down[at] = downtime{cmp.Or(f.Because, e.Text), e.Seq, e.At}
	}
	if f.State != "crashed" || aside(e.Service) {
		return
	}
	hit := e.Order == t.id
	for h, bar := range t.open {
		if h.seat == at {
			bar.EndSeq, bar.EndAt, bar.State = e.Seq, e.At, "crashed"
			delete(t.open, h)
			hit = true
		}
	}
	for _, m := range t.messages {
		for _, to := range m.To {
			switch to.State {
			case "delivered", "handling", "retrying", "failed":
				if to.Service == e.Service && to.Instance == e.Instance {
					to.State, to.EndSeq, to.EndAt = "crashed", e.Seq, e.At
					hit = true
				}
			}
		}
	}
	if hit {
		t.mark(e, Mark{Kind: "crash", Bad: true, Text: nameOf(at) + " crashed"})
	}
}
