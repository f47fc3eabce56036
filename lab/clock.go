package lab

import (
	"context"
	"sync"
	"time"
)

// Clock is lab time: wall time, scaled by a speed, standing still while frozen.
// The Kafka clients' own timers do not run on it.
type Clock struct {
	start time.Time // wall time at lab time 0

	mu       sync.Mutex
	lab      time.Duration // lab time at mark
	mark     time.Time     // wall time of the last change
	speed    float64
	haste    float64 // times as fast on top of speed: what is done again may hurry
	frozen   bool
	change   chan struct{}                    // closed at each change
	sleeping map[*time.Duration]time.Duration // lab times that somebody waits for
}

func newClock() *Clock {
	now := time.Now()
	return &Clock{start: now, mark: now, speed: 1, haste: 1, change: make(chan struct{}), sleeping: map[*time.Duration]time.Duration{}}
}

// Elapsed is lab time since the lab began.
func (c *Clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed()
}

func (c *Clock) elapsed() time.Duration {
	if c.frozen {
		return c.lab
	}
	return c.lab + time.Duration(float64(time.Since(c.mark))*c.speed*c.haste)
}

// Now is the moment at which the lab began plus lab time.
func (c *Clock) Now() time.Time { return c.start.Add(c.Elapsed()) }

// State tells whether the clock stands, and its speed.
func (c *Clock) State() ClockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ClockState{Frozen: c.frozen, Speed: c.speed}
}

// set changes the clock and wakes everybody who waits on it.
func (c *Clock) set(frozen bool, speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lab, c.mark = c.elapsed(), time.Now()
	c.frozen, c.speed = frozen, speed
	close(c.change)
	c.change = make(chan struct{})
}

// hasten makes lab time run so many times as fast, whatever its speed is.
func (c *Clock) hasten(times float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lab, c.mark = c.elapsed(), time.Now()
	c.haste = times
	close(c.change)
	c.change = make(chan struct{})
}

// skip moves lab time on to at, or to what somebody sleeps for where that
// comes first. It never moves it back, and a clock that stands goes on standing.
func (c *Clock) skip(at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return
	}
	for _, due := range c.sleeping {
		at = min(at, due)
	}
	c.lab, c.mark = max(at, c.elapsed()), time.Now()
	close(c.change)
	c.change = make(chan struct{})
}

// due returns a channel that fires when lab time reaches at (nil while the
// clock stands) and one that is closed when the clock is changed before.
func (c *Clock) due(at time.Duration) (timer *time.Timer, change <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		timer = time.NewTimer(time.Duration(float64(at-c.elapsed()) / (c.speed * c.haste)))
	}
	return timer, c.change
}

// Sleep waits for d of lab time. A message that is being stepped does not wait.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	rushed := rush(ctx)
	at := c.Elapsed() + d
	defer c.waits(at)()
	for c.Elapsed() < at {
		timer, change := c.due(at)
		var fires <-chan time.Time
		if timer != nil {
			fires = timer.C
		}
		select {
		case <-fires:
			return nil
		case <-change:
		case <-rushed:
			stop(timer)
			return ctx.Err()
		case <-ctx.Done():
			stop(timer)
			return context.Cause(ctx)
		}
		stop(timer)
	}
	return nil
}

// waits notes that somebody waits for a lab time, until the func it returns is
// called.
func (c *Clock) waits(at time.Duration) (over func()) {
	me := new(time.Duration)
	c.mu.Lock()
	c.sleeping[me] = at
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		delete(c.sleeping, me)
		c.mu.Unlock()
	}
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}

// AfterFunc runs f on its own goroutine when d of lab time have passed, unless
// stop is called before.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		if c.Sleep(ctx, d) == nil && ctx.Err() == nil {
			f()
		}
	}()
	return cancel
}
