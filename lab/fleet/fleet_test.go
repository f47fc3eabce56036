package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
)

// world is a lab that does nothing but count how often it was closed.
type world struct {
	World
	closed atomic.Int32
}

func (w *world) Close()                             { w.closed.Add(1) }
func (w *world) Head() int64                        { return 0 }
func (w *world) Snapshot() (json.RawMessage, int64) { return nil, 0 }

// yard opens worlds and remembers them, to see that each is closed once.
type yard struct {
	mu     sync.Mutex
	worlds []*world
	took   time.Duration // time that opening takes
}

func (y *yard) open(ctx context.Context, s lab.Settings, o lab.Options) (World, error) {
	time.Sleep(y.took)
	y.mu.Lock()
	defer y.mu.Unlock()
	w := &world{}
	y.worlds = append(y.worlds, w)
	return w, nil
}

func (y *yard) requireAllClosedOnce(t *testing.T) {
	t.Helper()
	for i, w := range y.worlds {
		require.EqualValues(t, 1, w.closed.Load(), "world %d", i)
	}
}

func codeOf(err error) lab.Code {
	if err == nil {
		return ""
	}
	return lab.AsError(err).Code
}

// Every test runs in a bubble: it fails if the fleet leaves a goroutine.

func TestCreatedLabIsFoundByItsIDUntilDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{}
		f := New(Config{Open: y.open})
		defer f.Close()
		id, err := f.Create(t.Context(), "ann", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(id), 26, "130 bits are 26 letters of base32")
		got, err := f.Get(id)
		require.NoError(t, err)
		assert.Same(t, y.worlds[0], got)

		require.NoError(t, f.Delete(id))
		y.requireAllClosedOnce(t)
		_, err = f.Get(id)
		assert.Equal(t, lab.NotFound, codeOf(err))
		assert.Equal(t, lab.NotFound, codeOf(f.Delete(id)))
	})
}

func TestFullFleetRefusesWithASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{}
		f := New(Config{Max: 2, Open: y.open})
		defer f.Close()
		var last string
		for range 2 {
			id, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
			require.NoError(t, err)
			last = id
		}
		_, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		require.Equal(t, lab.TooMany, codeOf(err))
		assert.Contains(t, err.Error(), "room for 2 labs")

		require.NoError(t, f.Delete(last))
		_, err = f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		assert.NoError(t, err, "a deleted lab leaves its place")
	})
}

// Labs that are still opening count: otherwise a hundred callers at once would
// all find room.
func TestConcurrentCreatesNeverExceedMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{took: time.Second}
		f := New(Config{Max: 5, Open: y.open})
		defer f.Close()
		var made, refused atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				switch _, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{}); codeOf(err) {
				case "":
					made.Add(1)
				case lab.TooMany:
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 5, made.Load())
		assert.EqualValues(t, 45, refused.Load())
		assert.Equal(t, 5, f.Stats().Labs)
	})
}

func TestOneClientCannotTakeEveryPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{}
		f := New(Config{PerClient: 3, Open: y.open})
		defer f.Close()
		for range 3 {
			_, err := f.Create(t.Context(), "ann", lab.Settings{}, lab.Options{})
			require.NoError(t, err)
		}
		_, err := f.Create(t.Context(), "ann", lab.Settings{}, lab.Options{})
		assert.Equal(t, lab.TooMany, codeOf(err))
		_, err = f.Create(t.Context(), "bob", lab.Settings{}, lab.Options{})
		assert.NoError(t, err)
		for range 5 {
			_, err = f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
			assert.NoError(t, err, "the nameless client is not counted")
		}
	})
}

func TestIdleLabIsClosedAndAWatchedOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{}
		f := New(Config{Idle: time.Hour, Open: y.open})
		defer f.Close()
		idle, _ := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		watched, _ := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		touched, _ := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		_, release, err := f.Watch(watched)
		require.NoError(t, err)
		require.NoError(t, f.Adopt("open", &world{}))

		time.Sleep(50 * time.Minute)
		_, err = f.Get(touched)
		require.NoError(t, err)
		time.Sleep(30 * time.Minute)

		_, err = f.Get(idle)
		assert.Equal(t, lab.NotFound, codeOf(err))
		assert.EqualValues(t, 1, y.worlds[0].closed.Load())
		assert.Equal(t, 3, f.Stats().Labs, "watched, touched and adopted ones stay")

		release()
		release() // harmless
		assert.Zero(t, f.Stats().Watchers)
		time.Sleep(20 * time.Minute)
		assert.Zero(t, y.worlds[1].closed.Load(), "its time begins when the last watcher leaves")
		time.Sleep(3 * time.Hour)
		assert.Equal(t, 1, f.Stats().Labs, "only the adopted lab is never idle")
	})
}

func TestAdoptedLabCannotBeDeletedNorReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(Config{Open: (&yard{}).open})
		w := &world{}
		require.NoError(t, f.Adopt("open", w))
		assert.Equal(t, lab.Conflict, codeOf(f.Adopt("open", &world{})))
		assert.Equal(t, lab.Conflict, codeOf(f.Delete("open")))
		f.Close()
		assert.EqualValues(t, 1, w.closed.Load())
	})
}

func TestCloseWaitsForLabsThatAreOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{took: 5 * time.Second}
		f := New(Config{Open: y.open})
		answer := make(chan error, 1)
		go func() {
			_, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
			answer <- err
		}()
		synctest.Wait()
		f.Close()
		assert.Equal(t, lab.Unavailable, codeOf(<-answer))
		y.requireAllClosedOnce(t)
		_, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
		assert.Equal(t, lab.Unavailable, codeOf(err))
	})
}

func TestLabOfACallerThatWentAwayIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{took: time.Second}
		f := New(Config{Open: y.open})
		defer f.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := f.Create(ctx, "ann", lab.Settings{}, lab.Options{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		y.requireAllClosedOnce(t)
		assert.Zero(t, f.Stats().Labs)
	})
}

func TestFailedOpenLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no cluster")
		f := New(Config{Max: 1, Open: func(context.Context, lab.Settings, lab.Options) (World, error) { return nil, broken }})
		defer f.Close()
		for range 3 {
			_, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
			require.ErrorIs(t, err, broken)
		}
	})
}

func TestDeleteIdleAndCloseAtOnceCloseEachLabOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{}
		f := New(Config{Idle: time.Minute, Open: y.open})
		var wg sync.WaitGroup
		for range 40 {
			id, err := f.Create(t.Context(), "", lab.Settings{}, lab.Options{})
			require.NoError(t, err)
			wg.Go(func() {
				time.Sleep(time.Minute)
				f.Delete(id) // races with the janitor and with Close; either may win
			})
		}
		time.Sleep(time.Minute)
		f.Close()
		wg.Wait()
		y.requireAllClosedOnce(t)
	})
}

func TestTimesAreSpoken(t *testing.T) {
	for d, words := range map[time.Duration]string{2 * time.Hour: "2 hours", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 1500 * time.Millisecond: "1.5s"} {
		assert.Equal(t, words, spoken(d))
	}
}
