package lab

import (
	"fmt"
	"slices"
	"strings"

	"eddy/lab/shop"
)

// applyProgress follows a message through a service.
func (b *Board) applyProgress(e Entry, d *Data) {
	svc := b.Services[e.Service]
	if svc == nil {
		return
	}
	group := svc.Group
	var seat *Seat
	for _, s := range svc.Seats {
		if s.Instance == e.Instance {
			seat = s
		}
	}
	done := string(e.Kind)
	if seat != nil && e.Topic != "" {
		b.triedAgain(seat, e, d)
	}
	switch e.Kind {
	case KindDelivered:
		done = ""
		if e.Topic != "" {
			b.position(group, e.Topic, e.Partition, e.Offset)
		}
	case KindHandling:
		if seat != nil && e.Topic != "" {
			seat.Doing = &Doing{Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, EventType: e.EventType, Order: e.Order, Since: e.At, Try: d.Try}
		}
	case KindHandled, KindSkipped:
		if e.Topic == "" {
			if d.Call != nil && d.Call.Type != shop.PlaceOrder { // what is called does what a message would ask for
				if e.Kind == KindHandled {
					svc.Handled++
				} else {
					svc.SkippedDuplicates++
				}
			}
			break // a command that was answered is no message
		}
		if e.Kind == KindHandled {
			svc.Handled++
			b.judgeOrder(e)
		} else {
			svc.SkippedDuplicates++
		}
		if seat != nil {
			seat.Doing = nil
			b.unblock(svc, seat, e.Topic, e.Partition)
		}
		b.position(group, e.Topic, e.Partition, e.Offset+1)
	case KindFailed:
		svc.Failed++
		if seat != nil && e.Topic != "" {
			seat.Doing = nil
		}
	case KindRetrying:
		svc.Retried++
		switch {
		case seat == nil || d.Try == nil:
		case d.Try.Of == 0:
			b.block(svc, seat, e, "fails and is retried for ever: "+d.Try.Error)
		case d.Try.Attempt >= d.Try.Of:
			b.block(svc, seat, e, "is given up, and its dead letter cannot be written: "+d.Try.Error)
		}
	case KindDeadLettered:
		svc.DeadLettered++
		if seat != nil {
			seat.Doing = nil
			b.unblock(svc, seat, e.Topic, e.Partition)
		}
		if e.Topic != "" {
			b.position(group, e.Topic, e.Partition, e.Offset+1)
		}
	}
	b.touch("services", e.Service)
	if done == "" || e.Topic == "" {
		return
	}
	b.markDone(group, e.Topic, e.Partition, e.Offset, done)
}

// triedAgain follows the messages of a seat that wait for another try: whatever
// else happens to one of them ends its wait.
func (b *Board) triedAgain(seat *Seat, e Entry, d *Data) {
	same := func(o PendingRetry) bool {
		return o.Topic == e.Topic && o.Partition == e.Partition
	}
	if e.Kind != KindRetrying && !slices.ContainsFunc(seat.Retries, same) {
		return
	}
	seat.Retries = slices.DeleteFunc(slices.Clone(seat.Retries), same)
	if e.Kind == KindRetrying && d.Try != nil {
		seat.Retries = append(seat.Retries, PendingRetry{
			Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, EventType: e.EventType, Order: e.Order,
			Next: d.Try.Attempt + 1, Of: d.Try.Of, Due: e.At + d.Try.NextMS, Error: d.Try.Error, Seq: e.Seq,
		})
	}
}

// block notes that a partition of a seat does not move until its first record
// can be handled. The seat's other partitions go on.
func (b *Board) block(svc *Service, seat *Seat, e Entry, why string) {
	here := Blockage{Topic: e.Topic, Partition: e.Partition, Seq: e.Seq,
		Because: fmt.Sprintf("%s partition %d is blocked because offset %d %s", e.Topic, e.Partition, e.Offset, why)}
	if i := slices.IndexFunc(seat.Blocked, func(o Blockage) bool { return o.Topic == e.Topic && o.Partition == e.Partition }); i >= 0 {
		seat.Blocked = slices.Clone(seat.Blocked)
		seat.Blocked[i] = here
	} else {
		seat.Blocked = append(slices.Clone(seat.Blocked), here)
	}
	b.blockedState(svc, seat)
}

// unblock notes that a partition of a seat moves again.
func (b *Board) unblock(svc *Service, seat *Seat, topic string, partition int32) {
	seat.Blocked = slices.DeleteFunc(slices.Clone(seat.Blocked), func(o Blockage) bool { return o.Topic == topic && o.Partition == partition })
	b.blockedState(svc, seat)
}

// blockedState makes a seat that runs say whether it is blocked.
func (b *Board) blockedState(svc *Service, seat *Seat) {
	switch {
	case len(seat.Blocked) > 0 && (seat.State == "running" || seat.State == "blocked"):
		first := seat.Blocked[0]
		seat.State, seat.Because, seat.BecauseSeq = "blocked", first.Because, first.Seq
	case len(seat.Blocked) == 0 && seat.State == "blocked":
		seat.State, seat.Because, seat.BecauseSeq = "running", "", 0
	default:
		return
	}
	b.serviceState(svc)
}

