package lab

import "eddy/lab/shop"

// causes remembers what led to what, so that every entry can name its cause.
// It is guarded by Lab.mu.
type causes struct {
	opened   int64                 // the entry of the lab's own start
	cluster  int64                 // the newest entry that changed brokers or leaders
	inHand   map[seat]int64        // the newest entry about the message that a seat has in hand
	began    map[seat]int64        // the entry that started a seat
	ended    map[seat]int64        // the entry that took a seat down: a crash, or the action that stopped it
	group    map[string]int64      // group id → the newest entry about who is to be a member of it
	place    map[readPlace]readAt  // how far a service came in a partition
	declined map[string]int64      // order id → the fault at which the gateway refused it
	calls    map[string]int64      // id of a call that is under way → the newest entry about it
	byHand   map[*publication]bool // what the lab's own hand is sending
}

// readPlace is a partition as a service reads it.
type readPlace struct {
	service string
	at      tp
}

// readAt is the newest entry about a record there.
type readAt struct{ offset, seq int64 }

// publication is a record that the lab's own hand sends: it may be read before
// the hand hears of the ack.
type publication struct {
	topic, value string
	cause        int64
}

func newCauses() causes {
	return causes{inHand: map[seat]int64{}, began: map[seat]int64{}, ended: map[seat]int64{}, group: map[string]int64{},
		place: map[readPlace]readAt{}, declined: map[string]int64{}, calls: map[string]int64{}, byHand: map[*publication]bool{}}
}

// takes notes the newest entry about the message that a seat has in hand.
func (c *causes) takes(at seat, m shop.Moment, seq int64) {
	c.inHand[at] = seq
	if m.Record != nil {
		c.place[readPlace{at.service, tp{m.Record.Topic, m.Record.Partition}}] = readAt{m.Record.Offset, seq}
	}
}

// comes notes the entry that starts a seat, goes the one that takes it down.
func (c *causes) comes(at seat, seq int64) {
	c.began[at], c.inHand[at], c.group[GroupID(at.service)] = seq, seq, seq
}

func (c *causes) goes(at seat, seq int64) {
	c.ended[at], c.group[GroupID(at.service)] = seq, seq
}

// ofMember is what made a member come or go; 0 for a client from outside.
func (c *causes) ofMember(kind Kind, group string, at seat) int64 {
	if at.service == "" {
		return 0
	}
	known := c.began
	if kind == KindMemberLeft {
		known = c.ended
	}
	if seq := known[at]; seq > 0 {
		return seq
	}
	return c.group[group]
}

// ofCommit is why a group's offset is to be next now: what became of the record
// before it, or, where that was passed over, that it stands there. The seat's
// own word is the last resort.
func (l *Lab) ofCommit(service string, at tp, next, inHand int64) int64 {
	if r, ok := l.causes.place[readPlace{service, at}]; ok && r.offset == next-1 {
		return r.seq
	}
	if p := l.ledger.parts[at]; p != nil && p.seqs[next-1] > 0 {
		return p.seqs[next-1]
	}
	return inHand
}

// ofRecord is the cause of a record that nobody announced: the lab's own hand
// has it under way, a group gave it up, or it is a copy of an earlier one. 0:
// it came from outside.
func (l *Lab) ofRecord(topic, value, eventID string, letter *Letter) (cause int64, service string) {
	for p := range l.causes.byHand {
		if p.topic == topic && p.value == value {
			return p.cause, ""
		}
	}
	if letter != nil {
		service := serviceOf(letter.Group)
		r := l.causes.place[readPlace{service, tp{letter.OriginalTopic, letter.OriginalPartition}}]
		if service != "" && r.seq > 0 && r.offset == letter.OriginalOffset {
			return r.seq, service
		}
		return 0, ""
	}
	if first, ok := l.board.known[eventID]; ok && eventID != "" {
		return first.produced, ""
	}
	return 0, ""
}
