package kafka

import (
	"sync"
	"sync/atomic"
	"time"
)

// condition is what a machine is able to do.
type condition int32

const (
	up    condition = iota
	dying           // it takes what comes in and does nothing about it any more
	down            // it is gone: nobody gets a connection
)

// machine is what a broker runs on. Everything that clients say to the broker
// and hear from it passes here, so that it can be slow, and can die.
type machine struct {
	id   int32
	wire *wire

	is   atomic.Int32 // a condition; changed with mu held
	slow atomic.Int64 // nanoseconds that every answer takes longer; changed with mu held

	mu     sync.Mutex
	hurry  chan struct{} // closed when what is slow need not be any longer
	conns  map[*conn]struct{}
	doomed []Unstored // what came in while it was dying, and nobody sends again
}

func newMachine(id int32, w *wire) *machine {
	return &machine{id: id, wire: w, hurry: make(chan struct{}), conns: make(map[*conn]struct{})}
}

func (m *machine) condition() condition { return condition(m.is.Load()) }

// enter takes a connection in, unless the machine is down.
func (m *machine) enter(c *conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.condition() == down {
		return false
	}
	m.conns[c] = struct{}{}
	return true
}

func (m *machine) leave(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conns, c)
}

// set changes the condition. A machine that goes down drops its connections
// without a goodbye. It returns what the machine took and never stored.
func (m *machine) set(to condition) []Unstored {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.is.Store(int32(to))
	lost := m.doomed
	m.doomed = nil
	if to == down {
		for c := range m.conns {
			c.Conn.Close() // what the fake still does with it, it finds out
		}
		clear(m.conns)
	}
	return lost
}

// lose notes records that came in while the machine was dying.
func (m *machine) lose(records []Unstored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.doomed = append(m.doomed, records...)
}

// delay makes every answer come so much later; 0: none.
func (m *machine) delay(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch was := m.slow.Load(); {
	case was == 0 && d > 0:
		m.wire.slow.Add(1)
	case was > 0 && d == 0:
		m.wire.slow.Add(-1)
	}
	m.slow.Store(int64(d))
	close(m.hurry)
	m.hurry = make(chan struct{})
}

// linger waits as long as an answer takes longer, at least so long, but not
// beyond gone.
func (m *machine) linger(gone <-chan struct{}, least time.Duration) {
	slow := max(least, time.Duration(m.slow.Load()))
	if slow == 0 {
		return
	}
	m.mu.Lock()
	hurry := m.hurry
	m.mu.Unlock()
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-gone:
	}
}
