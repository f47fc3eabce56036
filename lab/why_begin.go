package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"eddy/lab/shop"
)

// begin finds out where the explanation of a question starts. x.mu is held.
func (x *why) begin(q Question) (beginning, error) {
	asked := 0
	for _, is := range []bool{q.Seq != 0, q.Order != "", q.Service != "", q.Invariant != "", q.Record != ""} {
		if is {
			asked++
		}
	}
	b := x.board
	switch {
	case asked != 1:
		return beginning{}, Errorf(Invalid, "ask about one thing: seq, order, service, invariant or record")
	case q.Seq != 0:
		return x.beginSeq(q.Seq)
	case q.Record != "":
		return x.beginRecord(q.Record)
	case q.Invariant != "":
		v := b.Invariants[q.Invariant]
		if v == nil {
			return beginning{}, Errorf(NotFound, "there is no invariant %q: the invariants are %s", q.Invariant, strings.Join(invariantIDs, ", "))
		}
		if v.State != "broken" {
			return beginning{}, Errorf(Conflict, "%s is %s (%s): why can be asked of one that is broken", v.ID, v.State, v.Because)
		}
		return x.beginVerdict(b, *v), nil
	case q.Service != "":
		name, err := ServiceName(q.Service)
		if err != nil {
			return beginning{}, err
		}
		return x.beginService(b, name)
	}
	o := b.find(q.Order)
	if o == nil {
		return beginning{}, Errorf(NotFound, "there is no order %q on the board: name one by its handle or its id", q.Order)
	}
	return x.beginOrder(b, o), nil
}

func (x *why) beginSeq(seq int64) (beginning, error) {
	first, head := x.journal.first, x.journal.head()
	if seq < 1 || seq > head {
		return beginning{}, Errorf(NotFound, "there is no entry %d: the journal keeps %d to %d", seq, first, head)
	}
	e, kept := x.journal.at(seq)
	if !kept {
		return beginning{text: fmt.Sprintf("entry %d is no longer kept: the journal keeps %d to %d", seq, first, head)}, nil
	}
	if e.Kind == KindInvariant && e.Data != nil && e.Data.Invariant != nil && e.Data.Invariant.State == "broken" {
		return x.beginVerdict(x.board, *e.Data.Invariant), nil
	}
	return beginning{told: e, also: conditionsOf(e)}, nil
}

// beginRecord starts at the newest thing that happened to a record.
func (x *why) beginRecord(place string) (beginning, error) {
	parts := strings.Split(place, "/")
	valid := Errorf(Invalid, "a record is named topic/partition/offset, like orders/0/7, not %q", place)
	if len(parts) != 3 {
		return beginning{}, valid
	}
	p, err := strconv.ParseInt(parts[1], 10, 32)
	offset, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || err2 != nil {
		return beginning{}, valid
	}
	if err := x.board.knows(parts[0]); err != nil {
		return beginning{}, err
	}
	newest, ok := x.back(x.journal.head(), func(e Entry) bool {
		return isAt(e, parts[0], int32(p), offset) && e.Kind != KindCommitted && e.Service != "projector"
	})
	if !ok {
		return beginning{}, Errorf(NotFound, "nothing about a record %s p%d #%d is kept: the journal keeps %d to %d", parts[0], p, offset, x.journal.first, x.journal.head())
	}
	return beginning{told: newest, also: conditionsOf(newest)}, nil
}

