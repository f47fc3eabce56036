package kafka

// A broker that goes down, comes back, or is slow.
//
// What a real cluster does: the machine dies with what it has in hand. The
// controller misses its heartbeats, and makes a follower of each of its
// partitions the new leader; groups that it coordinated get another
// coordinator. Clients find their connections closed, ask any other broker for
// metadata, and go on; producers that wait for answers send again what was not
// answered. When the broker is back it copies what it missed, and gets its
// partitions back at the next preferred leader election.
//
// Here: for detection the machine takes what comes in and does nothing about
// it, then its connections are closed and the lab moves its leaders and
// coordinators, as a controller would. What came in meanwhile and was acked by
// nobody is gone: a producer with acks none never notices.
//
// What the fake leaves out: there are no followers. The new leader has the very
// log of the old one, so acks=leader loses nothing here, and nothing has to be
// copied afterwards. Leaders go back at once, and not within five minutes.
// Topics that a client has made itself are moved only where the caller names
// them. A client outside this process that waits in a long fetch for a
// partition that moved hears of it when its wait is over.

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// detection is how long the rest of a cluster takes to notice that a broker is
// dead. A real one takes nine seconds by default, and none after a clean stop.
const detection = 300 * time.Millisecond

// Move is a partition that has another leader now.
type Move struct {
	Topic     string
	Partition int32
	From, To  int32
}

// errNoBroker says that an id is that of no broker.
var errNoBroker = errors.New("there is no such broker")

// placement remembers who should lead what while somebody else does.
type placement struct {
	mu       sync.Mutex
	moved    map[place]home  // partitions that are led by another broker meanwhile
	watching bool            // the lookup of coordinators is watched
	groups   map[string]bool // whose coordinator was ever asked for
}

type place struct {
	topic     string
	partition int32
}

// home is who should lead a partition that was moved.
type home struct {
	first  int32 // who led it before anybody moved it
	before int32 // who led it until that broker went down; -1: nobody gets it back by coming up
}

// Down takes a broker down and returns after about a third of a second, when
// its partitions have other leaders: see the head of this file. Where no other
// broker is up, they have none. unstored are the records that it took with it.
// Besides the topics of the Config it moves those that are named. Calls of Down,
// Up, MoveLeader and AddPartitions take turns: the caller sees to that.
func (c *Cluster) Down(id int32, topics ...string) (moved []Move, unstored []Unstored, _ error) {
	m := c.wire.machine(id)
	if m == nil {
		return nil, nil, fmt.Errorf("take broker %d down: %w", id, errNoBroker)
	}
	if m.condition() != up {
		return nil, nil, fmt.Errorf("take broker %d down: it is down", id)
	}
	c.wire.fragile.Add(1)
	m.set(dying)
	time.Sleep(detection)
	unstored = m.set(down)
	c.watchCoordinators()
	moved = c.orphans(topics)
	c.findHomes()
	c.elected()
	return moved, unstored, nil
}

// Up brings a broker back; topics are those that Down takes. The partitions that it led before it went down, and
// those that nobody leads, are led by it when Up returns.
func (c *Cluster) Up(id int32, topics ...string) (moved []Move, _ error) {
	m := c.wire.machine(id)
	if m == nil {
		return nil, fmt.Errorf("bring broker %d up: %w", id, errNoBroker)
	}
	if m.condition() != down {
		return nil, fmt.Errorf("bring broker %d up: it is up", id)
	}
	m.set(up)
	c.wire.fragile.Add(-1)
	for at, home := range c.homes() {
		if home.before != id {
			continue
		}
		if move, ok := c.lead(at, id); ok {
			moved = append(moved, move)
		}
		c.returns(at, home)
	}
	moved = append(moved, c.orphans(topics)...)
	c.findHomes()
	c.elected()
	return moved, nil
}

// Elect gives every partition back to the broker that led it first, where that
// is up.
func (c *Cluster) Elect() (moved []Move) {
	for at, home := range c.homes() {
		if c.wire.down(home.first) {
			continue
		}
		if move, ok := c.lead(at, home.first); ok {
			moved = append(moved, move)
		}
		home.before = -1
		c.returns(at, home)
	}
	if len(moved) > 0 {
		c.elected()
	}
	return moved
}

// Slow makes every answer of a broker come so much later; 0 takes that back.
// The probe is spared: it is how the lab looks at the broker, no part of it.
func (c *Cluster) Slow(id int32, by time.Duration) error {
	m := c.wire.machine(id)
	if m == nil {
		return fmt.Errorf("slow broker %d: %w", id, errNoBroker)
	}
	m.delay(by)
	return nil
}

// up lists the brokers that are up.
func (c *Cluster) up() (ids []int32) {
	for id := range int32(len(c.wire.ports)) {
		if !c.wire.down(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// orphans gives the partitions whose leader is down to the others in turn.
func (c *Cluster) orphans(topics []string) (moved []Move) {
	alive := c.up()
	if len(alive) == 0 {
		return nil
	}
	all := append(slices.Clone(c.topics), topics...)
	slices.Sort(all)
	for _, topic := range slices.Compact(all) {
		for _, p := range c.fake.PartitionInfos(topic) {
			if !c.wire.down(p.Leader) {
				continue
			}
			if move, ok := c.lead(place{topic, p.Partition}, alive[len(moved)%len(alive)]); ok {
				moved = append(moved, move)
				c.moves(move, move.From)
			}
		}
	}
	return moved
}

// lead makes a broker the leader of a partition. It reports whether that is new.
func (c *Cluster) lead(at place, to int32) (Move, bool) {
	from := c.fake.LeaderFor(at.topic, at.partition)
	if from == to || c.fake.MoveTopicPartition(at.topic, at.partition, to) != nil {
		return Move{}, false
	}
	return Move{Topic: at.topic, Partition: at.partition, From: from, To: to}, true
}

// moves notes that a partition is led by somebody else than before.
func (c *Cluster) moves(m Move, before int32) {
	c.placement.mu.Lock()
	defer c.placement.mu.Unlock()
	if c.placement.moved == nil {
		c.placement.moved = make(map[place]home)
	}
	at := place{m.Topic, m.Partition}
	was, known := c.placement.moved[at]
	if !known {
		was = home{first: m.From, before: before}
	} else if was.before < 0 || before < 0 {
		was.before = before
	}
	c.placement.moved[at] = was
}

// returns notes that a partition is led by whom it had before; for good where
// that was the first.
func (c *Cluster) returns(at place, home home) {
	c.placement.mu.Lock()
	defer c.placement.mu.Unlock()
	if home.before == home.first || home.before < 0 {
		delete(c.placement.moved, at)
		return
	}
	home.before = -1
	c.placement.moved[at] = home
}

// homes copies what is known of partitions that were moved.
func (c *Cluster) homes() map[place]home {
	c.placement.mu.Lock()
	defer c.placement.mu.Unlock()
	return maps.Clone(c.placement.moved)
}

// elected lets everybody know that leaders have changed.
func (c *Cluster) elected() {
	c.wire.election.Store(time.Now().UnixNano())
	c.wire.refetch()
	c.tap.mark(func(changes *Changes) { changes.Topics[Some], changes.Brokers = true, true })
}
