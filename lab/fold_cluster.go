package lab

import (
	"fmt"
	"maps"
	"slices"
)

// applyLeaders takes over who leads the partitions of topics. A topic may have
// more of them than before.
func (b *Board) applyLeaders(leaders map[string][]int32) {
	for topic, of := range leaders {
		t := b.Topics[topic]
		if t == nil {
			continue
		}
		for p, leader := range of {
			if p == len(t.Partitions) {
				b.addPartition(topic, t, int32(p))
				b.changes.touch(b.Seq, path{section: "tapes", a: topic, b: fmt.Sprint(p), n: -1})
			}
			t.Partitions[p].Leader = leader
		}
		b.touch("topics", topic)
		if n := len(t.Partitions); n != b.Settings.Partitions[topic] && n <= partitionsMax {
			b.Settings.Partitions = maps.Clone(b.Settings.Partitions)
			b.Settings.Partitions[topic] = n
			b.touch("settings")
		}
	}
}

// addPartition gives a topic its next partition, which is empty.
func (b *Board) addPartition(topic string, t *Topic, id int32) {
	t.Partitions = append(slices.Clone(t.Partitions), Partition{ID: id, Leader: -1})
	b.Tapes[topic][id] = &Tape{Records: map[int64]*Record{}}
}

// broker returns what the board shows of a broker.
func (b *Board) broker(id int32) Broker {
	for _, br := range b.Brokers {
		if br.ID == id {
			return br
		}
	}
	return Broker{ID: id, State: "up"}
}

// applyBroker changes a broker. Why it is down or slow is the entry's text.
func (b *Board) applyBroker(e Entry, br *Broker) {
	if br == nil {
		return
	}
	now := *br
	now.Because, now.BecauseSeq = "", 0
	if now.State == "down" || now.Slow != "" {
		now.Because, now.BecauseSeq = br.Because, e.Cause
	}
	b.Brokers = slices.DeleteFunc(slices.Clone(b.Brokers), func(o Broker) bool { return o.ID == br.ID })
	b.Brokers = append(b.Brokers, now)
	slices.SortFunc(b.Brokers, func(x, y Broker) int { return int(x.ID - y.ID) })
	b.touch("brokers")
	for _, o := range b.Orders {
		b.wait(o)
	}
}

// noBroker says why nothing can be written or read, "" where a broker is up.
func (b *Board) noBroker() string {
	if len(b.Brokers) == 0 || slices.ContainsFunc(b.Brokers, func(br Broker) bool { return br.State != "down" }) {
		return ""
	}
	return "no broker is up"
}
