package lab

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// valuesOf is the state of an order as it is shown. Address and reason stand
// there only where the stream has something to say about them.
func valuesOf(o pattern.Order, address, reason bool) []Value {
	list := []Value{
		{Name: "status", Value: orDash(o.Status)}, {Name: "total", Value: shop.Money(o.Total)},
		{Name: "charged", Value: shop.Money(o.Charged)}, {Name: "reserved", Value: pieces(o.Reserved)},
	}
	if address {
		list = append(list, Value{Name: "address", Value: orDash(o.Address)})
	}
	if reason {
		list = append(list, Value{Name: "reason", Value: orDash(o.Reason)})
	}
	return append(list, Value{Name: "version", Value: strconv.Itoa(o.Version)})
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func pieces(lines []pattern.Line) string {
	n := 0
	for _, l := range lines {
		n += l.Qty
	}
	if n == 0 {
		return "nothing"
	}
	return plural(n, "item", "items")
}

// because is the sentence that a value owes, told by the event that set it.
func because(e StreamEvent) []Piece {
	said := []Piece{{Text: "Because "}, {Text: fmt.Sprintf("v%d %s", e.Version, e.Type), Version: e.Version}, {Text: " says so, at "}, {Text: tenthsText(e.At), Seq: e.Entry}, {Text: "."}}
	switch c := e.Cause; {
	case c == nil:
		return said
	case c.Topic != "":
		return append(said, Piece{Text: " It was caused by "}, Piece{Text: c.Text + ".", Seq: c.Seq})
	default:
		return append(said, Piece{Text: " It was caused by an action: "}, Piece{Text: c.Text + ".", Seq: c.Seq})
	}
}

// tenthsText is lab time as the page writes it.
func tenthsText(ms int64) string {
	tenths := max(ms, 0) / 100
	return fmt.Sprintf("%02d:%02d.%d", tenths/600, tenths%600/10, tenths%10)
}

// rowOf is the row of an order, column by column.
func rowOf(o *Order) []RowColumn {
	var goods []string
	for _, it := range o.Items {
		goods = append(goods, fmt.Sprintf("%s × %d", it.SKU, it.Qty))
	}
	return []RowColumn{
		{"order_id", o.ID}, {"user_id", o.User}, {"items", strings.Join(goods, ", ")}, {"total", strconv.FormatInt(o.Total, 10)},
		{"address", o.Address}, {"status", o.Status}, {"reason", o.Reason}, {"version", strconv.Itoa(o.Version)},
	}
}

// forgot asks what a row cannot answer, of the stream up to the moment that is
// told of.
func (t *streamTeller) forgot() []Forgot {
	list := []Forgot{}
	upTo := min(t.s.Version, len(t.s.Events))
	if t.s.Missing > 0 || upTo == 0 {
		return list
	}
	paid, isPaid := t.newest("OrderPaid", upTo)
	cancelled, isCancelled := t.newest(shop.OrderCancelled, upTo)
	switch {
	case isPaid:
		list = append(list, Forgot{"When was it paid, and how?", fmt.Sprintf("It says %s. It has no column for when, and none for how.", t.then.Status), howPaid(paid), paid.Version})
	case isCancelled:
		list = append(list, Forgot{"Was it ever paid?", "It says CANCELLED. Whether money came and went, it does not say.",
			fmt.Sprintf("No: there is no OrderPaid among its %s.", plural(upTo, "event", "events")), cancelled.Version})
	}
	if isCancelled && cancelled.Version > 1 {
		before := t.s.Events[cancelled.Version-2]
		list = append(list, Forgot{"What was it before it was cancelled, and until when?", "CANCELLED has overwritten it.",
			fmt.Sprintf("%s, until %s.", before.State[0].Value, tenthsText(cancelled.At)), cancelled.Version})
	}
	if amended, ok := t.newest(shop.OrderAmended, upTo); ok && amended.Version > 1 {
		was := "none was known"
		for _, v := range t.s.Events[amended.Version-2].State {
			if v.Name == "address" && v.Value != "–" {
				was = v.Value
			}
		}
		list = append(list, Forgot{"What was the address before?", fmt.Sprintf("%s is all it has: the UPDATE wrote over the rest.", t.then.Address),
			fmt.Sprintf("Before %s: %s.", tenthsText(amended.At), was), amended.Version})
	}
	if len(list) == 0 {
		list = append(list, Forgot{"When did it become what it is?", fmt.Sprintf("It says %s, and not since when.", t.then.Status), fmt.Sprintf("At %s.", tenthsText(t.s.Events[upTo-1].At)), upTo})
	}
	return list
}

func howPaid(e StreamEvent) string {
	var says pattern.OrderFacts
	if json.Unmarshal(e.Data, &says) != nil {
		return fmt.Sprintf("At %s.", tenthsText(e.At))
	}
	how := ""
	if says.Method != "" {
		how = " by " + says.Method
	}
	if says.PaymentID != "" {
		how += ", payment " + says.PaymentID
	}
	return fmt.Sprintf("At %s: %s%s.", tenthsText(e.At), shop.Money(says.Amount), how)
}
