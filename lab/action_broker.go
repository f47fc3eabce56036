package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"eddy/lab/kafka"
	"eddy/lab/shop"
)

// brokerSlowMax bounds how late the answers of a slow broker come.
const brokerSlowMax = time.Minute

type broker struct {
	ID    *int32    `json:"id"`
	State string    `json:"state,omitempty" is:"down|up"`
	Slow  *Duration `json:"slow,omitempty"`
}

func (a *broker) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	is, err := l.brokerOf(a.ID, "id")
	if err != nil {
		return Result{}, err
	}
	switch {
	case a.State == "" && a.Slow == nil:
		return Result{}, Errorf(Invalid, "broker needs a state, down or up, or how slow it is to be: 200ms, or 0s for no longer")
	case a.State != "" && a.Slow != nil:
		return Result{}, Errorf(Invalid, "broker takes state or slow, not both at once")
	case a.Slow != nil:
		return l.slowBroker(is, a.Slow.D(), c)
	}
	if err := oneOf(a, "state", a.State); err != nil {
		return Result{}, err
	}
	if is.State == a.State {
		return Result{}, Errorf(Conflict, "broker %d is %s already", is.ID, is.State)
	}
	if a.State == "up" {
		seq := c.accept(l, "", fmt.Sprintf("you brought broker %d up", is.ID))
		return Result{Seq: seq}, l.undo(ctx, l.disarm(seq, func(f *armed) bool { return f.Kind == "broker" && *f.Broker == is.ID }), seq)
	}
	return l.brokerDown(ctx, is.ID, c)
}

// brokerOf finds the broker that an argument names.
func (l *Lab) brokerOf(id *int32, argument string) (Broker, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, b := range l.board.Brokers {
		if id != nil && b.ID == *id {
			return b, nil
		}
		names = append(names, fmt.Sprint(b.ID))
	}
	if id == nil {
		return Broker{}, Errorf(Invalid, "which broker? %s is one of %s", argument, strings.Join(names, ", "))
	}
	return Broker{}, Errorf(NotFound, "there is no broker %d: the brokers are %s", *id, strings.Join(names, ", "))
}

// brokerDown takes a broker down, and writes what the cluster shows of it.
func (l *Lab) brokerDown(ctx context.Context, id int32, c call) (Result, error) {
	seq := c.accept(l, "", fmt.Sprintf("you took broker %d down", id))
	f := &armed{Fault: Fault{Kind: "broker", Broker: &id, Text: fmt.Sprintf("broker %d is down", id)}}
	f.undo = func(ctx context.Context, cause int64) error {
		return l.changeCluster(ctx, cause, func() error {
			_, err := l.cluster.Up(id, l.probe.Topics()...)
			return err
		})
	}
	l.arm(f, seq)
	var moved []kafka.Move
	err := l.changeCluster(ctx, f.ID, func() (err error) {
		var unstored []kafka.Unstored
		moved, unstored, err = l.cluster.Down(id, l.probe.Topics()...)
		for _, u := range unstored {
			l.unstored(u, id, f.ID)
		}
		return err
	})
	if err != nil {
		return Result{}, err
	}
	text := fmt.Sprintf("broker %d is down, and %d partitions have other leaders now", id, len(moved))
	if len(moved) == 0 {
		text = fmt.Sprintf("broker %d is down", id)
	}
	return Result{Seq: seq, Text: text}, nil
}

// unstored writes that a record died with a broker.
func (l *Lab) unstored(u kafka.Unstored, id int32, cause int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	facts, rec := l.recordFacts(u.Record), u.Record
	service, instance := seatOfClient(u.Client)
	who := u.Client
	if service != "" {
		who = nameOf(seat{service, instance})
	}
	what := facts.EventType
	if what == "" {
		what = "a record"
	}
	if facts.Order != "" {
		what += " of " + facts.Order
	}
	delete(l.ledger.expected, facts.EventID)
	l.recordLocked(Entry{Kind: KindFault, Service: service, Instance: instance, Order: facts.Order, Topic: rec.Topic, Partition: rec.Partition, Offset: -1,
		EventType: facts.EventType, EventID: facts.EventID, Cause: cause,
		Text: fmt.Sprintf("%s was lost: broker %d took it and died before it was stored, and %s waits for no answer (acks none), so that nobody sends it again", what, id, who),
		Data: &Data{Unstored: true}})
}

