package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"eddy/lab"
	"eddy/lab/form"
	"eddy/scenarios"
	"eddy/web/view"
)

// Bounds of what authors may ask for.
const (
	checksPerSecond = 5 // of one client address
	checksBurst     = 20
	proofsAtOnce    = 2 // of the whole server: each takes processes of its own
	proofSeeds      = 20
	lineTimeout     = 10 * time.Second // to take one line of a proof
	draftsMost      = 200
	draftIdle       = 4 * time.Hour
)

// author is what the studio needs of a server.
type author struct {
	checks, ownChecks *limiter
	proving           chan struct{}

	mu     sync.Mutex
	drafts map[string]*draft
}

// draft is a scenario that is being written and was played as a learner does.
type draft struct {
	scenario   *scenarios.Scenario
	by, called string // the learner that its author is, and the id in its file
	used       time.Time
}

func newAuthor() *author {
	return &author{
		checks: newLimiter(checksPerSecond, checksBurst), ownChecks: newLimiter(ownFactor*checksPerSecond, ownFactor*checksBurst),
		proving: make(chan struct{}, proofsAtOnce), drafts: map[string]*draft{},
	}
}

// authorPage is the studio: GET /author. A teacher elsewhere hands the key over
// once, in the address, and is sent on without it.
func (s *Server) authorPage(w http.ResponseWriter, r *http.Request) error {
	if s.tookKey(w, r) {
		return nil
	}
	page := view.AuthorPage{May: s.mayAuthor(r) == nil, Nonce: rand.Text()}
	if page.May {
		for _, one := range s.cfg.Scenarios.All() {
			page.Library = append(page.Library, view.LibraryScenario{ID: one.ID, Title: one.Title})
		}
	}
	// The editor writes a style sheet of its own: this page alone allows that one.
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(contentPolicy, "style-src 'self'", "style-src 'self' 'nonce-"+page.Nonce+"'", 1))
	s.render(w, r, http.StatusOK, view.Author(page))
	return nil
}

// mayAuthor decides who may have scenarios played: whoever sits at this
// machine, and teachers. A proof costs the machine, and a draft may do to its
// lab whatever a scenario can.
func (s *Server) mayAuthor(r *http.Request) error {
	return s.teacherOnly(r, "To have scenarios proven and played", "/author")
}

// allowCheck takes one check of the caller's share, or refuses it.
func (s *Server) allowCheck(r *http.Request) error {
	l := s.author.checks
	if fromThisMachine(r) {
		l = s.author.ownChecks
	}
	if after := l.take(clientAddr(r), 1); after > 0 {
		return &tooFast{lab.Errorf(lab.TooMany, "Too many scenarios at once: %d a second are checked, and %d in a burst. Try again in a moment.", int(l.every), l.burst), after}
	}
	return nil
}

// scenarioBody reads a scenario file that is the body.
func (s *Server) scenarioBody(w http.ResponseWriter, r *http.Request) (*scenarios.Source, error) {
	text, err := readUpTo(w, r, form.MaxBytes, "The scenario file")
	if err != nil {
		return nil, err
	}
	src := &scenarios.Source{Text: text}
	src.Scenario, src.Problems = scenarios.Parse("", text)
	scenarios.CheckNeeds([]*scenarios.Source{src}, s.cfg.Scenarios.All()...)
	return src, nil
}

// checked is the answer to a check.
type checked struct {
	Problems []scenarios.Problem `json:"problems"`
	Warnings []scenarios.Finding `json:"warnings"`
	Outline  *scenarios.Outline  `json:"outline,omitempty"` // where there are no problems
	Preview  []stepPreview       `json:"preview"`           // of every step that could be read
}

