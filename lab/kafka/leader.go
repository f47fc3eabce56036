package kafka

// A leader that moves.
//
// What a real cluster does: an administrator, or the controller after a broker
// is back, makes another in-sync replica the leader. The old one answers
// NOT_LEADER_OR_FOLLOWER from then on, fetches that wait there are answered at
// once, and clients ask for metadata and go on at the new leader.
//
// Here: the same answers. Fetches that wait are given up by the clients of this
// process, because the fake would let them wait to their end. A real broker
// hangs up on a producer without acks that asks the wrong leader, and the fake
// says nothing: such a producer has to be told to ask for metadata.

import "fmt"

// MoveLeader makes a broker that is up the leader of a partition. It stays so
// when other brokers come back, until Elect.
func (c *Cluster) MoveLeader(topic string, partition, to int32) (Move, error) {
	at := place{topic, partition}
	switch m := c.wire.machine(to); {
	case m == nil:
		return Move{}, fmt.Errorf("move the leader of %s/%d to broker %d: %w", topic, partition, to, errNoBroker)
	case m.condition() != up:
		return Move{}, fmt.Errorf("move the leader of %s/%d to broker %d: it is down", topic, partition, to)
	}
	move, ok := c.lead(at, to)
	if !ok {
		return Move{}, fmt.Errorf("move the leader of %s/%d to broker %d: it leads already, or there is no such partition", topic, partition, to)
	}
	c.moves(move, -1)
	c.elected()
	return move, nil
}
