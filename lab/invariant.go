package lab

import (
	"fmt"
	"slices"

	"eddy/lab/shop"
)

// invariantIDs are the promises of the shop, judged at every entry.
var invariantIDs = []string{
	"no-double-charge", "no-oversell", "no-paid-cancelled", "every-order-ends",
	"nothing-lost", "per-key-order", "per-user-order", "read-model-agrees",
}

// InvariantIDs lists the invariants, in the order in which a board shows them.
func InvariantIDs() []string { return slices.Clone(invariantIDs) }

// promise says in words what an invariant that holds means.
var promise = map[string]string{
	"no-double-charge":  "no order was charged more than once",
	"no-oversell":       "no more was reserved than there was",
	"no-paid-cancelled": "no cancelled order is still paid for",
	"every-order-ends":  "every order is COMPLETED or CANCELLED",
	"nothing-lost":      "every accepted order has its OrderCreated on the topic",
	"per-key-order":     "every group handled the events of each order in the order in which they were produced",
	"per-user-order":    "every group handled the events of each user in the order in which they were produced",
	"read-model-agrees": "the read model shows what the write side knows",
}

// violation is one case of a broken invariant, with the entries that prove it.
type violation struct {
	because  string
	evidence []int64
}

// judged is what the invariants remember. A violation that time can mend
// (soft) breaks its invariant only once the lab is settled; one that it cannot
// mend (hard) breaks it at once and for good.
type judged struct {
	hard     map[string]map[string]violation // invariant → order or other subject
	soft     map[string]map[string]violation
	captures map[string][]int64          // order → entries of its captures
	handled  map[orderKey]handledInOrder // what a group handled of an order or user
	stale    map[string]bool             // invariants to be judged again
	settled  bool
}

type orderKey struct{ scope, group, topic, subject string }

// handledInOrder is how far a group came with one subject.
type handledInOrder struct {
	newest    int64 // seq of the newest produced entry among what was handled
	newestRun int64 // seq of its handled entry
	eventType string
	order     string // id
}

func newJudged() judged {
	return judged{
		hard: map[string]map[string]violation{}, soft: map[string]map[string]violation{},
		captures: map[string][]int64{}, handled: map[orderKey]handledInOrder{}, stale: map[string]bool{},
	}
}

func (j *judged) mark(hard bool, invariant, subject string, v *violation) {
	set := j.soft
	if hard {
		set = j.hard
	}
	j.stale[invariant] = true
	if v == nil {
		delete(set[invariant], subject)
		return
	}
	if set[invariant] == nil {
		set[invariant] = map[string]violation{}
	}
	set[invariant][subject] = *v
}

// forget drops what is remembered about an order that left the board; proven
// violations stay.
func (b *Board) forget(id string) {
	delete(b.captures, id)
	for _, event := range b.eventsOf[id] {
		delete(b.known, event)
	}
	delete(b.eventsOf, id)
	for _, inv := range []string{"every-order-ends", "no-paid-cancelled", "read-model-agrees"} {
		b.judged.mark(false, inv, id, nil)
	}
	for _, name := range ServiceNames {
		for _, topic := range subscriptions[name] {
			delete(b.handled, orderKey{"order", GroupID(name), topic, id})
		}
	}
}

func (b *Board) judgeMoney(e Entry, o *Order, m *shop.MoneyFact) {
	if !m.Refund {
		b.captures[o.ID] = append(b.captures[o.ID], e.Seq)
		b.stale["no-double-charge"] = true
		if got := b.captures[o.ID]; len(got) > 1 {
			b.mark(true, "no-double-charge", o.ID, &violation{
				fmt.Sprintf("%s was charged %d times", b.called(o), len(got)), slices.Clone(got)})
		}
	}
}

func (b *Board) judgeStatus(e Entry, o *Order) {
	var open, paid *violation
	if o.Status != shop.Completed && o.Status != shop.Cancelled {
		open = &violation{fmt.Sprintf("%s is still %s", b.called(o), o.Status), []int64{o.PlacedSeq}}
	}
	if o.Status == shop.Cancelled && o.Net > 0 {
		paid = &violation{fmt.Sprintf("%s is CANCELLED, and %s were not given back", b.called(o), shop.Money(o.Net)),
			append(slices.Clone(b.captures[o.ID]), e.Seq)}
	}
	b.mark(false, "every-order-ends", o.ID, open)
	b.mark(false, "no-paid-cancelled", o.ID, paid)
	b.stale["nothing-lost"] = true
}

func (b *Board) judgeStock(e Entry, f *shop.StockFact) {
	for sku, n := range f.Available {
		if n < 0 {
			b.mark(true, "no-oversell", sku, &violation{fmt.Sprintf("%d more of %s were reserved than there were", -n, sku), []int64{e.Seq}})
		}
	}
	b.stale["no-oversell"] = true
}

// judgeRead compares what the read model shows of an entry's order with what is
// true.
func (b *Board) judgeRead(e Entry) {
	o := b.Orders[e.Order]
	if o == nil {
		return
	}
	status, version := "nothing", 0
	if row := b.ReadModel.Orders[e.Order]; row != nil {
		status, version = row.Status, row.Version
	}
	b.late(e, o, o.Version-version)
	var v *violation
	if status != o.Status {
		seq := o.PlacedSeq
		if len(o.Trail) > 0 {
			seq = o.Trail[len(o.Trail)-1].Seq
		}
		v = &violation{fmt.Sprintf("%s is %s, and the read model shows %s", b.called(o), o.Status, status), []int64{seq}}
	}
	b.mark(false, "read-model-agrees", o.ID, v)
}

