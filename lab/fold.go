package lab

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"eddy/lab/beyond"
	"eddy/lab/shop"
)

// Bounds of what a board holds.
const (
	tapeWindow     = 64   // records of a partition
	recordValueMax = 2048 // bytes of a record's value
	trailMax       = 24   // steps of an order
	ordersMax      = 1000 // orders; finished ones go first
	lettersMax     = 200
)

// fold is what Apply remembers between entries and the board does not show.
type fold struct {
	changes
	judged
	byHandle map[string]string         // handle → order id
	arrival  []string                  // order ids, oldest first
	events   map[string]int            // records by event type, copies counted
	perOrder map[string]map[string]int // order id → event type → records
	known    map[string]known          // event id → what is known of it, while its order is on the board
	eventsOf map[string][]string       // order id → its event ids in known
	early    map[string]*Order         // orders that somebody acted on before the order service knew them
	ended    []string                  // those that are COMPLETED or CANCELLED, in the order in which they ended
	unread   map[tp][]unreadRecord     // what the projector has not committed, by offset
	accepted map[string]int64          // orders whose OrderCreated was not seen yet → seq of the row
	unstored map[string]lostEvent      // order id → its event that a broker took with it
}

// known is what the fold remembers of an event: the seq of its first record,
// and which services have handled it, a bit each.
type known struct {
	produced int64
	handled  uint8
}

// lostEvent is an event that will never be on its topic by itself.
type lostEvent struct {
	eventType string
	seq       int64 // of the entry that tells of it
}

// unreadRecord is a record that the read model does not show yet.
type unreadRecord struct{ offset, at int64 }

// tp is a partition of a topic.
type tp struct {
	topic     string
	partition int32
}

// newBoard is the board of a lab in which nothing has happened.
func newBoard(s Settings) *Board {
	b := &Board{
		State: "live", Speed: 1, Settings: s, Brokers: []Broker{},
		Topics: map[string]*Topic{}, Tapes: map[string]map[int32]*Tape{}, Groups: map[string]*Group{},
		Services: map[string]*Service{}, Orders: map[string]*Order{}, Sagas: map[string]*Saga{}, DeadLetters: []*Letter{},
		ReadModel: ReadModel{Orders: map[string]*shop.ReadRow{}, Late: map[string]*Late{}}, Stock: maps.Clone(s.Stock), Invariants: map[string]*Verdict{},
		Faults: []*Fault{}, Breakpoints: []Breakpoint{}, Held: []*Held{}, Alerts: []Alert{}, Experiments: []beyond.Result{}, Calls: map[string]*Call{},
	}
	b.byHandle, b.events, b.perOrder = map[string]string{}, map[string]int{}, map[string]map[string]int{}
	b.known, b.eventsOf, b.early = map[string]known{}, map[string][]string{}, map[string]*Order{}
	b.unread, b.accepted, b.unstored = map[tp][]unreadRecord{}, map[string]int64{}, map[string]lostEvent{}
	b.judged = newJudged()
	for topic, n := range s.Partitions {
		t := &Topic{}
		b.Tapes[topic] = map[int32]*Tape{}
		for p := range int32(n) {
			b.addPartition(topic, t, p)
		}
		b.Topics[topic] = t
	}
	for name := range s.Services {
		b.Services[name] = &Service{State: "stopped", Group: GroupID(name), Seats: []*Seat{}, Cut: []string{}}
		b.Groups[GroupID(name)] = &Group{State: "Empty", Members: []Member{}, Offsets: map[string]map[int32]*GroupOffset{}}
	}
	for _, id := range invariantIDs {
		b.Invariants[id] = &Verdict{ID: id, State: "holds", Because: promise[id], Evidence: []int64{}}
	}
	return b
}

func (b *Board) touch(section string, keys ...string) {
	p := path{section: section, n: -1}
	if len(keys) > 0 {
		p.a = keys[0]
	}
	if len(keys) > 1 {
		p.b = keys[1]
	}
	b.changes.touch(b.Seq, p)
}

