package lab

import (
	"fmt"
	"slices"

	"eddy/lab/shop"
)

// Call is a synchronous call that is under way: its caller waits for it, or it
// takes up a slot of who was called, or both.
type Call struct {
	ID       string `json:"id"`
	Caller   string `json:"caller"` // an instance, like order-1; "shop" for a customer
	Service  string `json:"service"`
	Instance int    `json:"instance"` // 0: nobody has it yet
	Type     string `json:"type"`
	Order    string `json:"order"`
	State    string `json:"state"` // calling, waiting (for a slot), serving, done
	Since    int64  `json:"since"` // lab time, ms
	Seq      int64  `json:"seq"`   // of the entry it began with
	// Waits is false once the caller gave up, or is down: the call is worked on
	// all the same.
	Waits bool `json:"waits"`
}

// Slots are how many calls a service, or an instance of it, can serve at once.
type Slots struct {
	Total   int    `json:"total"`
	Used    int    `json:"used"`
	Waiting int    `json:"waiting"`     // calls in line for one
	Because string `json:"because"`     // why none is free, "" where one is
	Seq     int64  `json:"because_seq"` // of the entry to look at
	Root    string `json:"root"`        // the service that has to get well first, "" where one is free
}

// applyCall follows a call from its caller to its server and back.
func (b *Board) applyCall(e Entry, f *shop.CallFact) {
	c := b.Calls[f.ID]
	state := f.State
	if b.isDown(e.Service, e.Instance) {
		return // what one that is down says late moves nothing any more
	}
	if c == nil {
		switch shop.Point(state) {
		case shop.Calling, shop.Queued, shop.Called:
		default:
			return
		}
		c = &Call{ID: f.ID, Caller: f.Caller, Service: f.Service, Type: f.Type, Order: e.Order, Since: e.At, Seq: e.Seq,
			Waits: shop.Point(state) == shop.Calling || f.Caller == shop.Customer}
		b.Calls[f.ID] = c
	}
	switch shop.Point(state) {
	case shop.Calling:
		c.State = "calling"
	case shop.Queued:
		c.State, c.Instance = "waiting", f.Instance
	case shop.Called:
		c.State, c.Instance = "serving", f.Instance
	case callDone:
		c.State = "done"
		c.Waits = c.Waits && c.Caller != shop.Customer // he has the answer
	case shop.Answered, shop.GaveUp:
		c.Waits = false
	}
	b.settleCall(c)
	b.countSlots()
	if o := b.Orders[e.Order]; o != nil {
		b.wait(o)
	}
}

// settleCall takes a call off the board once nobody waits for it and it takes
// up no slot.
func (b *Board) settleCall(c *Call) {
	if !c.Waits && c.State != "serving" {
		delete(b.Calls, c.ID)
	}
	b.touch("calls", c.ID)
}

// endCalls notes that an instance is down: what it served is served no more,
// and it waits for nothing.
func (b *Board) endCalls(service string, instance int) {
	name := nameOf(seat{service, instance})
	for _, c := range b.Calls {
		served := c.Service == service && c.Instance == instance
		if !served && c.Caller != name {
			continue
		}
		if served {
			c.State = "done"
			c.Waits = c.Waits && c.Caller != shop.Customer
		}
		if c.Caller == name {
			c.Waits = false
		}
		b.settleCall(c)
	}
}

func (b *Board) isDown(service string, instance int) bool {
	svc := b.Services[service]
	return svc != nil && slices.ContainsFunc(svc.Seats, func(s *Seat) bool {
		return s.Instance == instance && (s.State == "crashed" || s.State == "stopped")
	})
}

// countSlots counts who is served where, and says why a slot is not to be had.
func (b *Board) countSlots() {
	for _, name := range ServiceNames {
		svc := b.Services[name]
		if svc == nil || name == "projector" || name == "orchestrator" {
			continue // nobody calls them
		}
		sum, changed := Slots{}, false
		seats := slices.Clone(svc.Seats)
		for i, s := range seats {
			now := Slots{Total: b.Settings.Slots}
			if s.State == "crashed" || s.State == "stopped" {
				now.Total = 0
			}
			for _, c := range b.Calls {
				if c.Service == name && c.Instance == s.Instance {
					switch c.State {
					case "serving":
						now.Used++
					case "waiting":
						now.Waiting++
					}
				}
			}
			if now.Total > 0 && now.Used >= now.Total {
				now.Because, now.Seq, now.Root = b.whyFull(name, s, now.Used)
				if sum.Because == "" {
					sum.Because, sum.Seq, sum.Root = now.Because, now.Seq, now.Root
				}
			}
			sum.Total, sum.Used, sum.Waiting = sum.Total+now.Total, sum.Used+now.Used, sum.Waiting+now.Waiting
			if s.Slots != now {
				own := *s
				own.Slots, seats[i], changed = now, &own, true
			}
		}
		if sum.Used < sum.Total { // one instance is full, and another is not
			sum.Because, sum.Seq, sum.Root = "", 0, ""
		}
		if changed || svc.Slots != sum {
			svc.Seats, svc.Slots = seats, sum
			b.touch("services", name)
		}
	}
}

