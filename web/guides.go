package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/scenarios"
	"eddy/web/keep"
)

// guided is a lab that a guide leads a learner through. Its progress is kept
// with every change until another lab takes its place.
type guided struct {
	id      string // of the lab
	learner string
	server  *Server
	world   fleet.World
	guide   *scenarios.Guide
	client  string     // whose share of labs it counts to
	moving  sync.Mutex // one lab takes its place, at a time

	mu      sync.Mutex
	retired bool
	run     keep.Run // what is kept, with the recordings of the current step
	began   int64    // seq at which the current step began, 0 not yet
	last    []byte   // the progress as it was kept last, JSON
	trouble string   // what is wrong with the guide itself, in words
	hinted  time.Time
	tried   int64 // seq of the newest entry when the last hint was opened
	spare   *spare
	changes int64
	changed chan struct{}
}

// guides are the guided labs that are open.
type guides struct {
	mu    sync.Mutex
	byLab map[string]*guided
	of    map[visit]string // the lab that a learner goes on in
}

// visit is a learner in a scenario.
type visit struct{ learner, scenario string }

func newGuides() *guides { return &guides{byLab: map[string]*guided{}, of: map[visit]string{}} }

// add has a learner go on in a lab. What is done in another lab of the same
// learner and scenario is kept no longer.
func (g *guides) add(one *guided) {
	v := visit{one.learner, one.guide.Scenario().ID}
	g.mu.Lock()
	before := g.byLab[g.of[v]]
	g.byLab[one.id], g.of[v] = one, one.id
	g.mu.Unlock()
	if before != nil {
		before.retire(true)
	}
}

// sweep forgets labs that were closed: nobody used them, or somebody deleted
// them.
func (g *guides) sweep(open func(id string) bool) {
	g.mu.Lock()
	var gone []*guided
	for id, one := range g.byLab {
		if !open(id) {
			gone = append(gone, one)
		}
	}
	g.mu.Unlock()
	for _, one := range gone {
		g.remove(one)
		one.dropSpare()
	}
}

// remove forgets a lab.
func (g *guides) remove(one *guided) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.byLab, one.id)
	if v := (visit{one.learner, one.guide.Scenario().ID}); g.of[v] == one.id {
		delete(g.of, v)
	}
}

// ledBy lists the open labs of a learner.
func (g *guides) ledBy(learner string) (all []*guided) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.byLab {
		if one.learner == learner {
			all = append(all, one)
		}
	}
	return all
}

// in finds the guide of a lab, nil where the lab is a free one.
func (g *guides) in(id string) *guided {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.byLab[id]
}

// here finds the open lab that a learner goes on in.
func (s *Server) here(learner, scenario string) *guided {
	s.guides.mu.Lock()
	one := s.guides.byLab[s.guides.of[visit{learner, scenario}]]
	s.guides.mu.Unlock()
	if one == nil {
		return nil
	}
	if _, err := s.cfg.Labs.Get(one.id); err != nil {
		return nil
	}
	return one
}

// beginning says how a guided lab is to begin.
type beginning struct {
	learner  string
	scenario *scenarios.Scenario
	settings lab.Settings        // of a lab in which nothing was done
	progress *scenarios.Progress // nil: from the first step on
	start    *lab.Recording      // leads to the beginning of its step
	again    *lab.Recording      // what is done again in the new lab; nil: nothing
}

// openTime bounds how long a lab may take until the learner can go on in it.
const openTime = 60 * time.Second

// begin opens a guided lab, brings it to where the learner goes on, and has the
// learner go on there.
func (s *Server) begin(r *http.Request, b beginning) (*guided, error) {
	o, settings := lab.Options{}, b.settings
	if b.again != nil {
		o.Again, settings = &lab.Again{Recording: *b.again, Of: "the lab before", Fast: true}, b.again.Settings
	}
	id, err := s.newLab(r, settings, o)
	if err != nil {
		return nil, err
	}
	one, err := s.guideIn(r, id, b)
	if err != nil {
		s.cfg.Labs.Delete(id) // nobody knows of it; it may be closed already
		return nil, err
	}
	return one, nil
}

