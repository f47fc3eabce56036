package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"eddy/lab/shop"
)

// rules say who is in charge, by style.
var rules = map[string]string{
	"choreography":  "Nobody is in charge. Each service knows its own part.",
	"orchestration": "The orchestrator is in charge. The others do as they are told.",
	"sync":          "The order service calls the others and waits.",
}

// titles of columns, in the shop's order.
var titles = []Column{
	{"outside", "Outside"}, {"order", "Order"}, {"orchestrator", "Orchestrator"}, {"payment", "Payment"},
	{"inventory", "Inventory"}, {"notification", "Notification"}, {"projector", "Projector"},
}

// choreographed are the services that react to an event of a choreographed
// order. The order service adopts orders from outside beside that.
var choreographed = map[string][]string{
	shop.OrderCreated:           {"payment"},
	shop.PaymentCompleted:       {"inventory", "order"},
	shop.PaymentFailed:          {"order"},
	shop.StockReserved:          {"order", "notification"},
	shop.StockReservationFailed: {"payment"},
	shop.PaymentRefunded:        {"order", "inventory"},
	shop.OrderCancelled:         {"payment"},
}

// compensations undo an earlier step.
var compensations = []string{"RefundPayment", "ReleaseStock", shop.PaymentRefunded, shop.StockReleased}

// messageKind says what a message is. A reply tells of a compensation and is
// none: it is an event like any other.
func messageKind(eventType, topic string) string {
	switch {
	case slices.Contains(compensations, eventType) && topic != "saga-replies":
		return "compensation"
	case shop.Commands[eventType] != "" || strings.HasSuffix(topic, "-commands"):
		return "command"
	case topic == "" && strings.HasPrefix(eventType, "Get"):
		return "query"
	}
	return "event"
}

// readers are who will handle a record of an order told in a style.
func readers(style string, m *Message) []string {
	service, isCommand := strings.CutSuffix(m.Topic, "-commands")
	switch {
	case m.Call:
		return nil
	case isCommand:
		return []string{service}
	case m.Topic == "saga-replies":
		return []string{"orchestrator"}
	case style == "orchestration" && m.Type == shop.OrderCreated:
		return []string{"orchestrator"}
	case style == "choreography":
		return choreographed[m.Type]
	}
	return nil
}

// story is what the entries that were seen add up to.
func (t *teller) story() Story {
	s := Story{
		Order: t.id, Handle: t.fact.Handle, User: t.fact.User, Items: t.fact.Items, Total: t.fact.Total, Style: t.style(),
		Seq: t.seq, At: t.at, Note: t.note, Status: t.status, Ended: isFinal(t.status),
		Messages: t.messages, Bars: t.bars, Marks: t.marks, Totals: t.totals, Columns: []Column{}, Gaps: []Gap{},
	}
	s.Rule = rules[s.Style]
	for _, m := range s.Messages {
		t.arrive(s.Style, m)
	}
	if s.Items == nil {
		s.Items = []shop.Item{}
	}
	if s.Messages == nil {
		s.Messages = []*Message{}
	}
	if s.Bars == nil {
		s.Bars = []*Bar{}
	}
	if s.Marks == nil {
		s.Marks = []Mark{}
	}
	slices.SortStableFunc(s.Marks, func(a, b Mark) int { return cmp.Compare(a.Seq, b.Seq) })
	s.columns()
	s.gaps()
	s.count()
	t.because(&s)
	return s
}

// style is the one that the order started in; where that is not known, what its
// messages look like.
func (t *teller) style() string {
	if t.fact.Saga != "" {
		return t.fact.Saga
	}
	for _, m := range t.messages {
		switch {
		case m.Call:
			return "sync"
		case strings.HasSuffix(m.Topic, "-commands"), m.Topic == "saga-replies":
			return "orchestration"
		}
	}
	return "choreography"
}

