package lab

import (
	"fmt"
	"slices"
)

// reads tells whether a service's group subscribes to a topic.
func (b *Board) reads(service, topic string) bool {
	return (service != "orchestrator" || b.orchestrates()) && slices.Contains(subscriptions[service], topic)
}

// subscriptions says which topics a service reads.
var subscriptions = map[string][]string{
	"order":        {"orders", "payments", "inventory", "order-commands"},
	"payment":      {"orders", "inventory", "payment-commands"},
	"inventory":    {"payments", "inventory-commands"},
	"notification": {"inventory", "notification-commands"},
	"projector":    {"orders", "payments", "inventory", "notifications", "saga-replies"},
	"orchestrator": {"orders", "saga-replies"},
}

func (b *Board) position(group, topic string, partition int32, next int64) {
	o := b.offset(group, topic, partition)
	if o == nil {
		return
	}
	o.Position = next
	b.touch("groups", group)
}

// offset finds or makes a group's place in a partition.
func (b *Board) offset(group, topic string, partition int32) *GroupOffset {
	g := b.Groups[group]
	t := b.Topics[topic]
	if g == nil || t == nil || int(partition) >= len(t.Partitions) {
		return nil
	}
	if g.Offsets[topic] == nil {
		g.Offsets[topic] = map[int32]*GroupOffset{}
	}
	if g.Offsets[topic][partition] == nil {
		g.Offsets[topic][partition] = &GroupOffset{Committed: -1, Position: -1}
	}
	return g.Offsets[topic][partition]
}

func (b *Board) applyCommitted(e Entry, f *GroupFact) {
	if f == nil || f.Committed == nil {
		return
	}
	if b.Groups[f.ID] == nil {
		b.Groups[f.ID] = &Group{State: "Empty", Members: []Member{}, Offsets: map[string]map[int32]*GroupOffset{}, Outside: true}
	}
	o := b.offset(f.ID, e.Topic, e.Partition)
	if o == nil {
		return
	}
	was := o.Committed
	o.Committed = *f.Committed
	switch {
	case o.Committed < was:
		o.Position = -1 // somebody set it back; who reads next says where it is
	case o.Position >= 0:
		o.Position = max(o.Position, o.Committed)
	}
	b.lag(f.ID, b.Groups[f.ID], e.Topic, e.Partition)
	if f.ID == GroupID("projector") {
		b.readAgain(tp{e.Topic, e.Partition}, o.Committed, was)
		b.readUpTo(tp{e.Topic, e.Partition}, o.Committed)
	}
	b.touch("groups", f.ID)
}

// readUpTo notes that the read model waits for nothing below an offset.
func (b *Board) readUpTo(at tp, offset int64) {
	waiting := b.unread[at]
	for len(waiting) > 0 && waiting[0].offset < offset {
		waiting = waiting[1:]
	}
	b.unread[at] = waiting
	b.readLag()
}

// lag works out a group's distance in a partition, and its service's in all.
func (b *Board) lag(id string, g *Group, topic string, partition int32) {
	name, err := ServiceName(id)
	if g.Offsets[topic][partition] == nil {
		// A service's lag counts from its first record on; a stranger's group
		// has a place where it committed one, or was given a partition.
		if err != nil || !b.reads(name, topic) {
			return
		}
		b.offset(id, topic, partition)
	}
	o, p := g.Offsets[topic][partition], b.Topics[topic].Partitions[partition]
	was := o.Lag
	o.Lag = p.End - max(o.Committed, p.Start)
	if err == nil && !b.reads(name, topic) {
		o.Lag = 0 // nobody waits for it
	}
	b.touch("groups", id)
	if err == nil {
		b.Services[name].Lag += o.Lag - was
		b.touch("services", name)
	}
}

// strangersLag gives a group from outside a place in whatever its members were
// given to read: what they have not committed yet is their lag.
func (b *Board) strangersLag(id string, g *Group) {
	for _, m := range g.Members {
		for topic, partitions := range m.Partitions {
			for _, p := range partitions {
				if b.offset(id, topic, p) != nil {
					b.lag(id, g, topic, p)
				}
			}
		}
	}
}

func (b *Board) readLag() {
	r := &b.ReadModel
	r.Lag, r.LagMS = 0, 0
	oldest := b.LabTime
	for _, waiting := range b.unread {
		if len(waiting) > 0 {
			r.Lag += int64(len(waiting))
			oldest = min(oldest, waiting[0].at)
		}
	}
	r.LagMS = b.LabTime - oldest
	b.touch("read_model", "lag")
	b.touch("read_model", "lag_ms")
}

// idle says why a member has nothing to read, "" where it has something.
func (b *Board) idle(service string, s *Seat, g *Group) string {
	most, member := 0, false
	for _, topic := range subscriptions[service] {
		most = max(most, len(b.Topics[topic].Partitions))
	}
	for _, m := range g.Members {
		member = member || m.Service == service && m.Instance == s.Instance
	}
	for _, ps := range s.Partitions {
		member = member && len(ps) == 0
	}
	if !member || len(g.Members) <= most {
		return ""
	}
	return fmt.Sprintf("%s reads nothing, because %d members share %d partitions of each topic, and a partition has one reader in a group",
		nameOf(seat{service, s.Instance}), len(g.Members), most)
}

func (b *Board) applyGroup(e Entry, f *GroupFact) {
	if f == nil {
		return
	}
	g := b.Groups[f.ID]
	if g == nil {
		g = &Group{Offsets: map[string]map[int32]*GroupOffset{}, Outside: true}
		b.Groups[f.ID] = g
	}
	g.State, g.Protocol, g.Members = f.State, f.Protocol, f.Members
	if f.Generation != 0 {
		g.Generation = f.Generation
	}
	if g.Members == nil {
		g.Members = []Member{}
	}
	b.touch("groups", f.ID)
	name, err := ServiceName(f.ID)
	if err != nil {
		b.strangersLag(f.ID, g)
		return
	}
	svc := b.Services[name]
	for _, s := range svc.Seats {
		s.Partitions = nil
		for _, m := range g.Members {
			if m.Instance == s.Instance && m.Service == name {
				s.Partitions = m.Partitions
			}
		}
		s.Idle = ""
		if g.State == "Stable" {
			s.Idle = b.idle(name, s, g)
			s.Blocked = slices.DeleteFunc(slices.Clone(s.Blocked), func(o Blockage) bool { return !slices.Contains(s.Partitions[o.Topic], o.Partition) })
			s.Retries = slices.DeleteFunc(slices.Clone(s.Retries), func(o PendingRetry) bool { return !slices.Contains(s.Partitions[o.Topic], o.Partition) })
			b.blockedState(svc, s)
		}
	}
	b.touch("services", name)
	if svc.State == "stopped" { // somebody from outside may have taken its place
		for _, o := range b.Orders {
			b.wait(o)
		}
	}
}