func (x *why) beginVerdict(b *Board, v Verdict) beginning {
	at := func(i int) Entry {
		if i >= len(v.Evidence) {
			return Entry{}
		}
		e, _ := x.journal.at(v.Evidence[i])
		return e
	}
	begin := beginning{text: v.Because, told: at(0)}
	switch v.ID {
	case "no-double-charge":
		begin.told = at(1)
		begin.also = []condition{{"payment", "idempotent", "false"}}
	case "per-key-order", "per-user-order":
		begin.told = at(3)
		older, newer := at(0), at(1)
		if older.Seq > 0 && newer.Seq > 0 && (older.Partition != newer.Partition || older.Topic != newer.Topic) {
			begin.text += fmt.Sprintf(": the older one stands at %s, the newer one at %s, and partitions are read side by side",
				placeText(older.Topic, older.Partition, older.Offset), placeText(newer.Topic, newer.Partition, newer.Offset))
			begin.next = older.Seq
			begin.also = []condition{{"", "key", b.Settings.Key}}
		}
	case "no-paid-cancelled":
		begin.told = at(len(v.Evidence) - 1)
		if o := b.Orders[begin.told.Order]; o != nil {
			if stop, also := x.obstacle(b, o, "payment"); stop > 0 {
				begin.next, begin.also = stop, also
			}
		}
	case "every-order-ends", "nothing-lost":
		if o := b.Orders[begin.told.Order]; o != nil {
			text := begin.text
			begin = x.beginOrder(b, o)
			begin.text = text
		}
	case "read-model-agrees":
		if o := b.Orders[begin.told.Order]; o != nil {
			if stop, also := x.obstacle(b, o, "projector"); stop > 0 {
				begin.next, begin.also = stop, also
			}
		}
	}
	return begin
}

func (x *why) beginOrder(b *Board, o *Order) beginning {
	name := b.called(o)
	if got := b.captures[o.ID]; len(got) > 1 {
		e, _ := x.journal.at(got[1])
		return beginning{text: fmt.Sprintf("%s was charged %d times", name, len(got)), told: e, also: []condition{{"payment", "idempotent", "false"}}}
	}
	if isFinal(o.Status) {
		e := x.statusEntry(o)
		begin := beginning{text: fmt.Sprintf("%s is %s", name, o.Status), told: e}
		if o.Reason != "" {
			begin.text += ": " + o.Reason
		}
		return begin
	}
	text := fmt.Sprintf("%s is %s", name, o.Status)
	service := b.next(o)
	if stop, also := x.obstacle(b, o, service); stop > 0 {
		text += fmt.Sprintf(" and goes no further: %s should move it on", service)
		if _, kept := x.journal.at(stop); !kept && b.Services[service].Because != "" {
			text += ", and " + b.Services[service].Because
		}
		return beginning{text: text, told: x.statusEntry(o), next: stop, also: also}
	}
	if b.State == "frozen" {
		if e, ok := x.back(x.journal.head(), func(e Entry) bool { return e.Kind == KindFrozen }); ok {
			return beginning{text: text + ", and the lab is frozen", told: x.statusEntry(o), next: e.Seq}
		}
	}
	return beginning{text: fmt.Sprintf("%s and on its way: %s is next", text, service), told: x.newest(o)}
}

// obstacle is the entry of what keeps a service from doing its part for an
// order; 0: nothing does.
func (x *why) obstacle(b *Board, o *Order, service string) (seq int64, also []condition) {
	svc := b.Services[service]
	if svc == nil {
		return 0, nil
	}
	if i := slices.IndexFunc(b.DeadLetters, func(d *Letter) bool { return d.Order == o.ID && d.Group == svc.Group && d.State == "waiting" }); i >= 0 {
		return b.DeadLetters[i].Seq, nil
	}
	for _, s := range svc.Seats {
		for _, block := range s.Blocked {
			for _, r := range b.Tapes[block.Topic][block.Partition].Records {
				if r.Order == o.ID {
					return x.failedBefore(block.Seq), []condition{{service, "dead_letter", "false"}}
				}
			}
		}
	}
	if svc.inVain() {
		i := slices.IndexFunc(b.Faults, func(f *Fault) bool { return f.Kind == "cut" && f.Service == service })
		return b.Faults[i].ID, nil
	}
	if svc.stuck() != "" {
		return svc.BecauseSeq, nil
	}
	if len(svc.Seats) == 0 {
		return x.stopped(service).Seq, nil
	}
	if b.isLost(o) {
		e, _ := x.back(x.journal.head(), func(e Entry) bool {
			return e.Seq > o.PlacedSeq && e.Service == service && e.Data != nil && e.Data.Service != nil && (e.Kind == KindCrashed || e.Data.Service.State == "stopped")
		})
		return e.Seq, nil
	}
	// It runs again, and what it had in hand when it crashed is gone.
	for _, h := range slices.Backward(o.Trail) {
		if h.Kind == KindCrashed && h.Service == service {
			return h.Seq, []condition{{service, "outbox", "false"}, {service, "commit", "before"}, {service, "commit", "auto"}}
		}
	}
	return 0, nil
}

