package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"eddy/lab/code"
	"eddy/lab/kafka"
	"eddy/lab/shop"
	"eddy/lab/store"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Lab is one learner's world: a cluster, the shop's services on it, a journal
// of what happens and the board that is its fold. Open makes one, Close ends it.
type Lab struct {
	options Options
	token   string // tells its goroutines from those of other labs
	clock   *Clock
	gate    *gate
	cluster *kafka.Cluster
	probe   *kafka.Probe
	write   *store.Write
	read    *shop.ReadModel
	gateway *shop.Gateway
	reader  shop.Reader
	hand    *kgo.Client // the lab's own hand: publish and duplicate

	orders    *shop.Orders
	projector *shop.Projector
	services  map[string]*shop.Service

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // bursts and the observer
	calls  atomic.Int64   // calls of the shop and bursts that are under way
	acting sync.Mutex     // actions that change services take turns
	steps  chan struct{}  // holds a token while somebody steps, or decides about a held message
	trying sync.Mutex     // one experiment at a time

	breaking atomic.Bool // there are breakpoints

	random struct {
		sync.Mutex
		*rand.Rand
		ids *rand.ChaCha8
	}
	sequence atomic.Int64 // of order ids
	key      atomic.Pointer[string]
	saga     atomic.Pointer[string]

	snapshotEvery atomic.Int64 // events of a stream
	amended       atomic.Int64 // corrections of orders so far

	mu      sync.Mutex
	journal journal
	board   *Board
	packing bool // old entries are being packed
	ledger  ledger
	faults  faults
	armings int64 // faults armed so far
	outside int64 // orders made up by `publish` so far
	causes  causes
	parked  map[seat]map[tp]bool // retries that wait for their time
	moved   chan struct{}        // closed when the journal grows; nil while nobody waits
	quiet   int64                // head at the last time the lab was seen settled
	look    chan struct{}        // buffered: the observer should look again
	looking chan struct{}        // holds a token while the cluster is looked at
	heed    *attention           // who reads the board or the journal
	expr    programs
	breaks  []*breakpoint
	hold    *hold // the message that a breakpoint holds

	own        ownWrites     // what accepted commands were answered with
	progressed time.Duration // lab time at which the journal last said how far a rebuild is

	recorder  recorder
	rerunning atomic.Bool // what was done elsewhere is being done again: nobody else acts

	startup stopwatch // written by Open only
}

// Options say how a lab is run; none of them changes what it teaches.
type Options struct {
	Listen string // "" no ports; host:port opens the cluster to any Kafka client
	Keep   int    // newest journal entries kept for the life of the lab, 100,000 where 0
	Orders int    // quota: orders that the lab takes in its life, 20,000 where 0
	Again  *Again // what to do first, where the lab repeats another; its settings are the lab's
}

func (o Options) withDefaults() Options {
	if o.Keep == 0 {
		o.Keep = 100_000
	}
	if o.Orders == 0 {
		o.Orders = 20_000
	}
	return o
}

// opened counts the labs of this process.
var opened atomic.Int64

// openTimeout bounds how long Open waits for the services to join.
const openTimeout = 15 * time.Second

// Open starts a lab and returns when its services are members of their groups.
// With Options.Again it goes on by itself then, with s left aside, and refuses
// actions until it is through.
func Open(ctx context.Context, s Settings, o Options) (*Lab, error) {
	if o.Again != nil {
		s = o.Again.Recording.Settings
	}
	s, err := s.Clone().normal()
	if err != nil {
		return nil, err
	}
	l := &Lab{
		options: o.withDefaults(), clock: newClock(), gate: newGate(), services: map[string]*shop.Service{},
		board: newBoard(s.Clone()), ledger: newLedger(s), causes: newCauses(), parked: map[seat]map[tp]bool{},
		steps: make(chan struct{}, 1), look: make(chan struct{}, 1), looking: make(chan struct{}, 1), heed: newAttention(), quiet: -1, startup: stopwatch{last: time.Now()},
	}
	l.recorder.opened = s.Clone()
	l.journal = newJournal(l.options.Keep, l.board.clone())
	l.token = strconv.FormatInt(opened.Add(1), 10)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.seed(s.Seed)
	l.key.Store(&s.Key)
	l.saga.Store(&s.Saga)
	l.snapshotEvery.Store(int64(s.SnapshotEvery))
	if err := l.build(ctx, s); err != nil {
		l.Close()
		return nil, err
	}
	given := s.Clone() // with them the journal says all that its fold needs
	opened := l.record(Entry{Kind: KindNote, Text: "the lab is open", Data: &Data{Clock: &ClockState{Speed: 1}, Settings: &given}})
	l.causes.opened, l.causes.cluster = opened, opened // nobody else is there yet
	l.lookAt(kafka.Scope{Topics: true, Brokers: true})
	l.work.Go(l.observe)
	for _, name := range ServiceNames {
		n := s.Services[name].Instances
		if name == "orchestrator" && s.Saga != shop.Orchestration {
			continue // its seat is empty
		}
		l.record(Entry{Kind: KindNote, Service: name, Cause: opened, Text: fmt.Sprintf("%s runs %d times", name, n), Data: &Data{Service: &ServiceFact{Instances: &n}}})
		for i := range n {
			if err := l.start(name, i+1, opened, ""); err != nil {
				l.Close()
				return nil, err
			}
		}
	}
	l.startup.lap("services")
	if err := l.joined(ctx); err != nil {
		l.Close()
		return nil, err
	}
	l.startup.lap("joins")
	if o.Again != nil {
		l.rerunning.Store(true)
		l.work.Go(func() { l.rerun(*o.Again) })
	}
	return l, nil
}

