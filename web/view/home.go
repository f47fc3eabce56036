package view

import "strconv"

// leg is one service of the drawing on the home page and the topic it writes.
type leg struct {
	service, does string
	topic, events string
	tapes         []string // letters of the orders on each partition
}

func journeyLegs() []leg {
	return []leg{
		{"Order", "accepts the order", "orders", "OrderCreated, OrderCompleted", []string{"BB", "EAEDAD", "CC"}},
		{"Payment", "charges the card", "payments", "PaymentCompleted", []string{"B", "EAD", "C"}},
		{"Inventory", "keeps a keyboard", "inventory", "StockReserved", []string{"B", "EAD", "C"}},
		{"Notification", "sends a mail", "notifications", "NotificationSent", []string{"B", "EAD", "C"}},
	}
}

func (leg) shift(i int) string { return translate(0, 140*i) }

// write and read number the arrows: out of a service, and on to the next one.
func (leg) write(i int) string { return strconv.Itoa(2*i + 1) }
func (leg) read(i int) string  { return strconv.Itoa(2*i + 2) }

// number counts the steps where the way is a list and not a drawing.
func (leg) number(i int) string { return strconv.Itoa(i + 1) }

func tapeShift(p int) string     { return translate(0, 21+32*p) }
func cellShift(n int) string     { return translate(330+34*n, 0) }
func partitionName(p int) string { return "p" + strconv.Itoa(p) }

func translate(x, y int) string {
	return "translate(" + strconv.Itoa(x) + " " + strconv.Itoa(y) + ")"
}

// thingsToTry are experiments that the free lab is ready for, in three columns.
func thingsToTry() [][]string {
	return [][]string{
		{"Crash Payment after it charged", "Send the same record twice", "Stop a reader and watch its lag"},
		{"Let the bank decline a card", "Sell out, and see the money go back", "Put a broken record on a topic"},
		{"Run Payment in two seats", "Commit before the work, then crash", "Freeze the lab, go step by step"},
	}
}

func ordinal(column, row int) string { return strconv.Itoa(3*column + row + 1) }
