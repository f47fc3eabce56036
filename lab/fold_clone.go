package lab

import (
	"maps"
	"slices"
)

// clone copies the board so deep that folding on does not change the copy. Only
// what patches are made of is left out: a copy makes none. What the fold
// replaces and never changes in place (trails, members, an order's items) is
// shared.
func (b *Board) clone() *Board {
	c := *b
	c.Brokers, c.Faults, c.Breakpoints, c.Alerts = slices.Clone(b.Brokers), cloneAll(b.Faults), slices.Clone(b.Breakpoints), slices.Clone(b.Alerts)
	c.Stock, c.Sagas, c.Invariants = maps.Clone(b.Stock), clonePointed(b.Sagas), clonePointed(b.Invariants)
	c.DeadLetters, c.Held, c.ReadModel.Orders = cloneAll(b.DeadLetters), cloneAll(b.Held), clonePointed(b.ReadModel.Orders)
	c.ReadModel.Late = clonePointed(b.ReadModel.Late)
	c.Topics = clonePointed(b.Topics)
	for _, t := range c.Topics {
		t.Partitions = slices.Clone(t.Partitions)
	}
	c.Tapes = make(map[string]map[int32]*Tape, len(b.Tapes))
	for topic, tapes := range b.Tapes {
		c.Tapes[topic] = make(map[int32]*Tape, len(tapes))
		for p, tape := range tapes {
			c.Tapes[topic][p] = tape.clone()
		}
	}
	c.Groups = clonePointed(b.Groups)
	for _, g := range c.Groups {
		offsets := make(map[string]map[int32]*GroupOffset, len(g.Offsets))
		for topic, of := range g.Offsets {
			offsets[topic] = clonePointed(of)
		}
		g.Offsets = offsets
	}
	c.Services = clonePointed(b.Services)
	for _, s := range c.Services {
		s.Seats = cloneAll(s.Seats)
	}
	c.Orders, c.Calls = cloneOrders(b.Orders), clonePointed(b.Calls)
	c.fold = b.fold.clone()
	return &c
}

func (t *Tape) clone() *Tape {
	c := &Tape{Records: clonePointed(t.Records)}
	for _, r := range c.Records {
		r.Done = maps.Clone(r.Done)
	}
	return c
}

// cloneOrders copies orders. Their trails and streams are shared: what is added
// to either goes to a list of its own.
func cloneOrders(m map[string]*Order) map[string]*Order {
	c := clonePointed(m)
	for _, o := range c {
		o.Trail, o.Stream = slices.Clip(o.Trail), slices.Clip(o.Stream)
	}
	return c
}

func (f *fold) clone() fold {
	c := fold{
		changes: changes{off: true}, judged: f.judged.clone(),
		byHandle: maps.Clone(f.byHandle), arrival: slices.Clone(f.arrival), events: maps.Clone(f.events),
		perOrder: cloneBelow(f.perOrder), known: maps.Clone(f.known), eventsOf: cloneLists(f.eventsOf),
		early: cloneOrders(f.early), ended: slices.Clone(f.ended), unread: cloneLists(f.unread), accepted: maps.Clone(f.accepted), unstored: maps.Clone(f.unstored),
	}
	return c
}

func (j *judged) clone() judged {
	return judged{
		hard: cloneBelow(j.hard), soft: cloneBelow(j.soft), captures: cloneLists(j.captures),
		handled: maps.Clone(j.handled), stale: maps.Clone(j.stale), settled: j.settled,
	}
}

// cloneBelow copies a map of maps.
func cloneBelow[K, L comparable, V any](m map[K]map[L]V) map[K]map[L]V {
	c := make(map[K]map[L]V, len(m))
	for k, below := range m {
		c[k] = maps.Clone(below)
	}
	return c
}

// cloneLists copies a map of lists. They are shared but for their ends: what is
// appended to either goes to a list of its own.
func cloneLists[K comparable, V any](m map[K][]V) map[K][]V {
	c := make(map[K][]V, len(m))
	for k, list := range m {
		c[k] = slices.Clip(list)
	}
	return c
}

// clonePointed copies a map and what its pointers point to.
func clonePointed[K comparable, V any](m map[K]*V) map[K]*V {
	c := make(map[K]*V, len(m))
	all := make([]V, 0, len(m)) // one allocation for all of them
	for k, v := range m {
		all = append(all, *v)
		c[k] = &all[len(all)-1]
	}
	return c
}

// cloneAll copies a list and what its pointers point to.
func cloneAll[V any](list []*V) []*V {
	c := make([]*V, len(list))
	for i, v := range list {
		copied := *v
		c[i] = &copied
	}
	return c
}