// stuck says why the service does nothing at all, "" where a seat of it runs.
func (svc *Service) stuck() string {
	switch {
	case svc.inVain():
		return "it is cut off from " + strings.Join(svc.Cut, " and ")
	case svc.has("running"):
		return ""
	}
	return svc.Because
}

// inVain says that seats would work, and cannot because the service, which is
// all of them, is cut off.
func (svc *Service) inVain() bool {
	return len(svc.Cut) > 0 && (svc.has("running") || svc.has("starting"))
}

func (svc *Service) has(state string) bool {
	return slices.ContainsFunc(svc.Seats, func(s *Seat) bool { return s.State == state })
}

// applyService changes a seat, or how many there should be.
func (b *Board) applyService(e Entry, f *ServiceFact) {
	svc := b.Services[e.Service]
	if svc == nil {
		return
	}
	defer b.touch("services", e.Service)
	if f.Instances != nil {
		svc.Instances = *f.Instances
		b.lagOfOrchestrator()
	}
	if e.Instance > 0 {
		i := slices.IndexFunc(svc.Seats, func(s *Seat) bool { return s.Instance == e.Instance })
		if f.State == "stopped" && f.Gone {
			if i >= 0 {
				svc.Seats = slices.Delete(slices.Clone(svc.Seats), i, i+1)
			}
		} else {
			if i < 0 {
				svc.Seats = append(slices.Clone(svc.Seats), &Seat{Instance: e.Instance})
				i = len(svc.Seats) - 1
				slices.SortFunc(svc.Seats, func(x, y *Seat) int { return x.Instance - y.Instance })
				i = slices.IndexFunc(svc.Seats, func(s *Seat) bool { return s.Instance == e.Instance })
			}
			s := svc.Seats[i]
			s.State, s.Since, s.Because, s.BecauseSeq = f.State, e.At, f.Because, 0
			if f.Because != "" {
				s.BecauseSeq = e.Seq
			}
			if f.State != "running" && f.State != "paused" {
				s.Doing, s.Blocked, s.Retries = nil, nil, nil
			}
			b.blockedState(svc, s)
		}
	}
	if e.Kind == KindCrashed {
		svc.Crashes++
	}
	if e.Instance > 0 && (f.State == "crashed" || f.State == "stopped") {
		b.endCalls(e.Service, e.Instance)
	}
	b.countSlots()
	b.serviceState(svc)
}

// serviceState sums up the seats: the worst one names the service's state.
func (b *Board) serviceState(svc *Service) {
	svc.sum()
	for _, o := range b.Orders {
		b.wait(o)
	}
}

func (svc *Service) sum() {
	svc.State, svc.Because, svc.BecauseSeq = "stopped", "", 0
	for _, state := range []string{"crashed", "blocked", "paused", "starting", "running"} {
		for _, s := range svc.Seats {
			if s.State == state {
				svc.State, svc.Because, svc.BecauseSeq = state, s.Because, s.BecauseSeq
				return
			}
		}
	}
}

func (b *Board) applyFault(e Entry, f *Fault) {
	b.Faults = slices.DeleteFunc(slices.Clone(b.Faults), func(o *Fault) bool { return o.ID == f.ID })
	if e.Kind != KindHealed && !f.Over {
		copied := *f
		b.Faults = append(b.Faults, &copied)
		slices.SortFunc(b.Faults, func(x, y *Fault) int { return int(x.ID - y.ID) })
	}
	b.touch("faults")
	b.countSlots()
	if svc := b.Services[f.Service]; svc != nil && f.Kind == "cut" {
		svc.Cut = []string{}
		for _, o := range b.Faults {
			if o.Kind == "cut" && o.Service == f.Service {
				svc.Cut = append(svc.Cut, o.From)
			}
		}
		b.touch("services", f.Service)
		for _, o := range b.Orders {
			b.wait(o)
		}
	}
}

// applyHeld follows the message that a breakpoint holds.
func (b *Board) applyHeld(h Held) {
	b.Held = []*Held{}
	if h.Fate == "" {
		b.Held = append(b.Held, &h)
	}
	b.touch("held")
	if svc := b.Services[h.Service]; svc != nil && h.Fate == "drop" {
		b.markDone(svc.Group, h.Topic, h.Partition, h.Offset, "dropped")
	}
}

// markDone notes on a record's cell what became of it for a group.
func (b *Board) markDone(group, topic string, partition int32, offset int64, done string) {
	tape := b.Tapes[topic][partition]
	if tape == nil || tape.Records[offset] == nil {
		return
	}
	cell := tape.Records[offset]
	if cell.Done == nil {
		cell.Done = map[string]string{}
	}
	cell.Done[group] = done
	b.touchCell(topic, partition, offset)
}