// stopped is the entry that took the last instance of a service away.
func (x *why) stopped(service string) Entry {
	e, _ := x.back(x.journal.head(), func(e Entry) bool {
		return e.Service == service && e.Data != nil && e.Data.Service != nil && (e.Data.Service.State == "stopped" || e.Data.Service.Instances != nil && *e.Data.Service.Instances == 0)
	})
	return e
}

func (x *why) beginService(b *Board, name string) (beginning, error) {
	svc := b.Services[name]
	switch {
	case len(svc.Seats) == 0:
		e := x.stopped(name)
		return beginning{text: name + " has no instances", told: e}, nil
	case svc.Because != "":
		e, kept := x.journal.at(svc.BecauseSeq)
		if !kept {
			return beginning{text: svc.Because}, nil
		}
		state := svc.State
		if state == "crashed" {
			state = "down" // as the page and the journal say it
		}
		begin := beginning{text: fmt.Sprintf("%s is %s", name, state), told: e, next: e.Seq}
		if svc.State == "blocked" {
			begin.text, begin.also = svc.Because, []condition{{name, "dead_letter", "false"}}
			begin.next = x.failedBefore(e.Seq)
		}
		return begin, nil
	case svc.Slots.Because != "":
		e, _ := x.journal.at(svc.Slots.Seq)
		return beginning{text: svc.Slots.Because, told: e, next: svc.Slots.Seq}, nil
	case svc.Lag > 0:
		return x.beginLag(b, name, svc), nil
	}
	e, _ := x.back(x.journal.head(), func(e Entry) bool { return e.Service == name && e.Kind == KindRestarted })
	return beginning{text: name + " runs, and nothing waits for it", told: e}, nil
}

// failedBefore is the failed try that a retry is about.
func (x *why) failedBefore(retry int64) int64 {
	e, _ := x.journal.at(retry)
	if failed, _ := x.journal.at(e.Cause); failed.Kind == KindFailed {
		return failed.Seq
	}
	return retry
}

// beginLag explains why records wait for a service that runs.
func (x *why) beginLag(b *Board, name string, svc *Service) beginning {
	records := "records wait"
	if svc.Lag == 1 {
		records = "record waits"
	}
	begin := beginning{text: fmt.Sprintf("%d %s for %s", svc.Lag, records, name)}
	if i := slices.IndexFunc(b.Faults, func(f *Fault) bool { return f.Service == name && f.Kind == "slow" }); i >= 0 {
		begin.next = b.Faults[i].ID
		return begin
	}
	for _, s := range svc.Seats {
		if s.Because != "" {
			begin.next = s.BecauseSeq
			return begin
		}
	}
	var oldest *Record
	for topic, parts := range b.Groups[svc.Group].Offsets {
		for p, o := range parts {
			r := b.Tapes[topic][p].Records[max(o.Committed, 0)]
			if o.Lag > 0 && r != nil && (oldest == nil || r.Seq < oldest.Seq) {
				oldest = r
			}
		}
	}
	if oldest != nil {
		begin.next = oldest.Seq
		begin.text += fmt.Sprintf(", the oldest for %.1f s", float64(b.LabTime-oldest.At)/1000)
	}
	return begin
}

// statusEntry is the entry at which an order came to be what it is.
func (x *why) statusEntry(o *Order) Entry {
	for _, h := range slices.Backward(o.Trail) {
		if e, ok := x.journal.at(h.Seq); ok && e.Data != nil && e.Data.Order != nil && e.Data.Order.Status == o.Status {
			return e
		}
	}
	return Entry{}
}

// newest is the last thing that happened to an order.
func (x *why) newest(o *Order) Entry {
	for _, h := range slices.Backward(o.Trail) {
		if e, ok := x.journal.at(h.Seq); ok && (e.Kind != KindCrashed || o.Status != shop.Created) {
			return e
		}
	}
	return Entry{}
}
