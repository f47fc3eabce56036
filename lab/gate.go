package lab

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"eddy/lab/shop"
)

// seat is an instance of a service.
type seat struct {
	service  string
	instance int
}

// gate holds messages between their poll and their handler: all of them while
// the lab is frozen, those of a paused instance while it is paused. Heartbeats
// go on meanwhile, so nobody is thrown out of a group by being held.
type gate struct {
	mu      sync.Mutex
	frozen  bool
	paused  map[seat]bool
	tickets map[seat]*ticket   // a member has one message in hand at most
	calls   map[string]*ticket // and any number of calls, by their ids
	arrived chan struct{}      // buffered: a ticket came
	moved   chan struct{}      // closed when somebody may pass who might not before
}

// ticket is a message that waits at the gate or is being handled.
type ticket struct {
	seat     seat
	order    bool // a customer's call: it is taken while the lab stands still, and no step takes it
	at       tp
	offset   int64
	produced int64         // seq of the record's produced entry
	running  bool          // its handler has begun
	handled  bool          // its handler is through, its offset is not committed
	orphan   bool          // its partition was taken away: there will be no commit
	sure     bool          // it was told to begin: no breakpoint stops it any more
	fate     error         // what becomes of it instead of being handled as it is, nil: nothing
	admitted chan struct{} // closed when it may begin
	rushed   chan struct{} // closed when it is stepped: its waits end
	done     chan struct{} // closed when it is through, commit included
}

func newGate() *gate {
	return &gate{paused: map[seat]bool{}, tickets: map[seat]*ticket{}, calls: map[string]*ticket{}, arrived: make(chan struct{}, 1), moved: make(chan struct{})}
}

// open tells whether a message of the seat would pass now.
func (g *gate) open(s seat) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.frozen && !g.paused[s]
}

// pass waits until a message of the seat would pass: for work that is not done
// on a message. It ends early with ctx.
func (g *gate) pass(ctx context.Context, s seat) error {
	for {
		moved, open := g.look(s)
		if open {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look tells whether a message of the seat would pass now; moved is closed when
// that may have changed.
func (g *gate) look(s seat) (moved <-chan struct{}, open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.moved, !g.frozen && !g.paused[s]
}

// pausedSeat tells whether the seat itself is paused.
func (g *gate) pausedSeat(s seat) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.paused[s]
}

// enter takes a seat's next message in.
func (g *gate) enter(s seat, at tp, offset, produced int64) *ticket {
	t := &ticket{seat: s, at: at, offset: offset, produced: produced, admitted: make(chan struct{}), rushed: make(chan struct{}), done: make(chan struct{})}
	g.mu.Lock()
	if old := g.tickets[s]; old != nil {
		close(old.done)
	}
	g.tickets[s] = t
	if !g.frozen && !g.paused[s] {
		t.start()
	}
	g.mu.Unlock()
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	return t
}

// wait waits until the message may be handled. It ends early with ctx.
func (g *gate) wait(ctx context.Context, t *ticket) error {
	g.mu.Lock()
	admitted := t.admitted
	g.mu.Unlock()
	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.tickets[t.seat] == t { // the seat may have a new tenant by now
			g.remove(t.seat)
		}
		return context.Cause(ctx) // a call leaves by itself
	}
}

// hold takes back that a message may be handled, unless somebody insisted.
func (g *gate) hold(t *ticket) (held bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.sure || g.tickets[t.seat] != t {
		return false
	}
	if t.running {
		t.running, t.admitted = false, make(chan struct{})
	}
	return true
}

// decide says what becomes of a message that is held: nil, it is handled as it
// is. It begins once the gate opens, or is taken.
func (g *gate) decide(t *ticket, fate error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.sure, t.fate = true, fate
}

// fateOf is what was decided about a message.
func (g *gate) fateOf(t *ticket) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return t.fate
}

func (t *ticket) start() {
	if !t.running {
		t.running = true
		close(t.admitted)
	}
}

// leave says that the seat's message is through, or that the seat is gone.
func (g *gate) leave(s seat) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(s)
}

func (g *gate) remove(s seat) {
	if t := g.tickets[s]; t != nil {
		delete(g.tickets, s)
		close(t.done)
	}
}