func (l *Lab) seed(seed uint64) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	l.random.Rand = rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))
	l.random.ids = rand.NewChaCha8(key)
}

// build makes everything that the services stand on, and the services.
func (l *Lab) build(ctx context.Context, s Settings) (err error) {
	l.cluster, err = kafka.Start(kafka.Config{Brokers: s.Brokers, Topics: s.Partitions, Listen: l.options.Listen, GroupMinSession: time.Second})
	if err != nil {
		return fmt.Errorf("start the cluster: %w", err)
	}
	l.probe = l.cluster.NewProbe()
	l.startup.lap("cluster")
	if l.write, err = store.OpenWrite(ctx); err != nil {
		return fmt.Errorf("open the write database: %w", err)
	}
	fresh := func(ctx context.Context) (shop.ReadDB, error) { return store.OpenRead(ctx) }
	if l.read, err = shop.OpenReadModel(ctx, fresh); err != nil {
		return fmt.Errorf("open the read database: %w", err)
	}
	for sku, n := range s.Stock {
		if _, err := shop.Fill(ctx, l.write, sku, n); err != nil {
			return err
		}
	}
	l.startup.lap("databases")
	l.gateway = &shop.Gateway{Decline: l.declines}
	env := &shop.Env{
		Cluster: l.cluster, Write: l.write, Read: l.read, Gateway: l.gateway, Reader: &l.reader, Clock: l.clock, Watch: l,
		NewID: l.newID, Jitter: l.jitter,
		Key: func() string { return *l.key.Load() }, Saga: func() string { return *l.saga.Load() },
		SnapshotEvery: func() int { return int(l.snapshotEvery.Load()) },
		Open: func(service string, instance int) bool {
			return !l.breaking.Load() && l.gate.open(seat{service, instance})
		},
		Seat: func(ctx context.Context, service string, instance int) context.Context {
			at := seat{service, instance}
			return code.At(context.WithValue(ctx, seatKey{}, seated{l.gate, at}), l.token, nameOf(at))
		},
		SessionTimeout: s.SessionTimeout.D(), Heartbeat: s.Heartbeat.D(), SagaTimeout: s.SagaTimeout.D(),
		Running:     func(service string) []int { return l.services[service].Running() },
		CallTimeout: s.CallTimeout.D(), Slots: s.Slots,
	}
	l.orders = shop.NewOrders(env, s.Services["order"].shop())
	l.projector = shop.NewProjector(env, s.Services["projector"].shop())
	l.services = map[string]*shop.Service{
		"order":        l.orders.Service,
		"payment":      shop.NewPayment(env, s.Services["payment"].shop()),
		"inventory":    shop.NewInventory(env, s.Services["inventory"].shop()),
		"notification": shop.NewNotification(env, s.Services["notification"].shop()),
		"projector":    l.projector.Service,
		"orchestrator": shop.NewOrchestrator(env, s.Services["orchestrator"].shop()),
	}
	return nil
}

// joined waits until every instance has its place in its group.
func (l *Lab) joined(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for {
		head := l.Head()
		if l.allRun() {
			return nil
		}
		if err := l.Wait(ctx, head); err != nil {
			return fmt.Errorf("wait for the services to join their groups: %w", err)
		}
	}
}

func (l *Lab) allRun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, svc := range l.board.Services {
		for _, s := range svc.Seats {
			if s.State == "starting" {
				return false
			}
		}
	}
	return true
}

// Close ends the lab and returns when every goroutine of it has ended.
func (l *Lab) Close() {
	l.cancel()
	l.mu.Lock()
	l.board.State = "stopped"
	l.wake()
	l.mu.Unlock()
	// An action that is under way may start an instance or a client: it ends
	// first, and none begins any more.
	l.acting.Lock()
	defer l.acting.Unlock()
	for _, s := range l.services {
		s.Close()
	}
	if l.hand != nil {
		l.hand.Close()
	}
	if l.probe != nil {
		l.probe.Close()
	}
	l.work.Wait()
	if l.cluster != nil {
		l.cluster.Close()
	}
	if l.write != nil {
		l.write.Close()
	}
	if l.read != nil {
		l.read.Close()
	}
}

func (l *Lab) newID() string {
	l.random.Lock()
	defer l.random.Unlock()
	id, err := uuid.NewRandomFromReader(l.random.ids)
	if err != nil {
		panic(fmt.Sprintf("ChaCha8 never fails: %v", err))
	}
	return id.String()
}

