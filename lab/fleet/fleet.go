package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"eddy/lab"
)

// Config says how many labs there may be and how long they live.
type Config struct {
	Max       int           // labs in all, 250 where 0
	PerClient int           // labs of one client, 20 where 0
	Idle      time.Duration // until an unused lab is closed, 2h where 0
	Open      OpenFunc      // OpenLab where nil
}

// Fleet is a set of labs. It is safe for concurrent use.
type Fleet struct {
	cfg     Config
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup // the janitor, labs that are opening, labs that are closing

	mu      sync.Mutex
	closed  bool
	labs    map[string]*berth
	opening map[string]int // labs being opened, by client
}

// berth is the place of one lab in the fleet.
type berth struct {
	world    World
	client   string
	used     time.Time // last time somebody asked for it
	watchers int
	adopted  bool
}

// Stats are counts for /healthz and /metrics.
type Stats struct {
	Labs     int // open
	Max      int
	Watchers int
}

// New returns an empty fleet. Close ends it.
func New(cfg Config) *Fleet {
	if cfg.Max == 0 {
		cfg.Max = 250
	}
	if cfg.PerClient == 0 {
		cfg.PerClient = 20
	}
	if cfg.Idle == 0 {
		cfg.Idle = 2 * time.Hour
	}
	if cfg.Open == nil {
		cfg.Open = OpenLab
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &Fleet{cfg: cfg, ctx: ctx, cancel: cancel, labs: map[string]*berth{}, opening: map[string]int{}}
	f.running.Go(f.closeIdle)
	return f
}

// Create opens a lab for a client and returns its id. The client is any name
// that two callers share only if their labs shall be counted together; ""
// is not counted. A full fleet answers TooMany, a closed one Unavailable.
func (f *Fleet) Create(ctx context.Context, client string, s lab.Settings, o lab.Options) (string, error) {
	if err := f.reserve(client); err != nil {
		return "", err
	}
	defer f.running.Done()
	world, err := f.cfg.Open(f.ctx, s, o)

	f.mu.Lock()
	if f.opening[client]--; f.opening[client] == 0 {
		delete(f.opening, client)
	}
	if err == nil {
		// Nobody would ever learn the id of a lab whose caller is gone.
		err = errors.Join(f.aliveLocked(), ctx.Err())
	}
	var id string
	if err == nil {
		id = strings.ToLower(rand.Text())
		f.labs[id] = &berth{world: world, client: client, used: time.Now()}
	}
	f.mu.Unlock()

	if err != nil && world != nil {
		world.Close()
	}
	return id, err
}

// reserve takes a place for a lab that is about to open. On success the caller
// owes one running.Done.
func (f *Fleet) reserve(client string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.aliveLocked(); err != nil {
		return err
	}
	all, own := 0, f.opening[client]
	for _, n := range f.opening {
		all += n
	}
	for _, b := range f.labs {
		if b.adopted {
			continue
		}
		all++
		if b.client == client {
			own++
		}
	}
	if all >= f.cfg.Max {
		return lab.Errorf(lab.TooMany, "This server has room for %d labs and all of them are in use. A lab that nobody uses is closed after %s; try again later, or ask whoever runs the server for a larger --max-labs.", f.cfg.Max, spoken(f.cfg.Idle))
	}
	if client != "" && own >= f.cfg.PerClient {
		return lab.Errorf(lab.TooMany, "There are already %d open labs from your address, and more are not allowed. Go on in one of them, or delete one first.", own)
	}
	f.opening[client]++
	f.running.Add(1)
	return nil
}

func (f *Fleet) aliveLocked() error {
	if f.closed {
		return lab.Errorf(lab.Unavailable, "The server is shutting down: no lab can be opened.")
	}
	return nil
}

// Adopt puts a lab that was opened elsewhere under a name that is known to
// all. The fleet closes it, and only with Close. The name must be free; with an
// error the lab stays the caller's to close.
func (f *Fleet) Adopt(id string, world World) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.aliveLocked(); err != nil {
		return err
	}
	if _, taken := f.labs[id]; taken {
		return lab.Errorf(lab.Conflict, "There is already a lab %q.", id)
	}
	f.labs[id] = &berth{world: world, used: time.Now(), adopted: true}
	return nil
}

// Get finds a lab and counts as use of it. A lab that was closed in the
// meantime answers every call with Unavailable.
func (f *Fleet) Get(id string) (World, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.findLocked(id)
	if err != nil {
		return nil, err
	}
	return b.world, nil
}

// Has tells whether a lab is open. It does not count as use of it.
func (f *Fleet) Has(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.labs[id]
	return ok
}

// Watch is Get for somebody who stays: the lab is in use until release is
// called. Release may be called more than once.
func (f *Fleet) Watch(id string) (world World, release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.findLocked(id)
	if err != nil {
		return nil, nil, err
	}
	b.watchers++
	return b.world, sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		b.watchers--
		b.used = time.Now()
	}), nil
}

func (f *Fleet) findLocked(id string) (*berth, error) {
	b, ok := f.labs[id]
	if !ok {
		return nil, lab.Errorf(lab.NotFound, "There is no lab with this id. It may have been closed because nobody used it for %s, or the server was started anew.", spoken(f.cfg.Idle))
	}
	b.used = time.Now()
	return b, nil
}

// Delete closes a lab and returns when it has ended.
func (f *Fleet) Delete(id string) error {
	f.mu.Lock()
	b, err := f.findLocked(id)
	if err == nil && b.adopted {
		err = lab.Errorf(lab.Conflict, "The lab %q lives as long as the server: it cannot be deleted.", id)
	}
	if err == nil {
		err = f.aliveLocked()
	}
	if err != nil {
		f.mu.Unlock()
		return err
	}
	delete(f.labs, id)
	f.running.Add(1)
	f.mu.Unlock()

	defer f.running.Done()
	b.world.Close()
	return nil
}

// Stats counts what is open now.
func (f *Fleet) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Stats{Labs: len(f.labs), Max: f.cfg.Max}
	for _, b := range f.labs {
		s.Watchers += b.watchers
	}
	return s
}

// Close closes every lab, adopted ones among them. It returns when all of
// them, and those that were just opening, have ended. Further calls wait too.
func (f *Fleet) Close() {
	f.mu.Lock()
	f.closed = true
	f.cancel()
	for id, b := range f.labs {
		delete(f.labs, id)
		f.running.Go(b.world.Close)
	}
	f.mu.Unlock()
	f.running.Wait()
}

// closeIdle is the janitor: it looks at all labs a few times per Idle, so a
// lab outlives its time by at most an eighth.
func (f *Fleet) closeIdle() {
	tick := time.NewTicker(max(f.cfg.Idle/8, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case now := <-tick.C:
			for _, w := range f.takeIdle(now) {
				w.Close()
			}
		}
	}
}

// takeIdle removes the idle labs and returns them, still open.
func (f *Fleet) takeIdle(now time.Time) []World {
	f.mu.Lock()
	defer f.mu.Unlock()
	var idle []World
	for id, b := range f.labs {
		if b.watchers == 0 && !b.adopted && now.Sub(b.used) >= f.cfg.Idle {
			delete(f.labs, id)
			idle = append(idle, b.world)
		}
	}
	return idle
}

// spoken is a length of time as people say it: 2 hours, not 2h0m0s.
func spoken(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.of; n > 0 && d%unit.of == 0 {
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}