// Apply folds one entry into the board. Entries come in the order of their seq.
// It never fails: what an entry does not say stays as it is.
func (b *Board) Apply(e Entry) {
	b.Seq, b.LabTime = e.Seq, e.At
	d := e.Data
	if d == nil {
		d = &Data{}
	}
	if d.Settings != nil {
		b.Settings = *d.Settings
		b.touch("settings")
		b.lagOfOrchestrator()
		b.countSlots()
	}
	if d.Service != nil {
		b.applyService(e, d.Service)
	}
	if d.Fault != nil {
		b.applyFault(e, d.Fault)
	}
	if d.Call != nil {
		b.applyCall(e, d.Call)
	}
	if d.Stock != nil {
		maps.Copy(b.Stock, d.Stock.Available)
		b.touch("stock")
		b.judgeStock(e, d.Stock)
	}
	if d.Order != nil {
		b.applyOrder(e, d.Order)
	}
	if d.Money != nil {
		b.applyMoney(e, d.Money)
	}
	if d.Saga != nil {
		b.applySaga(e, d.Saga)
	}
	if len(d.Events) > 0 {
		b.EventStore.Events += int64(len(d.Events))
		if d.Events[0].Version == 1 {
			b.EventStore.Streams++
		}
		b.touch("event_store")
		b.applyStored(e, d.Events)
	}
	switch e.Kind {
	case KindProduced:
		b.applyProduced(e, d.Record)
	case KindHandling, KindHandled, KindFailed, KindRetrying, KindSkipped, KindDeadLettered, KindDelivered:
		b.applyProgress(e, d)
	case KindCommitted:
		b.applyCommitted(e, d.Group)
	case KindRebalanced, KindMemberJoined, KindMemberLeft:
		b.applyGroup(e, d.Group)
	case KindProjected:
		if d.Read != nil && e.Order != "" && b.showsRow(e.Order) {
			row := *d.Read
			b.ReadModel.Orders[e.Order] = &row
			b.touch("read_model", "orders", e.Order)
			b.judgeRead(e)
		}
	case KindFrozen, KindThawed:
		b.State = map[Kind]string{KindFrozen: "frozen", KindThawed: "live"}[e.Kind]
		b.touch("state")
	case KindBroker:
		b.applyBroker(e, d.Broker)
		b.applyLeaders(d.Leaders)
	case KindInvariant:
		if d.Invariant != nil {
			v := *d.Invariant
			b.Invariants[v.ID] = &v
			b.touch("invariants", v.ID)
		}
	}
	if d.Partition != nil {
		b.applyPartition(e, d.Partition)
	}
	if d.Letter != nil {
		l := *d.Letter
		if l.State == "" {
			l.Seq, l.At, l.State = e.Seq, e.At, "waiting"
		}
		b.addLetter(&l)
	}
	if d.Unstored && e.Order != "" {
		b.unstored[e.Order] = lostEvent{e.EventType, e.Seq}
		if o := b.Orders[e.Order]; o != nil {
			b.wait(o)
		}
	}
	if d.Clock != nil {
		b.Speed = d.Clock.Speed
		b.touch("speed")
	}
	if d.Breakpoints != nil {
		b.Breakpoints = *d.Breakpoints
		b.touch("breakpoints")
	}
	if d.Rebuild != nil {
		b.applyRebuild(e, *d.Rebuild)
	}
	if d.Stale != nil {
		b.applyStale(e, *d.Stale)
	}
	if d.Held != nil {
		b.applyHeld(*d.Held)
	}
	if d.Experiment != nil {
		b.applyExperiment(*d.Experiment)
	}
	if d.Rerun != nil {
		b.Rerun = d.Rerun
		b.touch("rerun")
	}
	b.whyRead()
	b.hop(e)
}