// jitter is a number in [0, 1) from the lab's seed.
func (l *Lab) jitter() float64 {
	l.random.Lock()
	defer l.random.Unlock()
	return l.random.Float64()
}

// record appends an entry to the journal, folds it into the board, and judges
// the invariants. It returns the entry's seq.
func (l *Lab) record(e Entry) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recordLocked(e)
}

func (l *Lab) recordLocked(e Entry) int64 {
	seq := l.append(e)
	for _, v := range l.board.judge(e) {
		l.append(Entry{Kind: KindInvariant, Cause: seq, Text: v.ID + " " + v.State + ": " + v.Because, Data: &Data{Invariant: &v}})
	}
	l.wake()
	return seq
}

func (l *Lab) append(e Entry) int64 {
	e.Seq, e.At = l.journal.head()+1, l.clock.Elapsed().Milliseconds()
	if e.Cause >= e.Seq {
		e.Cause = 0
	}
	l.recorder.hear(e)
	if l.journal.due() {
		l.journal.begin(l.board.below(l.journal.outline.last.At))
		l.packLocked()
	}
	l.journal.append(e)
	l.board.Apply(e)
	return e.Seq
}

func (l *Lab) wake() {
	if l.moved != nil {
		close(l.moved)
		l.moved = nil
	}
}

// Head is the seq of the newest journal entry.
func (l *Lab) Head() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal.head()
}

var (
	errClosed    = Errorf(Unavailable, "this lab is closed")
	errRerunning = Errorf(Conflict, "this lab is doing again what was done in another: wait until it is through")
)

// Wait returns when Head is larger than seq, or with ctx's error, or with an
// Unavailable error once the lab is closed.
func (l *Lab) Wait(ctx context.Context, seq int64) error {
	defer l.heed.while()()
	for l.Head() <= seq {
		grown := l.grown(seq)
		if l.ctx.Err() != nil {
			return errClosed
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Snapshot is the board as JSON, and its seq.
func (l *Lab) Snapshot() (json.RawMessage, int64) {
	l.heed.pay()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamp()
	raw, err := json.Marshal(l.board)
	if err != nil {
		panic(fmt.Sprintf("a board is made of plain values: %v", err))
	}
	return raw, l.board.Seq
}

// stamp sets the times of the board, which are not events.
func (l *Lab) stamp() {
	l.board.Time = time.Now().UTC().Format(time.RFC3339Nano)
	l.board.LabTime = l.clock.Elapsed().Milliseconds()
}

// Since is a JSON merge patch (RFC 7386) that brings a board of seq to head.
// It is false where seq is no longer kept or was never reached: then the
// reader needs a snapshot.
func (l *Lab) Since(seq int64) (patch json.RawMessage, head int64, ok bool) {
	l.heed.pay()
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq < l.journal.first-1 {
		return nil, 0, false
	}
	l.stamp()
	patch, ok, err := l.board.patch(seq)
	if err != nil {
		panic(fmt.Sprintf("a board is made of plain values: %v", err))
	}
	return patch, l.board.Seq, ok
}

// Entries are the journal entries from … to, both included, as far as they are
// kept; first is the oldest seq that still is. At most limit of them.
func (l *Lab) Entries(from, to int64, limit int) (entries []Entry, first int64) {
	l.heed.pay()
	l.mu.Lock()
	first = l.journal.first
	from = max(from, first)
	to = min(to, l.journal.head(), from+int64(limit)-1)
	chunks := l.journal.chunks(from, to)
	l.mu.Unlock()
	return readEntries(chunks, from, to), first
}

// Addrs are the addresses of the cluster's brokers for a Kafka client from
// outside; empty where the lab does not listen.
func (l *Lab) Addrs() []string {
	if !l.cluster.Listening() {
		return nil
	}
	return l.cluster.Seeds()
}

// Do carries out one action. A refused action changes nothing; its error is an
// *Error. An action has taken effect when Do returns.
func (l *Lab) Do(ctx context.Context, a Action) (Result, error) {
	if l.ctx.Err() != nil {
		return Result{}, errClosed
	}
	if a.Args == nil {
		return Result{}, Errorf(Invalid, "this is no action: decode it first")
	}
	if l.rerunning.Load() && ctx.Value(inRerun{}) == nil {
		return Result{}, errRerunning
	}
	r, err := a.Args.do(ctx, l, call{action: a})
	if err != nil {
		var refused *Error
		if !errors.As(err, &refused) {
			refused = Errorf(Internal, "%v", err)
			if ctx.Err() != nil {
				refused = Errorf(Unavailable, "%s was given up: %v", a.Name, context.Cause(ctx))
			}
		}
		seq := l.record(refusedEntry(a, err, refused.Message))
		return Result{Seq: seq, Error: refused}, refused
	}
	r.OK = true
	return r, nil
}

// call is one action on its way: what journal entries about it need.
type call struct{ action Action }

// accept writes the action's own entry, once it is sure not to be refused.
func (c call) accept(l *Lab, order, text string) int64 {
	return l.record(Entry{Kind: KindAction, Order: order, Text: text, Data: &Data{Action: &ActionRecord{Name: c.action.Name, Args: c.action.Args}}})
}