// arrive says of a record who is still to get it, and what is lost.
func (t *teller) arrive(style string, m *Message) {
	if m.State == "lost" {
		return
	}
	behind := func(service string) bool { return t.saved[groupAt{service, tp{m.Topic, m.Partition}}] > m.Offset }
	for _, service := range readers(style, m) {
		if m.last(service) == nil && !behind(service) {
			m.To = append(m.To, &Delivery{Service: service, State: "waiting"})
		}
	}
	for _, to := range m.To {
		switch {
		case to.State == "crashed" && behind(to.Service) && m.last(to.Service) == to:
			to.State = "lost" // the offset was saved, and nobody has done it
		case to.State == "delivered" && behind(to.Service):
			to.State = "passed"
		}
		if (to.State == "waiting" || to.State == "crashed") && m.last(to.Service) == to {
			m.State = "on_its_way"
		}
	}
	if len(m.To) == 0 {
		m.State = "alone"
	}
	slices.SortStableFunc(m.To, func(a, b *Delivery) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(rank(a.Service), rank(b.Service)))
	})
}

// weight orders deliveries: those that moved the order on come first.
func (d *Delivery) weight() int {
	switch {
	case d.Again:
		return 0
	case d.leads:
		return 3
	case d.Useful:
		return 2
	}
	return 1
}

// columns are the services that take part.
func (s *Story) columns() {
	part := map[string]bool{"order": true}
	for _, m := range s.Messages {
		part[m.From] = true
		for _, to := range m.To {
			part[to.Service] = true
		}
	}
	for _, b := range s.Bars {
		part[b.Service] = true
	}
	if s.Style == "orchestration" {
		part["orchestrator"] = true
	}
	for _, c := range titles {
		if part[c.Name] {
			s.Columns = append(s.Columns, c)
		}
	}
}

// gaps finds when nobody had the order in hand.
func (s *Story) gaps() {
	type point struct{ seq, at int64 }
	var points []point
	add := func(seq, at int64) {
		if seq > 0 {
			points = append(points, point{seq, at})
		}
	}
	for _, m := range s.Messages {
		add(m.Seq, m.At)
		for _, to := range m.To {
			add(to.Seq, to.At)
		}
	}
	working := false
	for _, b := range s.Bars {
		add(b.Seq, b.At)
		add(b.EndSeq, b.EndAt)
		working = working || b.EndSeq == 0
	}
	for _, m := range s.Marks {
		add(m.Seq, m.At)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.seq, b.seq) })
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		busy := slices.ContainsFunc(s.Bars, func(b *Bar) bool { return b.Seq <= from.seq && (b.EndSeq == 0 || b.EndSeq >= to.seq) })
		if to.at-from.at >= gapLeast && !busy {
			s.Gaps = append(s.Gaps, Gap{FromSeq: from.seq, From: from.at, ToSeq: to.seq, To: to.at})
		}
	}
	if n := len(points); n > 0 && !s.Ended && !working && s.At-points[n-1].at >= gapLeast {
		s.Gaps = append(s.Gaps, Gap{FromSeq: points[n-1].seq, From: points[n-1].at, ToSeq: s.Seq, To: s.At, Open: true})
	}
}

// count adds up the messages, and says who knows the next step: in a
// choreography everybody who reacted to an event by himself.
func (s *Story) count() {
	n := &s.Totals
	reacted := map[string]bool{}
	for _, m := range s.Messages {
		switch {
		case m.Call:
			n.Calls++
		case m.State == "lost" && m.Topic == "":
			continue
		case shop.Commands[m.Type] != "":
			n.Commands++
		default:
			n.Events++
		}
		if m.Copy {
			n.Copies++
		}
		for _, to := range m.To {
			reacted[to.Service] = reacted[to.Service] || to.State == "handled" || to.State == "skipped"
		}
	}
	n.Messages = n.Events + n.Commands + n.Calls
	n.Net = n.Charged - n.Refunded
	n.Knows = Knows{Count: 1, Unit: "place", Who: []string{"order"}}
	switch s.Style {
	case "orchestration":
		n.Knows.Who = []string{"orchestrator"}
	case "choreography":
		n.Knows = Knows{Unit: "services", Who: []string{}}
		for _, c := range s.Columns {
			if reacted[c.Name] {
				n.Knows.Who = append(n.Knows.Who, c.Name)
			}
		}
		if n.Knows.Count = len(n.Knows.Who); n.Knows.Count == 1 {
			n.Knows.Unit = "service"
		}
	}
}