// whyFull says why an instance has no free slot: whom its calls wait for, or
// what keeps it from ending them.
func (b *Board) whyFull(name string, s *Seat, used int) (because string, seq int64, root string) {
	me := nameOf(seat{name, s.Instance})
	waits := map[string]int{}
	abandoned := 0
	for _, c := range b.Calls {
		if c.Caller == me && c.Waits {
			waits[c.Service]++
		}
		if c.Service == name && c.Instance == s.Instance && c.State == "serving" && !c.Waits {
			abandoned++
		}
	}
	var callee string
	for _, name := range ServiceNames {
		if waits[name] > waits[callee] {
			callee = name
		}
	}
	if callee != "" {
		why := b.ailment(callee)
		text := fmt.Sprintf("%s has no free slot because its %s", me, plural(waits[callee], "call waits", "calls wait"))
		return fmt.Sprintf("%s for %s%s", text, callee, why.which), why.seq, callee
	}
	why := b.ailment(name)
	text := fmt.Sprintf("%s has no free slot because %s under way", me, plural(used, "call is", "calls are"))
	if abandoned > 0 {
		text += fmt.Sprintf(", %d of them for callers that gave up", abandoned)
	}
	return text + why.andItIs, why.seq, name
}

// ailment is what keeps a service from answering, as the end of a sentence.
type ailment struct {
	which, andItIs string // ", which is slow …", ", and it is slow …"
	seq            int64
}

// ailment is what is wrong with a service that is called.
func (b *Board) ailment(name string) ailment {
	svc := b.Services[name]
	if svc == nil {
		return ailment{}
	}
	for _, s := range svc.Seats {
		if s.State == "paused" || s.State == "crashed" {
			return ailment{fmt.Sprintf(", which is %s since %s", s.State, clockText(s.Since)), fmt.Sprintf(", and it is %s since %s", s.State, clockText(s.Since)), s.BecauseSeq}
		}
	}
	for _, f := range b.Faults {
		if f.Service == name && f.Kind == "slow" {
			since := fmt.Sprintf("slow since %s (you)", clockText(f.Since))
			return ailment{", which is " + since, ", and it is " + since, f.ID}
		}
		if f.Service == name && f.Kind == "cut" {
			cut := fmt.Sprintf("cut off from %s since %s (you)", sideOf(f.From), clockText(f.Since))
			return ailment{", which is " + cut, ", and it is " + cut, f.ID}
		}
	}
	if svc.Slots.Total > 0 && svc.Slots.Used >= svc.Slots.Total && svc.Slots.Waiting > 0 {
		return ailment{", which has no free slot itself", "", svc.Slots.Seq}
	}
	return ailment{}
}

// clockText writes lab time as mm:ss.
func clockText(ms int64) string { return fmt.Sprintf("%02d:%02d", ms/60_000, ms/1000%60) }

// callee is whom an order waits for that is fulfilled by calls: the service
// that was called last for it, or the order service.
func (b *Board) callee(o *Order) string {
	if c := b.callFor(o); c != nil {
		return c.Service
	}
	return "order"
}

// callFor is the newest call for an order, nil where there is none.
func (b *Board) callFor(o *Order) (newest *Call) {
	for _, c := range b.Calls {
		if c.Order == o.ID && c.Waits && (newest == nil || c.Seq > newest.Seq) {
			newest = c
		}
	}
	return newest
}

// isLost tells whether nobody works any more on an order that a customer's call
// brought. An order from outside comes again: its event is on the log.
func (b *Board) isLost(o *Order) bool {
	if o.Saga != shop.Sync || o.Source != "shop" || isFinal(o.Status) {
		return false
	}
	for _, c := range b.Calls {
		if c.Order == o.ID {
			return false
		}
	}
	return true
}

// waitsForCall says why an order does not move that is fulfilled by calls, ""
// where it does.
func (b *Board) waitsForCall(o *Order) string {
	c := b.callFor(o)
	switch {
	case c == nil && b.isLost(o):
		return "waits in vain, because whoever worked on it went down in the middle of it, and what a call was about is written nowhere"
	case c == nil:
		return ""
	}
	if why := b.ailment(c.Service); why.which != "" {
		return fmt.Sprintf("waits for %s%s", c.Service, why.which)
	}
	if c.State == "waiting" {
		return fmt.Sprintf("waits for a free slot of %s", nameOf(seat{c.Service, c.Instance}))
	}
	return ""
}
