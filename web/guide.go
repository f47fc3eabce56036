package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"eddy/lab"
	"eddy/scenarios"
)

// scenarioList lists what can be learned: GET /api/scenarios.
func (s *Server) scenarioList(w http.ResponseWriter, r *http.Request) error {
	list := []scenarios.Outline{}
	for _, one := range s.cfg.Scenarios.All() {
		list = append(list, one.Outline())
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, list)
	return nil
}

// scenarioOutline describes one scenario: GET /api/scenarios/{id}.
func (s *Server) scenarioOutline(w http.ResponseWriter, r *http.Request) error {
	one, err := s.scenario(r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, one.Outline())
	return nil
}

func (s *Server) scenario(id string) (*scenarios.Scenario, error) {
	one, ok := s.cfg.Scenarios.Find(id)
	if !ok {
		one, ok = s.author.find(id)
	}
	if !ok {
		return nil, lab.Errorf(lab.NotFound, "There is no scenario %q. GET /api/scenarios lists them, and /learn shows the way through them.", id)
	}
	return one, nil
}

// scenarioLab is the page of a scenario: it leads to the lab in which the
// visitor goes on, or to a new one. As with the free lab, browsers that only
// look ahead get nothing.
func (s *Server) scenarioLab(w http.ResponseWriter, r *http.Request, id string) error {
	one, err := s.scenario(id)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead || looksAhead(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	// A link on a foreign page may lead here, but not end a run.
	anew := r.URL.Query().Get("new") != "" && r.Header.Get("Sec-Fetch-Site") != "cross-site"
	g, err := s.resume(r, s.learner(w, r), one, anew)
	if err != nil {
		return err
	}
	to := url.URL{Path: g.page()}
	if lens := r.URL.Query().Get("lens"); lens != "" { // a link may name what is open
		to.RawQuery = url.Values{"lens": {lens}}.Encode()
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

func (g *guided) page() string { return "/lab/~" + g.id }

// resume finds the lab in which a learner goes on, or brings one there. Two
// tabs that ask at once get the same one.
func (s *Server) resume(r *http.Request, learner string, one *scenarios.Scenario, anew bool) (*guided, error) {
	r = r.WithContext(context.WithoutCancel(r.Context())) // others may wait for the same lab
	found, err, _ := s.resuming.Do(fmt.Sprint(learner, " ", one.ID, anew), func() (any, error) {
		b := beginning{learner: learner, scenario: one, settings: one.Fresh()}
		before := s.here(learner, one.ID)
		if before != nil && !anew && before.guide.Progress().Phase != scenarios.Finished {
			return before, nil
		}
		if !anew {
			run, ok, err := s.cfg.Keep.Run(r.Context(), learner, one.ID)
			if err != nil {
				return nil, err
			}
			if ok && run.Progress.Phase != scenarios.Finished && run.Start != nil && one.Fits(run.Progress) && run.Step == run.Progress.Step {
				b.progress, b.start, b.again = &run.Progress, run.Start, run.Start
				if run.Met != nil {
					b.again = run.Met
				}
			}
		}
		return before.instead(func() (*guided, error) { return s.begin(r, b) })
	})
	if err != nil {
		return nil, err
	}
	return found.(*guided), nil
}

// guideView answers with what the learner is to see: GET guide.
func (s *Server) guideView(w http.ResponseWriter, r *http.Request) error {
	g, err := s.guidedBy(r)
	if err != nil {
		return err
	}
	if err := g.guide.Judge(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, g.view())
	return nil
}

// guideRequest is what a learner does in a guide.
type guideRequest struct {
	Do         string   `json:"do"`
	Option     *int     `json:"option"`
	Confidence string   `json:"confidence"`
	Value      string   `json:"value"`
	Parts      []string `json:"parts"`
	On         bool     `json:"on"`
}

const guideWays = "predict, observe, because, next, hint, show, challenge, restart_step, undo or restart"

// guideDo does something in a guide: POST guide. It answers with what the
// learner is to see then, or with the page of the fresh lab.
func (s *Server) guideDo(w http.ResponseWriter, r *http.Request) error {
	g, err := s.guidedBy(r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	var req guideRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return lab.Errorf(lab.Invalid, `The body must be like {"do": "predict", "option": 1, "confidence": "think"}: %v`, err)
	}
	if err := s.allowActions(r, 1); err != nil {
		return err
	}
	// Opening a step may wait for something that happens in the lab.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout + writeTimeout))
	w.Header().Set("Cache-Control", "no-store")
	switch req.Do {
	case "restart_step", "undo", "restart":
		next, err := g.restart(r, req.Do)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]string{"id": next.id, "page": next.page()})
		return nil
	}
	if err := g.guide.Judge(r.Context()); err != nil {
		return err
	}
	extra, err := g.do(r, req)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		guideView
		guideAnswer
	}{g.view(), extra})
	return nil
}

