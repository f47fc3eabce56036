package scenarios

import (
	"context"
	"sync"
	"time"

	"eddy/lab"
)

// events is what the lab does by itself in the current step of a Guide. One
// watcher at a time carries it on; where nobody watches it rests, and goes on
// where it was with the next one.
type events struct {
	busy   bool               // a watcher carries it on
	halt   context.CancelFunc // breaks off what it waits for
	waited time.Duration      // how much of the pause it is in is over
}

// waitSlice is how long a pause goes on without a look at the lab.
const waitSlice = 250 * time.Millisecond

// goOn carries the step's events on until they are over, the step is, or ctx
// ends. It returns at once, and wg counts what runs on.
func (g *Guide) goOn(ctx context.Context, wg *sync.WaitGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.events.busy || g.nextEvent(g.p.Step) == nil {
		return
	}
	ctx, halt := context.WithCancel(ctx)
	g.events.busy, g.events.halt = true, halt
	number := g.p.Step
	wg.Go(func() {
		defer halt()
		g.carryOn(ctx, number)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.events.busy, g.events.halt = false, nil
	})
}

// nextEvent is what the lab does next by itself in a step, nil for nothing. The
// learner must be at work on it. g.mu is held.
func (g *Guide) nextEvent(step int) *Action {
	st, sp := g.step()
	if g.p.Step != step || g.p.Phase != Doing || sp.Start == 0 || sp.During >= len(st.During) {
		return nil
	}
	return &st.During[sp.During]
}

func (g *Guide) carryOn(ctx context.Context, step int) {
	for ctx.Err() == nil {
		g.mu.Lock()
		a := g.nextEvent(step)
		g.mu.Unlock()
		if a == nil {
			return
		}
		if pause, is := pauseOf(a.Action); is {
			if !g.pause(ctx, pause) {
				return
			}
		} else {
			// An action is done whole, a wait may be broken off and begun again.
			whole := context.WithoutCancel(ctx)
			if a.Name == "wait_until" {
				whole = ctx
			}
			// A refusal is one of the ways in which a learner's lab differs.
			if _, err := g.world.Do(whole, a.Action); whole.Err() != nil || err != nil && lab.AsError(err).Code == lab.Unavailable {
				return
			}
		}
		g.mu.Lock()
		if g.nextEvent(step) == a {
			_, sp := g.step()
			sp.During++
			g.events.waited = 0
			g.toldLocked()
		}
		g.mu.Unlock()
	}
}

// pause lets lab time pass; false: it was broken off. While a lab is frozen its
// time stands, and so does a pause.
func (g *Guide) pause(ctx context.Context, whole time.Duration) bool {
	for {
		g.mu.Lock()
		left, frozen := whole-g.events.waited, g.history.frozen
		g.mu.Unlock()
		if left <= 0 {
			return true
		}
		slice := min(left, waitSlice)
		if _, err := g.world.Until(ctx, "false", slice); err != nil {
			return false
		}
		g.mu.Lock()
		if g.history.look(g.world); !frozen && !g.history.frozen {
			g.events.waited += slice
		}
		g.mu.Unlock()
	}
}

// pauseOf tells how long an action waits, and whether it does nothing else.
func pauseOf(a lab.Action) (time.Duration, bool) {
	if a.Name != "wait" {
		return 0, false
	}
	var args struct{ For lab.Duration }
	if argsOf(a, &args) != nil {
		return 0, false
	}
	return args.For.D(), true
}

// beside does a step's events beside the moves of a player, who waits for both.
// An event that is refused is an error in a play that is to succeed.
func beside(ctx context.Context, w World, st *Step, moves Actions, lenient bool) error {
	if len(st.During) == 0 {
		return do(ctx, w, moves, lenient)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w = inTurn{w, make(chan struct{}, 1)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := do(ctx, w, st.During, lenient); err != nil {
			cancel(err)
		}
	})
	err := do(ctx, w, moves, lenient)
	if err != nil {
		cancel(err)
	}
	wg.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// inTurn is a world for two who act beside each other: one action after the
// other, waits excepted. The lab would see to that by itself, but with a mutex,
// and while somebody waits for one virtual time stands still.
type inTurn struct {
	World
	turn chan struct{}
}

func (w inTurn) Do(ctx context.Context, a lab.Action) (lab.Result, error) {
	if a.Name == "wait" || a.Name == "wait_until" {
		return w.World.Do(ctx, a)
	}
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return lab.Result{}, context.Cause(ctx)
	}
	return w.World.Do(ctx, a)
}

// meanwhile does moves beside a step's events, and tells whether the goal came
// true while they went on: a guide would have noticed. Without events it looks
// at nothing: what is judged is where the moves lead.
func meanwhile(ctx context.Context, w World, st *Step, moves Actions) (met bool, err error) {
	if len(st.During) == 0 {
		return false, do(ctx, w, moves, true)
	}
	noticing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { met, _ = w.Until(noticing, st.Goal, 24*time.Hour) })
	err = beside(ctx, w, st, moves, true)
	stop()
	wg.Wait()
	return met, err
}
