package shop

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"eddy/lab/kafka"
	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kgo"
)

// member is one running instance of a service: one Kafka client that consumes
// and produces, one worker.
type member struct {
	*Service
	n      int
	link   *kafka.Link
	client *kgo.Client
	loop   *pattern.Consumer
	outbox *pattern.Outbox
	door   *door
	dying  atomic.Bool // its network is being cut for good

	ctx    context.Context
	cancel context.CancelCauseFunc // its cause is what a call that is cut off hears
	done   chan struct{}
	relays sync.WaitGroup // relays that calls from outside left running

	asks       sync.Once     // see introduce
	introduced chan struct{} // closed once the client has its producer id

	nudge    chan struct{}   // holds a token while the watch should look again
	watching context.Context // of the watch: it ends when a stop begins
	unwatch  context.CancelFunc

	hand struct { // the record in hand; touched by the worker only
		rec   *kgo.Record
		event Event
		err   error
		pass  bool // a known event that this service does not need
		seen  bool // the inbox knows the event
		told  bool // the watcher was told of the record
		drop  bool // and wants it passed over
	}
}

func newMember(s *Service, n int) (*member, error) {
	m := &member{Service: s, n: n, done: make(chan struct{}), introduced: make(chan struct{}), nudge: make(chan struct{}, 1)}
	ctx := context.Background()
	if s.env.Seat != nil {
		ctx = s.env.Seat(ctx, s.name, n)
	}
	m.ctx, m.cancel = context.WithCancelCause(ctx)
	m.watching, m.unwatch = context.WithCancel(m.ctx)
	s.starts++
	// A link of its own for every start: the client that a crash left behind
	// must not find the way back.
	m.link = s.env.Cluster.Link(fmt.Sprintf("%s/%d", m.id(), s.starts))
	if s.cutOff[FromKafka] {
		m.link.Cut()
	}
	m.outbox = &pattern.Outbox{
		Service: s.name, Owner: m.id(), Lease: s.env.SessionTimeout, Now: s.env.Clock.Now,
	}
	m.loop = m.consumer()
	client, err := kgo.NewClient(append(append(s.env.Cluster.Options(m.link, "eddy-"+m.id()), m.options()...), m.loop.Options()...)...)
	if err != nil {
		m.cancel(err)
		return nil, fmt.Errorf("make a Kafka client: %w", err)
	}
	m.client, m.loop.Client = client, client
	if m.door, err = newDoor(m); err != nil {
		m.cancel(err)
		m.silence()
		return nil, err
	}
	return m, nil
}

func (m *member) id() string { return fmt.Sprintf("%s-%d", m.name, m.n) }