// judgeOrder follows the order of handling. Only the first successful handling
// of an event counts: redeliveries are exempt.
func (b *Board) judgeOrder(e Entry) {
	if e.Topic == "" || e.EventID == "" || isDLQ(e.Topic) {
		return
	}
	event, known := b.known[e.EventID]
	bit := uint8(1) << slices.Index(ServiceNames, e.Service)
	if !known || event.handled&bit != 0 {
		return
	}
	event.handled |= bit
	b.known[e.EventID] = event
	group := GroupID(e.Service)
	b.inOrder("per-key-order", orderKey{"order", group, e.Topic, e.Order}, e, event.produced)
	if o := b.Orders[e.Order]; o != nil && o.User != "" {
		b.inOrder("per-user-order", orderKey{"user", group, e.Topic, o.User}, e, event.produced)
	}
}

func (b *Board) inOrder(invariant string, key orderKey, e Entry, produced int64) {
	h := b.handled[key]
	b.stale[invariant] = true
	if produced < h.newest {
		of := ""
		if key.scope == "user" {
			of = ", both of " + key.subject
		}
		b.mark(true, invariant, key.group+" "+key.subject, &violation{
			fmt.Sprintf("%s handled %s of order %s after the newer %s of order %s%s", key.group, e.EventType, b.name(e.Order), h.eventType, b.name(h.order), of),
			[]int64{produced, h.newest, h.newestRun, e.Seq}})
		return
	}
	b.handled[key] = handledInOrder{produced, e.Seq, e.EventType, e.Order}
}

// lost finds accepted orders whose OrderCreated is on no topic.
func (b *Board) lost() map[string]violation {
	found := map[string]violation{}
	for id, seq := range b.accepted {
		v := violation{fmt.Sprintf("order %s was accepted, and its OrderCreated is on no topic", b.name(id)), []int64{seq}}
		if lost, ok := b.unstored[id]; ok && lost.eventType == shop.OrderCreated {
			v.because, v.evidence = v.because+": a broker died with it", append(v.evidence, lost.seq)
		}
		found[id] = v
	}
	return found
}

// judge judges what an entry may have changed. Whatever moves unsettles the
// lab; what is merely said leaves it as it was.
func (b *Board) judge(e Entry) []Verdict { return b.verdicts(b.settled && !e.moves()) }

// verdicts judges what may have changed since the last call. What merely
// passes between holds and pending is part of the fold and is changed in
// place; a verdict that becomes broken, or ceases to be, is returned, because
// it deserves an entry. settled says that nothing is in flight, so what time
// could mend is not going to be mended.
func (b *Board) verdicts(settled bool) (news []Verdict) {
	if settled != b.settled {
		b.settled = settled
		for _, id := range invariantIDs {
			b.stale[id] = true
		}
	}
	for _, id := range invariantIDs {
		if !b.stale[id] {
			continue
		}
		old, v := b.Invariants[id], b.verdict(id, settled)
		switch {
		case old.State == v.State && old.Because == v.Because && slices.Equal(old.Evidence, v.Evidence):
		case old.State == "broken" || v.State == "broken":
			news = append(news, v)
		case settled:
			// Settling is no entry: what it finds is news or nothing.
		default:
			b.Invariants[id] = &v
			b.touch("invariants", id)
		}
	}
	clear(b.stale)
	return news
}

func (b *Board) verdict(id string, settled bool) Verdict {
	if len(b.hard[id]) > 0 {
		return b.summed(id, "broken", b.hard[id])
	}
	open := len(b.soft[id])
	if id == "nothing-lost" {
		open = len(b.accepted)
	}
	switch {
	case open == 0:
	case !settled:
		// Not yet: the numbers may move at every entry, so the sentence says
		// how many and no more.
		return Verdict{ID: id, State: "pending", Because: fmt.Sprintf("%d under way", open), Evidence: []int64{}}
	case id == "nothing-lost":
		return b.summed(id, "broken", b.lost())
	default:
		return b.summed(id, "broken", b.soft[id])
	}
	return Verdict{ID: id, State: "holds", Because: promise[id], Evidence: []int64{}}
}

// summed names the first violation, and how many more there are.
func (b *Board) summed(id, state string, found map[string]violation) Verdict {
	var first *violation
	for _, v := range found {
		if first == nil || v.evidence[0] < first.evidence[0] {
			first = &v
		}
	}
	because := first.because
	if n := len(found) - 1; n > 0 {
		because += fmt.Sprintf(", and %d more like it", n)
	}
	return Verdict{ID: id, State: state, Because: because, Evidence: first.evidence}
}

// called names an order as people do.
func (b *Board) called(o *Order) string { return "order " + b.name(o.ID) }

func (b *Board) name(id string) string {
	if o := b.Orders[id]; o != nil && o.Handle != "" {
		return o.Handle
	}
	return id
}