func (b *Board) applyProduced(e Entry, r *Record) {
	topic := b.Topics[e.Topic]
	if topic == nil || int(e.Partition) >= len(topic.Partitions) || r == nil {
		return
	}
	p := &topic.Partitions[e.Partition]
	p.End = max(p.End, e.Offset+1)
	b.touch("topics", e.Topic)
	b.Counts.Records++
	b.touch("counts")

	cell := *r
	cell.Offset, cell.Seq, cell.At = e.Offset, e.Seq, e.At
	if cell.EventID != "" && !isDLQ(e.Topic) {
		if _, seen := b.known[cell.EventID]; seen {
			cell.Duplicate = true
			if o := b.offsetOf(e.Topic, e.Partition, cell.EventID); o >= 0 {
				cell.CopyOf = &o
			}
		} else if b.Orders[e.Order] != nil || cell.EventType == shop.OrderCreated {
			b.known[cell.EventID] = known{produced: e.Seq}
			b.eventsOf[e.Order] = append(b.eventsOf[e.Order], cell.EventID)
		}
	}
	tape := b.Tapes[e.Topic][e.Partition]
	tape.Records[e.Offset] = &cell
	b.touchCell(e.Topic, e.Partition, e.Offset)
	if old := e.Offset - tapeWindow; tape.Records[old] != nil {
		delete(tape.Records, old)
		b.touchCell(e.Topic, e.Partition, old)
	}
	if e.EventType != "" && !isDLQ(e.Topic) {
		b.events[e.EventType]++
		if b.perOrder[e.Order] == nil {
			b.perOrder[e.Order] = map[string]int{}
		}
		b.perOrder[e.Order][e.EventType]++
		if e.EventType == shop.OrderCreated {
			delete(b.accepted, e.Order)
			b.stale["nothing-lost"] = true
		}
		if o := b.Orders[e.Order]; o != nil {
			b.wait(o)
		}
	}
	for id, g := range b.Groups {
		b.lag(id, g, e.Topic, e.Partition)
	}
	if b.reads("projector", e.Topic) {
		at := tp{e.Topic, e.Partition}
		b.unread[at] = append(b.unread[at], unreadRecord{e.Offset, e.At})
		b.readLag()
	}
}

func (b *Board) touchCell(topic string, partition int32, offset int64) {
	b.changes.touch(b.Seq, path{section: "tapes", a: topic, b: strconv.Itoa(int(partition)), n: offset})
}

func (b *Board) offsetOf(topic string, partition int32, eventID string) int64 {
	for _, o := range slices.Sorted(maps.Keys(b.Tapes[topic][partition].Records)) {
		if b.Tapes[topic][partition].Records[o].EventID == eventID {
			return o
		}
	}
	return -1
}

func (b *Board) addLetter(l *Letter) {
	defer func() {
		if o := b.Orders[l.Order]; o != nil {
			b.wait(o)
		}
	}()
	for i, old := range b.DeadLetters {
		if old.Topic == l.Topic && old.Partition == l.Partition && old.Offset == l.Offset {
			b.DeadLetters[i] = l
			b.touch("dead_letters")
			b.noLetters()
			return
		}
	}
	b.DeadLetters = append(b.DeadLetters, l)
	if over := len(b.DeadLetters) - lettersMax; over > 0 {
		b.DeadLetters = slices.Clone(b.DeadLetters[over:])
	}
	b.touch("dead_letters")
	b.alert("dead-letters", fmt.Sprintf("%s has a letter: %s gave up after %d tries because %s", l.Topic, l.Group, l.Attempts, l.Error), l.Seq)
}

// noLetters takes the alert away once no letter waits for a person.
func (b *Board) noLetters() {
	if !slices.ContainsFunc(b.DeadLetters, func(l *Letter) bool { return l.State == "waiting" }) {
		b.Alerts = slices.DeleteFunc(slices.Clone(b.Alerts), func(a Alert) bool { return a.ID == "dead-letters" })
		b.touch("alerts")
	}
}

func (b *Board) alert(id, text string, seq int64) {
	b.Alerts = slices.DeleteFunc(slices.Clone(b.Alerts), func(a Alert) bool { return a.ID == id })
	b.Alerts = append(b.Alerts, Alert{ID: id, Text: text, Seq: seq})
	b.touch("alerts")
}

func (b *Board) applyPartition(e Entry, p *Partition) {
	t := b.Topics[e.Topic]
	if t == nil || int(e.Partition) >= len(t.Partitions) {
		return
	}
	at := &t.Partitions[e.Partition]
	at.Leader = p.Leader
	b.touch("topics", e.Topic)
	if p.Start <= at.Start {
		return
	}
	at.Start = p.Start
	at.End = max(at.End, p.Start)
	for id, g := range b.Groups {
		b.lag(id, g, e.Topic, e.Partition)
	}
	b.readUpTo(tp{e.Topic, e.Partition}, p.Start)
}

func isDLQ(topic string) bool { return len(topic) > 4 && topic[len(topic)-4:] == ".dlq" }
