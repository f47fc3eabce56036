package web

import (
	"context"
	"net/http"
	"time"

	"eddy/lab"
	"eddy/scenarios"
)

// restart has a learner begin anew in a fresh lab, which takes the place of
// this one: what is "restart_step", "undo" or "restart". It returns the guide
// of the new lab.
func (g *guided) restart(r *http.Request, what string) (*guided, error) {
	return g.instead(func() (*guided, error) {
		b, err := g.anew(what)
		if err != nil {
			return nil, err
		}
		if spare := g.takeSpare(what); spare != nil {
			if next, err := spare.use(g.server, r, b); next != nil || err != nil {
				return next, err
			}
		}
		return g.server.begin(r, b)
	})
}

// anew says how the fresh lab begins.
func (g *guided) anew(what string) (beginning, error) {
	b := beginning{learner: g.learner, scenario: g.guide.Scenario()}
	if what == "restart" {
		b.settings = b.scenario.Fresh()
		return b, nil
	}
	p, began, err := g.guide.Restarted()
	if err != nil {
		return b, err
	}
	g.mu.Lock()
	b.start = g.run.Start
	g.mu.Unlock()
	if b.start == nil {
		return b, lab.Errorf(lab.TooMany, "this lab has done more than can be done again: restart the scenario")
	}
	b.progress, b.again = &p, b.start
	if what == "undo" {
		p.Steps[p.Step].Restarts-- // one action less is no restart
		if b.again, err = g.before(began); err != nil {
			return b, err
		}
	}
	return b, nil
}

// before is what was done without the last thing that was done in the step.
func (g *guided) before(began int64) (*lab.Recording, error) {
	all, err := g.world.Recording(g.world.Head())
	if err != nil {
		return nil, err
	}
	done := deeds(all.Steps)
	for i := len(done) - 1; i >= 0 && done[i].Seq > began; i-- {
		switch done[i].Action.Name {
		case "freeze", "thaw", "speed", "note":
			continue // they change how it is looked at
		}
		rec, err := g.world.Recording(done[i].Seq - 1)
		return &rec, err
	}
	return nil, lab.Errorf(lab.Conflict, "you have not done anything in this step that could be undone")
}

// spare is a lab that was brought to the beginning of a step beforehand,
// because that takes longer than somebody who restarts wants to wait.
type spare struct {
	id    string
	ready chan struct{} // closed once it is there, or err is known
	err   error
	step  int
}

// A rerun is slow where it waits for sessions to end, or where much lab time
// passes.
const (
	slowTime  = 20 * time.Second
	slowDeeds = 8
)

func slow(r *lab.Recording) bool {
	if r == nil {
		return false
	}
	list := deeds(r.Steps)
	for _, step := range list {
		switch step.Action.Name {
		case "crash", "cut", "broker", "lose_ack", "burst", "rewind", "rebuild":
			return true
		}
	}
	return r.End > slowTime || len(list) > slowDeeds
}

// prepareSpare begins to prepare a spare lab for the current step, where a
// restart would be slow without.
func (g *guided) prepareSpare() {
	g.dropSpare()
	g.mu.Lock()
	defer g.mu.Unlock()
	rec := g.run.Start
	if g.retired || g.began == 0 || !slow(rec) || g.run.Progress.Phase == scenarios.Finished {
		return
	}
	next := &spare{ready: make(chan struct{}), step: g.run.Step}
	g.spare = next
	s := g.server
	s.inBackground(func() {
		defer close(next.ready)
		id, err := s.cfg.Labs.Create(s.ctx, g.client, rec.Settings, lab.Options{Again: &lab.Again{Recording: *rec, Of: "the lab before", Fast: true}})
		if err != nil {
			next.err = err
			return
		}
		next.id = id
		world, err := s.cfg.Labs.Get(id)
		if err == nil {
			err = caughtUp(s.ctx, world)
		}
		next.err = err
	})
}

// takeSpare hands out the spare lab, if there is one for what is to be done.
func (g *guided) takeSpare(what string) *spare {
	g.mu.Lock()
	defer g.mu.Unlock()
	if what != "restart_step" || g.spare == nil || g.spare.step != g.run.Step {
		return nil
	}
	taken := g.spare
	g.spare = nil
	return taken
}

// use has a learner go on in the spare lab. Without an error and without a
// guide the lab is of no use.
func (sp *spare) use(s *Server, r *http.Request, b beginning) (*guided, error) {
	select {
	case <-sp.ready:
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
	if sp.err != nil {
		sp.drop(s)
		return nil, nil
	}
	if !s.cfg.Labs.Has(sp.id) {
		return nil, nil // it was closed meanwhile
	}
	return s.guideIn(r, sp.id, b)
}

// dropSpare closes the spare lab, if there is one.
func (g *guided) dropSpare() {
	g.mu.Lock()
	sp := g.spare
	g.spare = nil
	g.mu.Unlock()
	if sp != nil {
		g.server.inBackground(func() { sp.drop(g.server) })
	}
}

func (sp *spare) drop(s *Server) {
	<-sp.ready
	if sp.id != "" {
		s.cfg.Labs.Delete(sp.id) // it may be closed already
	}
}