// guideIn has a learner go on in a lab that was opened for that.
func (s *Server) guideIn(r *http.Request, id string, b beginning) (*guided, error) {
	ctx := r.Context()
	world, err := s.cfg.Labs.Get(id)
	if err != nil {
		return nil, err
	}
	if b.again != nil {
		if err := caughtUp(ctx, world); err != nil {
			return nil, err
		}
		if err := arrive(ctx, world, b); err != nil {
			return nil, err
		}
	}
	one := &guided{id: id, learner: b.learner, client: labClient(r), server: s, world: world, changed: make(chan struct{}), run: keep.Run{Step: -1}}
	if p := b.progress; p != nil {
		one.run = keep.Run{Progress: *p, Step: p.Step, Start: b.start}
		one.began = p.Steps[p.Step].Start
	}
	one.guide = scenarios.NewGuide(b.scenario, world, b.progress, one.keep)
	s.guides.sweep(s.cfg.Labs.Has)
	s.guides.add(one)
	one.save(one.guide.Progress())
	s.inBackground(func() {
		one.opened(one.guide.Open(s.ctx))
		one.prepareSpare()
	})
	return one, nil
}

// inBackground runs f, and has Close wait for it. It does not where the server
// is closing.
func (s *Server) inBackground(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.running.Go(f)
	}
}

// caughtUp waits until a lab has done again what it was opened for.
func caughtUp(ctx context.Context, world fleet.World) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	for next := int64(1); ; {
		entries, first := world.Entries(next, world.Head(), 1000)
		next = max(next, first)
		for _, e := range entries {
			if e.Data != nil && e.Data.Rerun != nil && e.Data.Rerun.Over {
				return nil
			}
			next = e.Seq + 1
		}
		if len(entries) > 0 {
			continue
		}
		if err := world.Wait(ctx, next-1); err != nil {
			if ctx.Err() != nil {
				return lab.Errorf(lab.Unavailable, "The lab could not be brought back to this step in %s. Try again, or restart the scenario.", openTime)
			}
			return err
		}
	}
}

// metAgain is how long a goal that was met may take to be met again.
const metAgain = 10 * time.Second

// arrive fits a progress to a lab that has caught up: the moments that it names
// are others there. A goal that was met is met again first; where that fails,
// the learner does the step once more.
func arrive(ctx context.Context, world fleet.World, b beginning) error {
	p := b.progress
	sp := &p.Steps[p.Step]
	if sp.Start > 0 {
		sp.Start = startIn(world, b.start)
	}
	if sp.Met == 0 {
		clear(sp.Tasks) // they tick again
		return nil
	}
	st := b.scenario.Steps[p.Step]
	asked := lab.Answering(ctx, lab.Answers{Predicted: sp.Predicted, Observed: sp.Observed})
	met, err := world.Until(asked, st.Goal, metAgain)
	if err != nil {
		return err
	}
	if !met {
		sp.Met, sp.Seen, sp.Explained, sp.Because, sp.Observed, sp.Value = 0, false, false, nil, -1, ""
		clear(sp.Tasks)
		p.Phase = scenarios.Doing
		return nil
	}
	sp.Met = world.Goal("the goal is met: "+st.Title, p.Phase == scenarios.Observing)
	return nil
}

// startIn finds the moment of a lab at which everything was done that leads to
// the beginning of a step.
func startIn(world fleet.World, start *lab.Recording) int64 {
	head := world.Head()
	rec, err := world.Recording(head)
	if err != nil || start == nil {
		return head
	}
	before, now := deeds(start.Steps), deeds(rec.Steps)
	if len(now) <= len(before) {
		return head
	}
	return now[len(before)].Seq - 1
}

// deeds are the recorded actions that a lab does again: waiting is no deed.
func deeds(all []lab.Recorded) (list []lab.Recorded) {
	for _, step := range all {
		switch step.Action.Name {
		case "wait", "wait_until", "expect":
		default:
			list = append(list, step)
		}
	}
	return list
}