// enterCall takes in a call that has a slot of the seat.
func (g *gate) enterCall(s seat, id string, produced int64, order bool) *ticket {
	t := &ticket{seat: s, order: order, produced: produced, admitted: make(chan struct{}), rushed: make(chan struct{}), done: make(chan struct{})}
	g.mu.Lock()
	g.calls[id] = t
	if g.admits(t) {
		t.start()
	}
	g.mu.Unlock()
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	return t
}

// admits tells whether a call may begin.
func (g *gate) admits(t *ticket) bool { return (!g.frozen || t.order) && !g.paused[t.seat] }

// leaveCall says that a call is through.
func (g *gate) leaveCall(id string, t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[id] == t {
		delete(g.calls, id)
	}
	close(t.done)
}

// handled says that the seat's handler is through. With commitFollows the
// message is through once its offset is committed.
func (g *gate) handled(s seat, commitFollows bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.tickets[s]; t != nil {
		t.handled = true
		if t.orphan || !commitFollows {
			g.remove(s)
		}
	}
}

// committed says that the seat committed in a partition.
func (g *gate) committed(s seat, at tp) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.tickets[s]; t != nil && t.handled && t.at == at {
		g.remove(s)
	}
}

// dropped says that the seat gave a record back unhandled.
func (g *gate) dropped(s seat, at tp, offset int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.tickets[s]; t != nil && t.at == at && t.offset == offset {
		g.remove(s)
	}
}

// revoked says that partitions were taken away from the seat.
func (g *gate) revoked(s seat, parts map[string][]int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tickets[s]
	if t == nil || !slices.Contains(parts[t.at.topic], t.at.partition) {
		return
	}
	t.orphan = true
	if t.handled {
		g.remove(s)
	}
}

// freeze shuts the gate for everybody, thaw opens it.
func (g *gate) freeze(frozen bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.frozen = frozen
	g.admitAll()
}

// pause shuts the gate for a seat, or opens it.
func (g *gate) pause(s seat, paused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if paused {
		g.paused[s] = true
	} else {
		delete(g.paused, s)
	}
	g.admitAll()
}

func (g *gate) admitAll() {
	close(g.moved)
	g.moved = make(chan struct{})
	for s, t := range g.tickets {
		if !g.frozen && !g.paused[s] {
			t.start()
		}
	}
	for _, t := range g.calls {
		if g.admits(t) {
			t.start()
		}
	}
}

// next finds what a step should take: a handler that is under way, else the
// waiting message that was produced first. Nil where nothing waits.
func (g *gate) next() *ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ready []*ticket
	for s, t := range g.tickets {
		if !g.paused[s] {
			ready = append(ready, t)
		}
	}
	// Whoever called waits, with what he has in hand: the call comes first.
	var calls []*ticket
	for _, t := range g.calls {
		if !t.order && !g.paused[t.seat] {
			calls = append(calls, t)
		}
	}
	if len(calls) > 0 {
		ready = calls
	}
	if len(ready) == 0 {
		return nil
	}
	return slices.MinFunc(ready, func(a, b *ticket) int {
		if a.running != b.running {
			if a.running {
				return -1
			}
			return 1
		}
		// Of those that wait for one record, the first as the page lists them.
		return cmp.Or(cmp.Compare(a.produced, b.produced),
			cmp.Compare(slices.Index(ServiceNames, a.seat.service), slices.Index(ServiceNames, b.seat.service)), cmp.Compare(a.seat.instance, b.seat.instance))
	})
}

// take lets a held message go on alone, without waits, until it is through.
func (g *gate) take(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.sure = true
	t.start()
	select {
	case <-t.rushed:
	default:
		close(t.rushed)
	}
}

// inHand counts messages that are held or being handled.
func (g *gate) inHand() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.tickets) + len(g.calls)
}

type seatKey struct{}

// seated is what a member's context carries, so that the clock knows whose
// sleep it is.
type seated struct {
	gate *gate
	seat seat
}

// rush is closed when the message that ctx belongs to is stepped; nil where
// ctx belongs to none.
func rush(ctx context.Context) <-chan struct{} {
	who, ok := ctx.Value(seatKey{}).(seated)
	if !ok {
		return nil
	}
	who.gate.mu.Lock()
	defer who.gate.mu.Unlock()
	if c := shop.CallIn(ctx); c != nil {
		if t := who.gate.calls[c.ID]; t != nil {
			return t.rushed
		}
		return nil
	}
	if t := who.gate.tickets[who.seat]; t != nil {
		return t.rushed
	}
	return nil
}