// checkScenario says what is wrong with the scenario file that is the body:
// POST /api/scenarios/check.
func (s *Server) checkScenario(w http.ResponseWriter, r *http.Request) error {
	if err := s.allowCheck(r); err != nil {
		return err
	}
	src, err := s.scenarioBody(w, r)
	if err != nil {
		return err
	}
	answer := checked{Problems: append([]scenarios.Problem{}, src.Problems...), Warnings: []scenarios.Finding{}, Preview: preview(src.Scenario)}
	if len(src.Problems) == 0 {
		o := src.Scenario.Outline()
		answer.Warnings, answer.Outline = scenarios.Lint(src.Scenario), &o
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// scenarioSchema is what editors complete by: GET /api/schema/scenario. The
// names of the expression language stand in it under x-expressions.
func (s *Server) scenarioSchema(w http.ResponseWriter, r *http.Request) error {
	schema := scenarios.Schema()
	schema["x-expressions"] = lab.ExprVocabularyOf()
	w.Header().Set("Content-Type", "application/schema+json")
	w.Header().Set("Cache-Control", "no-cache")
	json.NewEncoder(w).Encode(schema) // an error here means that the client is gone
	return nil
}

// scenarioFile is the file of a scenario of the library, to begin from. Its
// answers stand in it: GET /api/scenarios/{id}/file.
func (s *Server) scenarioFile(w http.ResponseWriter, r *http.Request) error {
	if err := s.mayAuthor(r); err != nil {
		return err
	}
	one, err := s.scenario(r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(one.Text()) // an error here means that the client is gone
	return nil
}

// playable reads a scenario that has no problems from the body of somebody who
// may have it played.
func (s *Server) playable(w http.ResponseWriter, r *http.Request) (*scenarios.Scenario, error) {
	if err := s.mayAuthor(r); err != nil {
		return nil, err
	}
	if err := s.allowCheck(r); err != nil {
		return nil, err
	}
	src, err := s.scenarioBody(w, r)
	if err != nil {
		return nil, err
	}
	if len(src.Problems) > 0 {
		return nil, lab.Errorf(lab.Invalid, "The scenario cannot be played: %v", src.Problems[0])
	}
	return src.Scenario, nil
}

// proveScenario plays the scenario file that is the body all ways and tells of
// it in JSON lines, the proof last: POST /api/scenarios/prove?seeds=N. It ends
// when the caller leaves.
func (s *Server) proveScenario(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Prover == nil {
		return lab.Errorf(lab.Unavailable, "This server cannot prove scenarios. The command `eddy play` can.")
	}
	seeds, err := strconv.Atoi(r.URL.Query().Get("seeds"))
	if text := r.URL.Query().Get("seeds"); text == "" {
		seeds = 0
	} else if err != nil || seeds < 0 || seeds > proofSeeds {
		return lab.Errorf(lab.Invalid, "seeds is 0 to %d, not %q.", proofSeeds, text)
	}
	one, err := s.playable(w, r)
	if err != nil {
		return err
	}
	select {
	case s.author.proving <- struct{}{}:
		defer func() { <-s.author.proving }()
	default:
		return lab.Errorf(lab.TooMany, "%d scenarios are being proven already, and more at once would slow all labs down. Try again in a moment.", proofsAtOnce)
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy would hold the lines back
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // of a body that is read; it must not end a long proof
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lines := json.NewEncoder(w)
	// Lines are all that can be answered from here on: without a proof as the
	// last one, it was broken off.
	s.cfg.Prover.Prove(ctx, one, seeds, func(l scenarios.ProofLine) {
		control.SetWriteDeadline(time.Now().Add(lineTimeout))
		if lines.Encode(l) != nil || control.Flush() != nil {
			cancel() // nobody reads it any more
		}
	})
	return nil
}

// playDraft opens a lab for a scenario that is being written, as a learner gets
// it: POST /api/scenarios/play, or POST /api/labs with the file as its body.
func (s *Server) playDraft(w http.ResponseWriter, r *http.Request) error {
	one, err := s.playable(w, r)
	if err != nil {
		return err
	}
	learner := s.learner(w, r)
	one = s.author.keep(learner, one)
	// Opening a step may wait for something that happens in the lab.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout + writeTimeout))
	before := s.here(learner, one.ID) // the draft as it was
	g, err := before.instead(func() (*guided, error) {
		return s.begin(r, beginning{learner: learner, scenario: one, settings: one.Fresh()})
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/labs/"+g.id)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]string{"id": g.id, "scenario": one.ID})
	return nil
}

// orDraft is a handler of lab settings that takes a scenario file too.
func (s *Server) orDraft(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
		case "application/yaml", "application/x-yaml", "text/yaml":
			return s.playDraft(w, r)
		}
		return h(w, r)
	}
}

// keep remembers a draft under an id that cannot be guessed, and forgets those
// that nobody has used for long. The id stays the same while one author writes
// one scenario, so that what was played before gives way.
func (a *author) keep(by string, one *scenarios.Scenario) *scenarios.Scenario {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, oldest := "", ""
	for at, d := range a.drafts {
		switch {
		case d.by == by && d.called == one.ID:
			id = at
		case time.Since(d.used) >= draftIdle:
			delete(a.drafts, at)
		case oldest == "" || d.used.Before(a.drafts[oldest].used):
			oldest = at
		}
	}
	if id == "" {
		id = "draft-" + strings.ToLower(rand.Text())
		if len(a.drafts) >= draftsMost {
			delete(a.drafts, oldest)
		}
	}
	a.drafts[id] = &draft{scenario: one.As(id), by: by, called: one.ID, used: time.Now()}
	return a.drafts[id].scenario
}

// find finds a draft and counts as use of it.
func (a *author) find(id string) (*scenarios.Scenario, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := a.drafts[id]
	if !ok {
		return nil, false
	}
	d.used = time.Now()
	return d.scenario, true
}