// guideAnswer is what an answer of the learner was worth.
type guideAnswer struct {
	Right *bool  `json:"right,omitempty"` // observe
	Parts []bool `json:"right_parts,omitempty"`
}

func (g *guided) do(r *http.Request, req guideRequest) (a guideAnswer, err error) {
	option := -1
	if req.Option != nil {
		option = *req.Option
	}
	switch req.Do {
	case "predict":
		return a, g.guide.Predict(option, req.Confidence)
	case "observe":
		right, err := g.guide.Observe(r.Context(), option, req.Value)
		if err != nil {
			return a, err
		}
		return guideAnswer{Right: &right}, nil
	case "because":
		a.Parts, err = g.guide.Explain(req.Parts)
		return a, err
	case "next":
		err := g.guide.Next(g.server.ctx) // it goes on where the page is closed meanwhile
		g.opened(err)
		g.prepareSpare()
		return a, err
	case "hint":
		return a, g.hint()
	case "show":
		return a, g.show()
	case "challenge":
		return a, g.guide.SetChallenge(req.On)
	}
	return a, lab.Errorf(lab.Invalid, "There is no %q in a guide: do is %s.", req.Do, guideWays)
}

// opened is told how the opening of a step ended. Where the step is not open the
// learner puts the lab right, and tries again with "next".
func (g *guided) opened(err error) {
	switch {
	case g.server.ctx.Err() != nil:
	case err != nil && g.guide.View().Start == 0:
		g.say(fmt.Sprintf("The lab could not begin this step: %s. Put that right, and try again.", strings.TrimSuffix(g.server.refusal(err).Message, ".")))
	case err == nil:
		g.say("")
	}
}

// hintAfter is how long a learner looks at a hint before the next one opens,
// unless something was tried meanwhile.
const hintAfter = 20 * time.Second

// hint opens the next rung of the ladder.
func (g *guided) hint() error {
	if left := g.hintIn(); left > 0 {
		return lab.Errorf(lab.Conflict, "the next hint opens once you have tried something, or in %d seconds", int(left.Round(time.Second)/time.Second))
	}
	if err := g.guide.Hint(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hinted, g.tried = time.Now(), g.world.Head()
	return nil
}

// hintIn is how long it takes until the next hint may be opened, 0 where it
// may now.
func (g *guided) hintIn() time.Duration {
	g.mu.Lock()
	hinted, tried := g.hinted, g.tried
	g.mu.Unlock()
	left := hintAfter - time.Since(hinted)
	if hinted.IsZero() || left <= 0 || g.actedSince(tried) {
		return 0
	}
	return left
}

// actedSince tells whether somebody did something after an entry.
func (g *guided) actedSince(seq int64) bool {
	for head := g.world.Head(); seq < head; {
		entries, first := g.world.Entries(seq+1, head, 1000)
		if len(entries) == 0 {
			return first > seq+1 // so much has happened that they are no longer kept
		}
		for _, e := range entries {
			if e.Data != nil && e.Data.Action != nil && e.Kind != lab.KindRefused {
				return true
			}
		}
		seq = entries[len(entries)-1].Seq
	}
	return false
}

// show has the lab do the step. It returns once that has begun.
func (g *guided) show() error {
	before := g.guide.Progress()
	_, changed := g.guide.Changes()
	ended := make(chan error, 1)
	g.server.inBackground(func() {
		err := g.guide.Show(g.server.ctx)
		if err != nil && g.server.ctx.Err() == nil && g.guide.Progress().Step == before.Step {
			g.say(fmt.Sprintf("The lab could not show this step to its end: %s", g.server.refusal(err).Message))
		}
		ended <- err
	})
	select {
	case err := <-ended:
		g.say("")
		return err
	case <-changed:
		return nil
	case <-g.server.ctx.Done():
		return lab.Errorf(lab.Unavailable, "The server is shutting down.")
	}
}
