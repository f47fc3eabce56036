package lab

import (
	"encoding/json"
	"fmt"
	"strings"

	"eddy/lab/shop"
)

// before is the entry that explains e best. Mostly it is its cause; a message
// that came again, and goods that were not there, have a better reason.
func (x *why) before(e Entry) int64 {
	switch {
	case e.Kind == KindDelivered && e.Topic != "":
		if again := x.again(e); again > 0 {
			return again
		}
	case e.Kind == KindFailed:
		// Nobody made it fail: the record itself is the reason, at every try.
		if c, _ := x.journal.at(e.Cause); c.Kind == KindHandling || c.Kind == KindDelivered {
			return x.recordOf(c)
		}
	case e.Kind == KindProduced && e.EventType == shop.StockReservationFailed:
		if empty := x.emptied(e); empty > 0 {
			return empty
		}
	}
	return e.Cause
}

// recordOf is why there is a record to be handled.
func (x *why) recordOf(e Entry) int64 {
	if d, _ := x.journal.at(e.Cause); e.Kind == KindHandling && d.Kind == KindDelivered {
		return d.Cause
	}
	return e.Cause
}

func isAt(e Entry, topic string, partition int32, offset int64) bool {
	return e.Topic == topic && e.Partition == partition && e.Offset == offset
}

// earlier is the newest entry about the same record and the same service before
// a delivery: there is one if the record came again.
func (x *why) earlier(e Entry) (Entry, bool) {
	p, ok := x.back(e.Seq-1, func(o Entry) bool {
		return isAt(o, e.Topic, e.Partition, e.Offset) && (o.Kind == KindProduced || o.Service == e.Service && o.Kind != KindCommitted)
	})
	return p, ok && p.Kind != KindProduced
}

// again is why a record was delivered once more, 0 where it was not.
func (x *why) again(e Entry) int64 {
	p, ok := x.earlier(e)
	switch {
	case !ok:
		return 0
	case p.Kind == KindRetrying:
		return x.failedBefore(p.Seq)
	case p.Kind == KindFailed, p.Kind == KindCrashed:
		return p.Seq
	}
	reason, ok := x.back(e.Seq-1, func(o Entry) bool {
		switch {
		case o.Seq <= p.Seq:
			return true // nothing in between tells
		case o.Service != e.Service:
			return false
		case o.Kind == KindCommitted: // set back
			return o.Topic == e.Topic && o.Partition == e.Partition && o.Offset <= e.Offset
		case o.Instance != p.Instance:
			return false
		}
		return o.Kind == KindCrashed || o.Kind == KindMemberLeft ||
			o.Kind == KindNote && (o.Data != nil && o.Data.Service != nil && o.Data.Service.State == "stopped" || strings.Contains(o.Text, " gives back "))
	})
	if !ok || reason.Seq <= p.Seq {
		return 0
	}
	return reason.Seq
}

// emptied is who took the goods that a reservation did not find.
func (x *why) emptied(failed Entry) int64 {
	x.mu.Lock()
	var items []shop.Item
	if o := x.board.Orders[failed.Order]; o != nil {
		items = o.Items
	}
	x.mu.Unlock()
	for _, it := range items {
		taken, ok := x.back(failed.Seq-1, func(e Entry) bool {
			if e.Data == nil || e.Data.Stock == nil || e.Order == failed.Order {
				return false
			}
			_, about := e.Data.Stock.Available[it.SKU]
			return about
		})
		if ok && taken.Data.Stock.Available[it.SKU] < it.Qty {
			x.taken = taken.Seq
			return taken.Seq
		}
	}
	return 0
}

// firstWords say what was asked about, even where it is a step that a chain
// leaves out.
func (x *why) firstWords(e Entry) string {
	if text := x.words(e); text != "" {
		return text
	}
	return strings.TrimSuffix(e.Text, "; its offset is not saved yet")
}

// words say what an entry has to do with a chain, "" where it is a step that
// goes without saying.
func (x *why) words(e Entry) string {
	switch e.Kind {
	case KindAction, KindNote, KindRefused:
		return x.doing(e)
	case KindProduced:
		return x.stands(e)
	case KindDelivered:
		return x.handedOut(e)
	case KindHandling, KindHandled, KindRetrying, KindRestarted, KindProjected:
		return ""
	case KindWritten, KindCompensated:
		switch d := e.Data; {
		case d == nil:
		case d.Money != nil && d.Money.Declined:
			return e.Text
		case d.Order != nil && d.Order.Status != "" && d.Order.Status != shop.Created:
			return e.Text
		case e.Seq == x.taken:
			return e.Text
		}
		return ""
	case KindMemberLeft, KindMemberJoined:
		if e.Service != "" && e.Cause > 0 {
			return "" // its crash, its stop or its start says more
		}
	case KindFault:
		// What was armed is what the action says; a strike shows in its effect.
		if c, ok := x.journal.at(e.Cause); ok && (c.Kind == KindAction || c.Kind == KindFault) {
			return ""
		}
	}
	return e.Text
}

// doing words an action, or what the lab says of itself. What an action brings
// about at once goes without saying.
func (x *why) doing(e Entry) string {
	if e.Kind == KindNote && !begins(e) && e.Data != nil && e.Data.Service != nil {
		switch c, _ := x.journal.at(e.Cause); {
		case e.Data.Service.State == "starting", e.Data.Service.Instances != nil && c.Kind == KindAction:
			return ""
		}
	}
	if e.Data == nil || e.Data.Action == nil || e.Data.Action.Name != "place_order" {
		return e.Text
	}
	var args placeOrder
	if raw, err := json.Marshal(e.Data.Action.Args); err == nil && json.Unmarshal(raw, &args) == nil && args.Method == "declined-card" {
		return e.Text + ", to be paid by a declined card"
	}
	return e.Text
}

// stands words a record on a topic.
func (x *why) stands(e Entry) string {
	what := e.EventType
	if what == "" {
		what = "something that is no event"
	}
	if e.Order != "" {
		what += " of " + e.Order
	}
	where := placeText(e.Topic, e.Partition, e.Offset)
	switch {
	case isDLQ(e.Topic) && e.Data != nil && e.Data.Letter != nil:
		d := e.Data.Letter
		return fmt.Sprintf("%s gave up %s after %s and put it on %s", d.Group, what, plural(d.Attempts, "try", "tries"), d.Topic)
	case e.Cause == 0:
		return fmt.Sprintf("%s came from outside, to %s", what, where)
	case x.isCopy(e):
		return fmt.Sprintf("%s stands on the log a second time, at %s", what, where)
	case e.Service != "":
		return fmt.Sprintf("%s wrote %s to %s", e.Service, what, where)
	}
	return fmt.Sprintf("%s stands at %s", what, where)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

func (x *why) isCopy(e Entry) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	first, known := x.board.known[e.EventID]
	return e.EventID != "" && known && first.produced < e.Seq
}

// handedOut words a delivery, where it was not the first.
func (x *why) handedOut(e Entry) string {
	p, ok := x.earlier(e)
	if !ok || p.Kind == KindRetrying || p.Kind == KindFailed {
		return ""
	}
	what := e.EventType
	if what == "" {
		what = "the record"
	}
	return fmt.Sprintf("%s was handed to %s a second time, from %s: its offset was not saved", what, nameOf(seat{e.Service, e.Instance}), placeText(e.Topic, e.Partition, e.Offset))
}