// because says why the order ended as it did, or what it waits for.
func (t *teller) because(s *Story) {
	say := func(seq, at int64, format string, args ...any) {
		s.Because, s.BecauseSeq, s.BecauseAt = fmt.Sprintf(format, args...), seq, at
	}
	mark := func(kind string) (m Mark, ok bool) {
		i := slices.IndexFunc(s.Marks, func(m Mark) bool { return m.Kind == kind })
		if i < 0 {
			return m, false
		}
		return s.Marks[i], true
	}
	if s.Status == shop.Cancelled {
		if m, ok := mark("no_stock"); ok {
			say(m.Seq, m.At, "Cancelled because Inventory had %s", m.Text)
		} else if m, ok := mark("declined"); ok {
			say(m.Seq, m.At, "Cancelled because the gateway said no: %s", m.Text)
		} else {
			say(t.final, t.ends, "Cancelled because %s", cmp.Or(strings.ReplaceAll(t.reason, "_", " "), "somebody asked for it"))
		}
		return
	}
	if s.Status == shop.Completed {
		say(t.final, t.ends, "Completed because %s was paid and %s reserved", shop.Money(s.Totals.Net), goods(s.Items))
		return
	}
	for _, m := range slices.Backward(s.Messages) {
		if m.State == "lost" {
			say(m.Seq, m.At, "It waits in vain because %s was lost, and nobody sends it again", m.Type)
			return
		}
		for _, to := range m.To {
			if m.last(to.Service) != to {
				continue
			}
			name := title(to.Service)
			down, isDown := t.notRunning(to)
			switch {
			case to.State == "dead_lettered":
				say(to.EndSeq, to.EndAt, "It stands still because %s gave %s up after %s: %s", name, m.Type, plural(max(to.Tries, 1), "try", "tries"), to.Error)
			case to.State == "lost":
				say(to.EndSeq, to.EndAt, "It waits in vain because %s crashed with %s in hand, and its offset was saved before it was done", name, m.Type)
			case to.State == "retrying" || to.State == "failed":
				say(m.Seq, m.At, "%s waits because %s failed at it (%s) and tries again", m.Type, name, to.Error)
			case (to.State == "waiting" || to.State == "crashed") && isDown:
				say(down.seq, down.at, "%s waits for %s because %s", m.Type, name, strings.TrimPrefix(down.because, "because "))
			default:
				continue
			}
			return
		}
	}
}

// notRunning tells why the service of a delivery does not run: all of it that
// is known does not.
func (t *teller) notRunning(to *Delivery) (why downtime, is bool) {
	for at, d := range t.down {
		if at.service == to.Service && (to.Instance == 0 || to.Instance == at.instance) && d.seq > why.seq {
			why, is = d, true
		}
	}
	return why, is
}

func rank(service string) int {
	return slices.IndexFunc(titles, func(c Column) bool { return c.Name == service })
}

func title(service string) string {
	if i := rank(service); i >= 0 {
		return titles[i].Title
	}
	return service
}

// goods are the lines of an order in a few words.
func goods(items []shop.Item) string {
	var words []string
	for _, it := range items {
		words = append(words, fmt.Sprintf("%d %s", it.Qty, strings.ToLower(cmp.Or(it.Name, it.SKU))))
	}
	return cmp.Or(strings.Join(words, " and "), "the goods")
}

// shortage says what was not there.
func shortage(reason string, items []shop.Item) string {
	switch {
	case reason == "unknown_sku":
		return "no such product: " + goods(items)
	case len(items) == 1 && items[0].Qty == 1:
		return "no " + strings.ToLower(cmp.Or(items[0].Name, items[0].SKU)) + " left"
	}
	return "no " + goods(items) + " left"
}

// reasonOf reads the reason out of a failure's record; "" where it says none.
func reasonOf(r *Record) string {
	var event struct {
		Data struct {
			Reason string `json:"reason"`
		} `json:"data"`
	}
	if r == nil || json.Unmarshal([]byte(r.Value), &event) != nil {
		return ""
	}
	return event.Data.Reason
}
