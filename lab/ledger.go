package lab

import (
	"context"
	"fmt"
	"strings"

	"eddy/lab/pattern"
	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ledger sees to it that every record stands in the journal once, in offset
// order within its partition, and before anything that happened to it. Whoever
// learns of a record first, an ack, a consumer or a look at the cluster, has it
// written here. It is guarded by Lab.mu.
type ledger struct {
	parts map[tp]*partition
	// expected are events that a service left to be published: who wrote them,
	// and in which entry.
	expected map[string]origin
	// commits counts the commits of each group that were written, so that a
	// look that began before one does not undo it.
	commits map[string]int
	// resent are events that stand in the log while their producer does not
	// know: it sends them again, because of that entry.
	resent map[string]int64
}

func (led *ledger) version(group string) { led.commits[group]++ }

type partition struct {
	next  int64                 // the first offset that the journal does not have
	ahead map[int64]*kgo.Record // acked records above a gap
	from  map[int64]origin      // whose ack told of them
	seqs  map[int64]int64       // offset → seq of its produced entry, the newest ones
	deaf  map[int64]int64       // offset → the entry of its lost answer, until the record is written
}

type origin struct {
	seq     int64
	service string
}

// seqsKept is how many offsets of a partition can still be looked up.
const seqsKept = 4096

func newLedger(s Settings) ledger {
	led := ledger{parts: map[tp]*partition{}, expected: map[string]origin{}, commits: map[string]int{}, resent: map[string]int64{}}
	for topic, n := range s.Partitions {
		for p := range int32(n) {
			led.parts[tp{topic, p}] = newPartition()
		}
	}
	return led
}

func newPartition() *partition {
	return &partition{seqs: map[int64]int64{}, ahead: map[int64]*kgo.Record{}, from: map[int64]origin{}, deaf: map[int64]int64{}}
}

// part returns a partition of a topic that is known. One that is new is
// noted: whoever tells of a record there has seen it.
func (l *Lab) part(at tp) *partition {
	t := l.board.Topics[at.topic]
	if t == nil || at.partition < 0 {
		return nil
	}
	if n := len(t.Partitions); int(at.partition) >= n {
		leaders := make([]int32, at.partition+1)
		for p := range leaders {
			leaders[p] = -1
			if p < n {
				leaders[p] = t.Partitions[p].Leader
			}
		}
		l.enlarge(at.topic, leaders)
	}
	return l.ledger.parts[at]
}

// enlarge writes that a topic has more partitions.
func (l *Lab) enlarge(topic string, leaders []int32) {
	for p := range leaders {
		if at := (tp{topic, int32(p)}); l.ledger.parts[at] == nil {
			l.ledger.parts[at] = newPartition()
		}
	}
	l.recordLocked(Entry{Kind: KindBroker, Topic: topic, Cause: l.causes.cluster, Text: fmt.Sprintf("%s has %d partitions", topic, len(leaders)),
		Data: &Data{Leaders: map[string][]int32{topic: leaders}}})
}

// unheard notes that the producer of a record does not know that it stands in
// the log.
func (l *Lab) unheard(at tp, offset, seq int64) {
	p := l.part(at)
	switch {
	case p == nil:
	case offset >= p.next:
		p.deaf[offset] = seq
	default:
		if r := l.board.Tapes[at.topic][at.partition].Records[offset]; r != nil && r.EventID != "" {
			l.ledger.resent[r.EventID] = seq
		}
	}
}

// expect notes which entry an event comes from, before the event is published.
func (led *ledger) expect(eventID string, o origin) { led.expected[eventID] = o }

// acked writes a record that the broker acknowledged. Below a gap it waits for
// the records in between: they are somebody else's, and are read soon.
func (l *Lab) acked(rec *kgo.Record, cause int64, service string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.part(tp{rec.Topic, rec.Partition})
	if p == nil || rec.Offset < p.next {
		return
	}
	p.ahead[rec.Offset] = rec
	p.from[rec.Offset] = origin{cause, service}
	l.drain(tp{rec.Topic, rec.Partition}, p)
	if len(p.ahead) > 0 {
		l.askToLook()
	}
}

// drain writes what has become due.
func (l *Lab) drain(at tp, p *partition) {
	for {
		rec, ok := p.ahead[p.next]
		if !ok {
			return
		}
		delete(p.ahead, p.next)
		l.writeProduced(at, p, rec)
	}
}

// sighted writes a record that a consumer or a look found, after any gap below
// it, and returns the seq of its produced entry. A gap is read from the
// cluster; what cannot be read any more is written as missing.
func (l *Lab) sighted(ctx context.Context, rec *kgo.Record) int64 {
	at := tp{rec.Topic, rec.Partition}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.part(at)
	if p == nil {
		return 0
	}
	if rec.Offset > p.next && p.ahead[p.next] == nil {
		from := p.next
		l.mu.Unlock()
		found := l.readRange(ctx, at, from, rec.Offset)
		l.mu.Lock()
		for _, r := range found {
			if r.Offset >= p.next {
				p.ahead[r.Offset] = r
			}
		}
	}
	if rec.Offset >= p.next {
		p.ahead[rec.Offset] = rec
	}
	for p.next < rec.Offset {
		if p.ahead[p.next] == nil {
			l.writeProduced(at, p, nil)
			continue
		}
		l.drain(at, p)
	}
	l.drain(at, p)
	return p.seqs[rec.Offset]
}

// readRange reads records as far as they can be had.
func (l *Lab) readRange(ctx context.Context, at tp, from, to int64) (found []*kgo.Record) {
	for from < to {
		records, err := l.probe.Read(ctx, at.topic, at.partition, from, to)
		if err != nil || len(records) == 0 {
			return found
		}
		found = append(found, records...)
		from = records[len(records)-1].Offset + 1
	}
	return found
}

// writeProduced writes the next record of a partition; nil is one that cannot
// be read.
func (l *Lab) writeProduced(at tp, p *partition, rec *kgo.Record) {
	e := Entry{Kind: KindProduced, Topic: at.topic, Partition: at.partition, Offset: p.next}
	facts := Record{Missing: true}
	if rec != nil {
		facts = l.recordFacts(rec)
		e.EventType, e.EventID, e.Order = facts.EventType, facts.EventID, facts.Order
	}
	from, known := l.ledger.expected[facts.EventID]
	if !known {
		from, known = p.from[p.next]
	}
	e.Data = &Data{Record: &facts}
	if rec != nil && isDLQ(at.topic) {
		e.Data.Letter = letterOf(rec, facts)
	}
	if !known && rec != nil {
		from.seq, from.service = l.ofRecord(at.topic, string(rec.Value), facts.EventID, e.Data.Letter)
	}
	if rec != nil {
		if seq, again := l.ledger.resent[facts.EventID]; again {
			from.seq, facts.Again = seq, "its producer sent it again, because it never heard the answer to the first time"
			delete(l.ledger.resent, facts.EventID)
		}
		e.Cause, e.Service, facts.Producer = from.seq, from.service, from.service
		delete(l.ledger.expected, facts.EventID)
		if seq, lost := p.deaf[p.next]; lost && facts.EventID != "" {
			l.ledger.resent[facts.EventID] = seq
		}
	}
	delete(p.from, p.next)
	delete(p.deaf, p.next)
	e.Text = producedText(e, facts)
	p.seqs[p.next] = l.recordLocked(e)
	delete(p.seqs, p.next-seqsKept)
	p.next++
}

func producedText(e Entry, facts Record) string {
	where := placeText(e.Topic, e.Partition, e.Offset)
	what := facts.EventType
	switch {
	case facts.Missing:
		return "there is no record to read at " + where
	case isDLQ(e.Topic):
		what = "a dead letter"
	case what == "":
		what = "something that is no event"
	}
	if facts.Again != "" {
		return what + " stands at " + where + " too: " + facts.Again
	}
	if e.Cause == 0 {
		return what + " stands at " + where + ", from outside"
	}
	return what + " stands at " + where
}

// letterOf reads a dead letter, whoever wrote it.
func letterOf(rec *kgo.Record, facts Record) *Letter {
	dead, ok := pattern.ReadLetter(rec)
	if !ok {
		dead = pattern.Dead{Topic: strings.TrimSuffix(rec.Topic, ".dlq"), Partition: -1, Offset: -1, Error: "it does not say why"}
	}
	return &Letter{
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset,
		OriginalTopic: dead.Topic, OriginalPartition: dead.Partition, OriginalOffset: dead.Offset,
		Group: dead.Group, Attempts: dead.Attempts, Error: dead.Error, EventType: facts.EventType, Order: facts.Order,
	}
}

// recordFacts reads what the board shows of a record.
func (l *Lab) recordFacts(rec *kgo.Record) Record {
	r := Record{Key: string(rec.Key), Size: len(rec.Value), Value: string(rec.Value)}
	if len(r.Value) > recordValueMax {
		r.Value = strings.ToValidUTF8(r.Value[:recordValueMax], "")
	}
	for _, h := range rec.Headers {
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		r.Headers[h.Key] = string(h.Value)
	}
	decode := l.reader.Decode
	value := rec
	if rec.Offset < 0 { // it was never stored, and what the reader remembers it knows by its place
		decode = shop.Decode
	}
	if isDLQ(rec.Topic) {
		if dead, ok := pattern.ReadLetter(rec); ok {
			value, decode = &kgo.Record{Topic: dead.Topic, Value: dead.Value}, shop.Decode // it stands nowhere, so the reader must not remember it
		}
	}
	event, err := decode(value)
	if err == nil || event.Type != "" {
		r.EventType, r.EventID, r.Order, r.SchemaVersion = event.Type, event.ID, string(event.Data.OrderID), event.Version
	}
	if isDLQ(rec.Topic) {
		// A letter is not the event: it must not pass for it.
		r.EventID = ""
	}
	return r
}