func (l *Lab) slowBroker(is Broker, by time.Duration, c call) (Result, error) {
	if err := atMost("slow", Duration(by), brokerSlowMax); err != nil {
		return Result{}, err
	}
	if is.State == "down" {
		return Result{}, Errorf(Conflict, "broker %d is down: bring it up first", is.ID)
	}
	seq := c.accept(l, "", fmt.Sprintf("you slowed broker %d down by %s", is.ID, Duration(by)))
	if err := l.undo(context.Background(), l.disarm(seq, func(f *armed) bool { return f.Kind == "slow_broker" && *f.Broker == is.ID }), seq); err != nil {
		return Result{}, err
	}
	if by == 0 {
		return Result{Seq: seq}, nil
	}
	set := func(by time.Duration, text string, cause int64) error {
		if err := l.cluster.Slow(is.ID, by); err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		now := l.board.broker(is.ID)
		now.Slow = ""
		if by > 0 {
			now.Because = fmt.Sprintf("broker %d is slow because you slowed it down", is.ID)
			now.Slow = Duration(by).String()
		}
		l.recordLocked(Entry{Kind: KindBroker, Cause: cause, Text: text, Data: &Data{Broker: &now}})
		return nil
	}
	f := &armed{Fault: Fault{Kind: "slow_broker", Broker: &is.ID, Text: fmt.Sprintf("broker %d answers %s late", is.ID, Duration(by))}}
	f.undo = func(_ context.Context, cause int64) error {
		return set(0, fmt.Sprintf("broker %d answers at once again", is.ID), cause)
	}
	l.arm(f, seq)
	return Result{Seq: seq}, set(by, f.Text, f.ID)
}

// changeCluster has brokers or leaders changed, and looks what became of them.
func (l *Lab) changeCluster(ctx context.Context, cause int64, change func() error) error {
	l.blame(cause)
	if err := change(); err != nil {
		return err
	}
	l.clusterChanged(ctx)
	return nil
}

// clusterChanged looks what became of brokers and leaders, and lets the shop's
// clients hear of it.
func (l *Lab) clusterChanged(ctx context.Context) {
	l.lookNow(ctx)
	// A producer without acks asks nobody, and the fake does not hang up on it.
	l.refresh(func(s *shop.Service) bool { return s.Settings().Acks == "none" })
}

// blame says what is about to change the cluster, and returns what did before:
// the observer may see the change before whoever makes it has returned.
func (l *Lab) blame(cause int64) (before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, l.causes.cluster = l.causes.cluster, cause
	return before
}

// refresh has clients of the shop ask for metadata. They do so by themselves as
// soon as a broker sends them away, or after five minutes.
func (l *Lab) refresh(which func(*shop.Service) bool) {
	for _, s := range l.services {
		if which(s) {
			s.Refresh()
		}
	}
	if l.hand != nil {
		l.hand.ForceMetadataRefresh()
	}
}

// elect gives partitions back to the brokers that led them before somebody
// moved them.
func (l *Lab) elect(ctx context.Context, cause int64) {
	before := l.blame(cause)
	if moved := l.cluster.Elect(); len(moved) == 0 {
		l.blame(before)
		return
	}
	l.clusterChanged(ctx)
}

// undo takes back what faults that were disarmed had done.
func (l *Lab) undo(ctx context.Context, gone []*armed, cause int64) error {
	for _, f := range gone {
		if f.undo == nil {
			continue
		}
		if err := f.undo(ctx, cause); err != nil {
			return fmt.Errorf("take back that %s: %w", f.Text, err)
		}
	}
	return nil
}
