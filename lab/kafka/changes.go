package kafka

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Some stands for names that the mark does not know: look at all of them.
const Some = "*"

// Changes says what moved. It says where to look, never what is there.
type Changes struct {
	// Topics that a client from outside produced to, and those that anyone
	// created, changed or trimmed. Usually Some.
	Topics map[string]bool

	// Groups that members joined or left or were thrown out of, and those
	// that a client from outside committed to. Not plain heartbeats.
	Groups map[string]bool

	// Brokers is set when leaders moved.
	Brokers bool
}

// Empty reports whether nothing moved.
func (c Changes) Empty() bool { return len(c.Topics) == 0 && len(c.Groups) == 0 && !c.Brokers }

// tap gathers changes from what passes on the wire. The parsing is in wiretap.go.
type tap struct {
	changed chan struct{} // buffered(1)

	mu          sync.Mutex
	closed      bool
	changes     Changes
	generations map[string]int32         // by group
	sessions    map[string]time.Duration // by group: the longest session a member asked for
	timers      map[string]*time.Timer   // looks to take later, see later
	unfinished  map[string]bool          // groups with commits inside a transaction

	produced  atomic.Int64 // bytes of produce requests since the last trim
	trimBytes int64
	trim      func()
	trimming  atomic.Bool
	trims     sync.WaitGroup
}

func newTap() *tap {
	return &tap{
		changed:     make(chan struct{}, 1),
		generations: make(map[string]int32),
		sessions:    make(map[string]time.Duration),
		timers:      make(map[string]*time.Timer),
		unfinished:  make(map[string]bool),
	}
}

// close stops the tap for good. After it nothing calls into the fake.
func (t *tap) close() {
	t.mu.Lock()
	t.closed = true
	for _, timer := range t.timers {
		timer.Stop()
	}
	t.mu.Unlock()
	t.trims.Wait()
}

// mark merges a change into those that nobody took yet.
func (t *tap) mark(change func(*Changes)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.markLocked(change)
}

func (t *tap) markLocked(change func(*Changes)) {
	if t.closed {
		return
	}
	if t.changes.Topics == nil {
		t.changes.Topics, t.changes.Groups = make(map[string]bool), make(map[string]bool)
	}
	change(&t.changes)
	select {
	case t.changed <- struct{}{}:
	default: // a value is waiting already
	}
}

func (t *tap) markTopics() { t.mark(func(c *Changes) { c.Topics[Some] = true }) }

func (t *tap) markGroup(group string) { t.mark(func(c *Changes) { c.Groups[group] = true }) }

func (t *tap) take() Changes {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.changes
	t.changes = Changes{}
	// A value that still waits would announce what was just taken.
	select {
	case <-t.changed:
	default:
	}
	return taken
}

func (t *tap) generation(group string) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.generations[group]
}

// groups lists the groups that a member was ever told a generation of.
func (t *tap) groups() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.generations))
}

// later marks a change that takes effect in a while without another word on
// the wire. A later call with the same name puts it off.
func (t *tap) later(name string, wait time.Duration, change func(*Changes)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if old := t.timers[name]; old != nil {
		old.Stop()
	}
	t.timers[name] = time.AfterFunc(wait, func() { t.mark(change) })
}

// silent notes that a member's connection closed without a goodbye. If it does
// not come back, the group throws it out when its session ends. No one hears
// of that where it was the only member.
func (t *tap) silent(group string) {
	t.mu.Lock()
	session := cmp.Or(t.sessions[group], 45*time.Second)
	t.mu.Unlock()
	t.later("silent "+group, session+10*time.Millisecond, func(c *Changes) { c.Groups[group] = true })
}

// unfinishedCommit notes that a transaction will change the group's offsets.
func (t *tap) unfinishedCommit(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unfinished[group] = true
}

// endTransaction marks what a transaction may have changed. Which groups it
// was is not in the request, so all with unfinished commits are marked.
func (t *tap) endTransaction() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.markLocked(func(c *Changes) {
		c.Topics[Some] = true
		maps.Copy(c.Groups, t.unfinished)
	})
	clear(t.unfinished)
}

// trimEvery has retention applied after every so many produced bytes. The fake
// does not do it by itself for limits that hold for all topics.
func (t *tap) trimEvery(bytes int64, trim func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trimBytes, t.trim = bytes, trim
}

// count counts what is produced, and trims once enough is there. Trimming has
// a goroutine of its own, because it waits for the fake, which waits for its
// connections.
func (t *tap) count(bytes int) {
	if t.produced.Add(int64(bytes)) < t.trimBytes || !t.trimming.CompareAndSwap(false, true) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.produced.Store(0)
	t.trims.Go(func() {
		t.trim()
		t.trimming.Store(false)
	})
}