// keep is told of every change of the progress, while the guide is locked.
func (g *guided) keep(p scenarios.Progress) {
	g.save(p)
	g.tell()
}

// save writes the progress down, with what leads to it.
func (g *guided) save(p scenarios.Progress) {
	g.mu.Lock()
	defer g.mu.Unlock()
	raw, err := json.Marshal(p)
	if g.retired || err == nil && bytes.Equal(raw, g.last) {
		return
	}
	sp := p.Steps[p.Step]
	if p.Step != g.run.Step {
		g.run.Step, g.run.Start, g.run.Met, g.began = p.Step, nil, nil, 0
	}
	if g.run.Start == nil || sp.Start != g.began {
		moment := sp.Start
		if moment == 0 {
			moment = g.world.Head() // the step is being opened
		}
		g.run.Start, g.began = g.recording(moment), sp.Start
	}
	switch {
	case sp.Met == 0:
		g.run.Met = nil
	case g.run.Met == nil:
		g.run.Met = g.recording(sp.Met)
	}
	g.run.Progress, g.last = p, raw
	if err := g.server.cfg.Keep.Save(context.WithoutCancel(g.server.ctx), g.learner, g.id, g.run); err != nil {
		g.server.cfg.Log.Error("keeping a learner's progress", "error", err)
		g.trouble = "Your progress could not be saved. You can go on, but a restart of the server would lose it."
	}
}

// recording is nil where the lab can no longer say how it came there.
func (g *guided) recording(seq int64) *lab.Recording {
	r, err := g.world.Recording(seq)
	if err != nil {
		return nil
	}
	return &r
}

// say has the page show what is wrong with the guide itself; "" nothing.
func (g *guided) say(trouble string) {
	g.mu.Lock()
	g.trouble = trouble
	g.mu.Unlock()
	g.tell()
}

// tell wakes whoever waits for news of the guide.
func (g *guided) tell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	close(g.changed)
	g.changed = make(chan struct{})
}

// news counts the changes so far, and returns a channel that is closed at the
// next one.
func (g *guided) news() (int64, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changes, g.changed
}

// retire has the guide keep nothing any more: another lab takes its place. It
// is undone with retire(false).
func (g *guided) retire(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retired = on
}

// instead has another lab take the place of this one, nil where there is none.
// Where that one cannot be had, the learner goes on in this one.
func (g *guided) instead(begin func() (*guided, error)) (*guided, error) {
	if g == nil {
		return begin()
	}
	if !g.moving.TryLock() {
		return nil, lab.Errorf(lab.Conflict, "a fresh lab is on its way already")
	}
	defer g.moving.Unlock()
	g.retire(true)
	next, err := begin()
	if err != nil {
		g.retire(false)
		return nil, err
	}
	g.close()
	return next, nil
}

// close closes a lab whose place was taken, and forgets it.
func (g *guided) close() {
	g.server.guides.remove(g)
	g.dropSpare()
	g.server.inBackground(func() { g.server.cfg.Labs.Delete(g.id) })
}

// guidedBy is the guide of the lab that a request names.
func (s *Server) guidedBy(r *http.Request) (*guided, error) {
	if _, err := s.world(r); err != nil {
		return nil, err
	}
	one := s.guides.in(r.PathValue("id"))
	if one == nil {
		return nil, lab.Errorf(lab.NotFound, "This lab has no guide: it is a free one. A guided lab is made with POST /api/labs {\"scenario\": \"first-order\"}.")
	}
	return one, nil
}

var errNews = errors.New("the guide has news")

// await waits until the journal has grown beyond seq, or the guide has news
// beyond those that were told.
func await(ctx context.Context, world fleet.World, seq int64, g *guided, told int64) error {
	if g == nil {
		return world.Wait(ctx, seq)
	}
	n, changed := g.news()
	if n != told {
		return nil
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-changed:
			cancel(errNews)
		case <-waiting.Done():
		}
	}()
	err := world.Wait(waiting, seq)
	if errors.Is(context.Cause(waiting), errNews) {
		return nil
	}
	return err
}