func (m *member) options() []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumerGroup(m.group), kgo.ConsumeTopics(m.topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(m.env.SessionTimeout), kgo.HeartbeatInterval(m.env.Heartbeat), kgo.RebalanceTimeout(m.env.SessionTimeout),
		kgo.RecordPartitioner(Partitioner()),
	}
	switch m.settings.Balancer {
	case "eager":
		opts = append(opts, kgo.Balancers(kgo.StickyBalancer()))
	case "range":
		opts = append(opts, kgo.Balancers(kgo.RangeBalancer()))
	case "roundrobin":
		opts = append(opts, kgo.Balancers(kgo.RoundRobinBalancer()))
	default:
		opts = append(opts, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	switch m.settings.Acks {
	case "leader":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	case "none":
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	default:
		if !m.settings.IdempotentProducer {
			opts = append(opts, kgo.DisableIdempotentWrite())
			break
		}
		// A member that is cut off gives up what it was sending. Otherwise it
		// would wait for ever for an answer that has no way back.
		opts = append(opts, kgo.AllowIdempotentProduceCancellation())
	}
	return opts
}

// consumer builds the pattern that this member runs on.
func (m *member) consumer() *pattern.Consumer {
	c := &pattern.Consumer{
		Handle: m.handle, Trace: m.trace, After: m.env.Clock.AfterFunc,
		OnAssigned: func(moved map[string][]int32) { m.moved(Assigned, moved) },
		OnRevoked:  func(moved map[string][]int32) { m.moved(Revoked, moved) },
		OnResumed:  m.link.Refetch,
		// A watcher has no say in what the group refuses.
		OnGroupError: func(err error) { _ = m.at(m.ctx, Moment{Point: Barred, Err: err}) },
	}
	if m.env.Open != nil {
		c.Ready = func() bool { return m.env.Open(m.name, m.n) }
	}
	switch m.settings.Commit {
	case "before":
		c.Commit = pattern.CommitBefore
	case "auto":
		c.Commit = pattern.CommitAuto
	}
	return c
}

// start runs the member until it is stopped, cut off, or crashes by itself.
func (m *member) start() {
	if m.watch != nil {
		m.relays.Go(func() { m.watch(m.watching, m) })
	}
	go func() {
		defer close(m.done)
		pprof.SetGoroutineLabels(m.ctx)
		m.relayAll() // what a crash left behind
		// Whatever breaks Run off, whoever did it sees to the rest.
		_ = m.loop.Run(m.ctx)
	}()
}

// patience is how long a stop waits for the record in hand, and then for the
// calls. A record that is held for longer comes again elsewhere, a call is cut
// off.
const patience = time.Second

// stop ends the member in good order: it finishes what it has in hand, commits,
// answers the calls that it serves, and leaves the group.
func (m *member) stop() {
	m.unwatch()
	m.loop.Stop()
	select {
	case <-m.done:
	case <-time.After(patience):
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		m.door.finish(patience)
		m.relays.Wait()
	}()
	select {
	case <-answered:
	case <-time.After(patience):
	}
	m.cancel(fmt.Errorf("the %s service stopped while it had the call", m.name))
	<-m.done
	m.door.close()
	<-answered
	if m.link.Down() { // nobody hears a goodbye
		m.silence()
		return
	}
	m.client.Close()
}

// die takes the member off the network and stops its work. It does not wait.
func (m *member) die() {
	m.dying.Store(true)
	m.link.Cut()
	m.door.shut()
	m.cancel(fmt.Errorf("the %s service crashed while it had the call", m.name))
	if m.lose(m) {
		m.link.Cut() // somebody may have mended it just now
		go func() {
			defer m.ending.Done()
			m.bury()
			m.inherit()
		}()
	}
}

// gone says why the member is no more, nil while it lives. A call that fails
// because the network went first is no news to whoever is dead.
func (m *member) gone() error {
	if m.dying.Load() {
		<-m.ctx.Done()
	}
	if m.ctx.Err() == nil {
		return nil
	}
	return context.Cause(m.ctx)
}

// bury clears up after a cut: the client must not try to leave the group.
func (m *member) bury() {
	<-m.done
	m.door.close()
	m.relays.Wait()
	m.silence()
}

// silence ends the client without a word to the group.
func (m *member) silence() {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	m.client.LeaveGroupContext(over)
	m.client.Close()
	// Close polls once more, which would bar the leave above for ever.
	m.client.AllowRebalance()
}

// at tells the watcher and, where that ends in a crash, cuts the network before
// anything else can go out.
func (m *member) at(ctx context.Context, mo Moment) error {
	mo.Service, mo.Instance = m.name, m.n
	if mo.Call == nil {
		mo.Call = CallIn(ctx)
	}
	err := m.env.Watch.At(ctx, mo)
	var crash *Crash
	if errors.As(err, &crash) {
		m.die()
	}
	return err
}

func (m *member) moved(p Point, moved map[string][]int32) {
	if p == Assigned && len(moved) > 0 {
		m.link.Refetch()
	}
	// A watcher has no say in a rebalance, so its error has no place to go.
	_ = m.at(m.ctx, Moment{Point: p, Moved: moved})
}

var points = map[pattern.Stage]Point{
	pattern.Delivered: Delivered, pattern.Handled: Handled, pattern.Failed: Failed, pattern.Retrying: Retrying,
	pattern.DeadLettered: DeadLettered, pattern.Committed: Committed, pattern.Dropped: Dropped, pattern.Passed: Passed,
}

// trace translates the consumer's steps. Records that the service has no use
// for go by without a word, but for their commit.
func (m *member) trace(ctx context.Context, step pattern.Step) error {
	p, ok := points[step.Stage]
	if !ok {
		return nil
	}
	if step.Stage == pattern.Delivered {
		m.decode(step.Record)
		m.tune()
		// Of one that failed before it is said that it is not needed any more.
		m.hand.told, m.hand.drop = !m.hand.pass || step.Attempt > 1, false
	}
	if p != Committed && p != Dropped && !m.hand.told {
		return nil
	}
	if p == Handled && m.hand.seen {
		p = Skipped
	}
	mo := Moment{Point: p, Record: step.Record, Topic: step.Topic, Partition: step.Partition, Offset: step.Offset, Err: step.Err}
	if p != Committed && p != Dropped {
		mo.EventType, mo.EventID, mo.Order = m.hand.event.Type, m.hand.event.ID, string(m.hand.event.Data.OrderID)
	}
	if step.Attempt > 0 {
		mo.Try = &Try{Attempt: step.Attempt, Of: step.Of, NextMS: step.Next.Milliseconds()}
		if step.Err != nil {
			mo.Try.Error = step.Err.Error()
		}
	}
	err := m.at(ctx, mo)
	var instead *Instead
	switch {
	case p != Delivered:
	case errors.Is(err, ErrDrop):
		m.hand.drop, err = true, nil
	case errors.As(err, &instead):
		// Every try, and a dead letter, have what the hand has.
		step.Record.Value, err = instead.Value, nil
		step.Record.Context = context.WithValue(context.Background(), changedKey{}, true)
		m.decode(step.Record)
	}
	return err
}

// changedKey marks a record in hand that is not as the log has it.
type changedKey struct{}

// decode reads the record that is next in line, once.
func (m *member) decode(rec *kgo.Record) {
	h := &m.hand
	h.rec, h.seen = rec, false
	h.event, h.err = m.read(rec)
	h.pass = Known(h.event.Type) && m.react[h.event.Type] == nil || h.err == nil && !m.concerned(h.event)
}

// read decodes a record; what the log has is decoded once for all.
func (m *member) read(rec *kgo.Record) (Event, error) {
	if rec.Context != nil && rec.Context.Value(changedKey{}) != nil {
		return Decode(rec)
	}
	return m.env.Reader.Decode(rec)
}

// tune takes over the switches that may change while the member runs.
func (m *member) tune() {
	s := m.Settings()
	m.loop.Retries = s.Retries
	m.loop.Retry = pattern.Backoff{Base: s.Backoff, Factor: 2, Max: time.Minute, Jitter: 0.2, Rand: m.env.Jitter}
	m.loop.CommitEvery, m.loop.CommitWithin = 1, 0
	if s.Work == 0 {
		m.loop.CommitEvery, m.loop.CommitWithin = commitEvery, commitWithin
	}
	m.loop.Letter = nil
	if s.DeadLetter {
		m.loop.Letter = m.letter
	}
}

// With work 0 records come faster than anybody can follow, and a commit of each
// would cost as much as its work: one says for many that they are done.
const (
	commitEvery  = 100
	commitWithin = 20 * time.Millisecond
)

// letter puts a record that this group gives up on on the dead-letter topic.
func (m *member) letter(ctx context.Context, rec *kgo.Record, attempts int, cause error) error {
	letter := pattern.Letter(rec, m.group, attempts, cause, m.env.Clock.Now())
	if err := m.send(ctx, letter); err != nil {
		return fmt.Errorf("write to %s: %w", letter.Topic, err)
	}
	return nil
}
