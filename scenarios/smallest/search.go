package smallest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/scenarios/trial"
)

// Question is what is searched for: the fewest actions that break a promise in
// a lab with these settings.
type Question struct {
	Lab       lab.Settings
	Invariant string
	Tries     int           // plans that are tried at most, 0: 400
	Time      time.Duration // wall time that the search takes at most, 0: two minutes
	Seed      uint64
	Jobs      int // tries side by side, 0: one
}

// Bounds of a search.
const (
	MaxTries  = 2000
	stdTries  = 400
	stdTime   = 2 * time.Minute
	perJob    = 8  // plans a process tries before it answers
	wave      = 32 // plans between two reports
	shrinkMax = 60 // tries to make a plan smaller

	chooseMost = 24 // plans of which the smallest is chosen
)

// Progress is how far a search is.
type Progress struct {
	Tries int    `json:"tries"` // so far
	Of    int    `json:"of"`    // at most
	Text  string `json:"text"`  // what is done now, in words
}

// Answer is what came of a search.
type Answer struct {
	Invariant string     `json:"invariant"`
	Found     bool       `json:"found"`
	Sure      bool       `json:"sure"`              // it is broken every time, whoever of two is first
	Actions   []string   `json:"actions,omitempty"` // a line each, as a scenario has them
	Because   string     `json:"because,omitempty"`
	Evidence  []Evidence `json:"evidence,omitempty"`
	Also      []string   `json:"also,omitempty"`     // what else breaks it, every time
	Solution  string     `json:"solution,omitempty"` // the actions as YAML, to be pasted into a step
	Scenario  string     `json:"scenario,omitempty"` // the same as a scenario file
	Tries     int        `json:"tries"`
	Ended     string     `json:"ended,omitempty"` // why nothing was found: tries, time, cancelled
	Hung      int        `json:"hung,omitempty"`  // tries that could not be played in virtual time
	Reverse   []Reverse  `json:"reverse,omitempty"`
	Words     string     `json:"words"` // all of it in one sentence
	TookMS    int64      `json:"took_ms"`
}

// Reverse is the same with one setting as it is by standard: what the pattern is
// good for.
type Reverse struct {
	Setting string `json:"setting"` // payment.idempotent = true
	Tries   int    `json:"tries"`
	Broke   int    `json:"broke"` // of them
	Words   string `json:"words"`
}

// search is one search under way.
type search struct {
	q      Question
	trials scenarios.Trials
	tell   func(Progress)
	began  time.Time

	mu     sync.Mutex // of answer.Hung
	answer Answer

	tried    []Plan // so far, in their order
	breaking []Plan // of them, those that broke the promise
	sure     bool   // the chosen one breaks it every time
}

// Search looks for the smallest plan. Tell is told how far it is, from one
// goroutine at a time, and may be nil. The answer is there even where the context
// ended; the error says that the question is wrong, or that nothing can be tried.
func Search(ctx context.Context, q Question, trials scenarios.Trials, tell func(Progress)) (Answer, error) {
	if err := q.Check(); err != nil {
		return Answer{}, err
	}
	if tell == nil {
		tell = func(Progress) {}
	}
	s := &search{q: q, trials: trials, tell: tell, began: time.Now(), answer: Answer{Invariant: q.Invariant}}
	limited, cancel := context.WithTimeout(ctx, q.Time)
	defer cancel()
	err := s.run(limited)
	if limited.Err() != nil {
		err, s.answer.Ended = nil, "cancelled" // what is known so far is an answer
		if ctx.Err() == nil {
			s.answer.Ended = "time"
		}
	}
	s.answer.TookMS = time.Since(s.began).Milliseconds()
	s.answer.Words = s.words()
	return s.answer, err
}

// run goes through the levels up to the first in which the promise is broken.
func (s *search) run(ctx context.Context) error {
	for _, level := range levels(s.q.Lab, s.q.Invariant, s.q.Seed, s.q.Tries) {
		for from := 0; from < len(level); from += wave {
			plans := level[from:min(from+wave, len(level))]
			got, err := s.all(ctx, s.q.Lab, plans)
			if err != nil {
				return err
			}
			for i, t := range got {
				if t.Broken {
					s.breaking = append(s.breaking, plans[i])
				}
			}
			s.tried = append(s.tried, plans...)
			s.answer.Tries = len(s.tried)
			s.say("around " + describe(plans[len(plans)-1]))
		}
		if len(s.breaking) == 0 {
			continue
		}
		p, err := s.choose(ctx)
		if err != nil || p == nil {
			return err
		}
		if err := s.found(ctx, p); err != nil {
			return err
		}
		return s.reverse(ctx)
	}
	s.answer.Ended = "tries"
	return nil
}

func (s *search) say(text string) { s.tell(Progress{s.answer.Tries, s.q.Tries, text}) }

// Check says what is wrong with the question, and fills in what is left open.
func (q *Question) Check() error {
	if _, err := lab.CompileExpr(fmt.Sprintf("invariant(%q) == %q", q.Invariant, "broken"), true); err != nil {
		return lab.Errorf(lab.Invalid, "There is no promise %q: the promises are %s.", q.Invariant, list(Invariants()))
	}
	if q.Tries == 0 {
		q.Tries = stdTries
	}
	if q.Tries < 1 || q.Tries > MaxTries {
		return lab.Errorf(lab.Invalid, "A search makes 1 to %d tries, not %d.", MaxTries, q.Tries)
	}
	if q.Time <= 0 {
		q.Time = stdTime
	}
	q.Jobs = max(q.Jobs, 1)
	return nil
}

// all tries plans, several jobs side by side.
func (s *search) all(ctx context.Context, settings lab.Settings, list []Plan) ([]tried, error) {
	got := make([]tried, len(list))
	errs := make([]error, (len(list)+perJob-1)/perJob)
	places := make(chan struct{}, s.q.Jobs)
	var trying sync.WaitGroup
	for b := range errs {
		places <- struct{}{}
		trying.Go(func() {
			defer func() { <-places }()
			from, to := b*perJob, min((b+1)*perJob, len(list))
			some, err := s.try(ctx, settings, list[from:to], false)
			copy(got[from:to], some)
			errs[b] = err
		})
	}
	trying.Wait()
	return got, errors.Join(errs...)
}

// try tries plans in another process. Where one of them hangs they are tried one
// by one, and the one that hangs breaks nothing.
func (s *search) try(ctx context.Context, settings lab.Settings, list []Plan, record bool) (got []tried, err error) {
	err = s.trials.Do(ctx, TryJob, tries{settings, s.q.Invariant, list, record}, &got)
	switch {
	case err == nil && len(got) != len(list):
		return nil, fmt.Errorf("%d plans were tried and %d answered", len(list), len(got))
	case err == nil || ctx.Err() != nil:
		return got, err
	case len(list) == 1 && !errors.Is(err, trial.ErrHangs):
		return nil, fmt.Errorf("try %s: %w", list[0], err)
	case len(list) == 1:
		s.mu.Lock()
		s.answer.Hung++
		s.mu.Unlock()
		return []tried{{}}, nil
	}
	got = nil
	for _, p := range list {
		one, err := s.try(ctx, settings, []Plan{p}, record)
		if err != nil {
			return nil, err
		}
		got = append(got, one...)
	}
	return got, nil
}

// repeats is how often a plan must break the promise to be believed.
const repeats = 3

// choose takes the smallest of the plans that broke the promise: one that does so
// every time if there is one, and of those that are alike the first. Nil where
// none broke it again.
func (s *search) choose(ctx context.Context) (best Plan, err error) {
	s.say(fmt.Sprintf("%d tries broke it; the smallest is looked for", len(s.breaking)))
	var list []Plan
	for _, p := range s.breaking[:min(len(s.breaking), chooseMost)] {
		list = append(list, p)
		if less := slices.DeleteFunc(slices.Clone(p), func(m Move) bool { return m.Phase == Repair }); len(less) < len(p) {
			list = append(list, less)
		}
	}
	times := make([]int, len(list))
	for n := range repeats {
		settings := s.q.Lab.Clone()
		settings.Seed += uint64(n)
		got, err := s.all(ctx, settings, list)
		if err != nil {
			return nil, err
		}
		for i, t := range got {
			if t.Broken {
				times[i]++
			}
		}
	}
	most := 0
	for i, p := range list {
		if n := times[i]; n > most || n > 0 && n == most && len(p) < len(best) {
			most, best = n, p
		}
	}
	s.sure = most == repeats
	for i, p := range list {
		if times[i] == repeats && !slices.Contains(s.answer.Also, describe(p)) {
			s.answer.Also = append(s.answer.Also, describe(p))
		}
	}
	return best, nil
}

// found makes a plan that breaks the promise as small as it can be, and tells of
// it.
func (s *search) found(ctx context.Context, p Plan) error {
	s.say("found; it is being made smaller")
	left := shrinkMax
	p = shrink(p, func(p Plan) bool {
		if left--; left < 0 || !slices.ContainsFunc(p, func(m Move) bool { return m.Phase == Order }) {
			return false
		}
		again := []Plan{p, p}
		got, err := s.all(ctx, s.q.Lab, again)
		return err == nil && got[0].Broken && got[1].Broken
	})
	var last tried
	for n := 0; n < 5 && !last.Broken; n++ {
		got, err := s.try(ctx, s.q.Lab, []Plan{p}, true)
		if err != nil {
			return err
		}
		last = got[0]
	}
	if !last.Broken || last.Record == nil {
		return lab.Errorf(lab.Conflict, "This broke the promise and then not again, because it depends on who of two is first: %s. Ask with another seed.", describe(p))
	}
	a := &s.answer
	a.Found, a.Sure, a.Because, a.Evidence = true, s.sure, last.Because, last.Evidence
	for _, m := range p {
		if action, err := lab.DecodeAction(m.Action); err == nil {
			a.Actions = append(a.Actions, scenarios.ActionLine(action))
		}
	}
	a.Also = slices.DeleteFunc(a.Also, func(other string) bool { return other == describe(p) })
	return s.write(ctx, last.Record)
}

// shrink leaves moves out as long as the rest still breaks the promise, large
// pieces first.
func shrink(p Plan, breaks func(Plan) bool) Plan {
	for size := max(len(p)/2, 1); size >= 1; size /= 2 {
		for from := 0; from < len(p); {
			try := slices.Concat(p[:from], p[min(from+size, len(p)):])
			if len(try) > 0 && breaks(try) {
				p = try
				continue
			}
			from += size
		}
	}
	return p
}

// write makes a scenario of what was found.
func (s *search) write(ctx context.Context, r *scenarios.Record) error {
	goal := fmt.Sprintf("invariant(%q) == %q", s.q.Invariant, "broken")
	wish := scenarios.Wish{
		ID: "smallest-" + s.q.Invariant, Title: "The smallest fault that breaks " + s.q.Invariant, Goals: map[int][]string{0: {goal}},
	}
	own := *r
	own.Steps = slices.Clone(r.Steps)
	err := own.Rehearse(ctx, s.trials)
	draft, failed := own.Draft(wish, err)
	if failed != nil { // a promise that is not broken every time is no goal that stands
		draft, failed = r.Draft(wish, errors.New("which of two is first decides"))
	}
	if failed != nil {
		return failed
	}
	s.answer.Scenario = draft.YAML
	s.answer.Solution = "goal: '" + goal + "'\nsolution:\n"
	for _, line := range draft.Steps[0].Actions {
		s.answer.Solution += "  - " + line + "\n"
	}
	return nil
}

// reverse tries the same with each setting that is not standard put back.
func (s *search) reverse(ctx context.Context) error {
	for _, back := range putBack(s.q.Lab) {
		s.say(fmt.Sprintf("the same %d tries with %s", len(s.tried), back.words))
		got, err := s.all(ctx, back.settings, s.tried)
		if err != nil {
			return err
		}
		r := Reverse{Setting: back.words, Tries: len(got)}
		by := ""
		for i, t := range got {
			if t.Broken {
				r.Broke++
				by = cmp.Or(by, describe(s.tried[i]))
			}
		}
		r.Words = fmt.Sprintf("With %s none of %d tries broke it.", r.Setting, r.Tries)
		if r.Broke > 0 {
			r.Words = fmt.Sprintf("With %s it was broken in %d of %d tries, by %s: that setting alone does not keep the promise.", r.Setting, r.Broke, r.Tries, by)
		}
		s.answer.Reverse = append(s.answer.Reverse, r)
	}
	return nil
}

// changed are settings of which one is put back.
type changed struct {
	words    string
	settings lab.Settings
}

// reverseMost bounds how many settings are put back, each by itself.
const reverseMost = 3

// notPatterns are settings that say how large or how quick a lab is.
var notPatterns = []string{"work", "instances", "backoff", "seed", "partitions", "stock", "brokers", "session_timeout", "heartbeat", "balancer"}

// putBack lists the settings with one of those that are not standard put back.
func putBack(s lab.Settings) (list []changed) {
	standard := lab.DefaultSettings()
	set := func(service string, field string, value any) {
		raw, err := json.Marshal(map[string]any{field: value})
		if err != nil {
			return
		}
		other := s.Clone()
		words := fmt.Sprintf("%s: %v", field, value)
		if service == "" {
			err = json.Unmarshal(raw, &other)
		} else {
			svc := other.Services[service]
			err = json.Unmarshal(raw, &svc)
			other.Services[service] = svc
			words = service + "." + words
		}
		if err == nil {
			list = append(list, changed{words, other})
		}
	}
	for _, name := range lab.ServiceNames {
		each(s.Services[name], standard.Services[name], func(field string, value any) { set(name, field, value) })
	}
	each(s, standard, func(field string, value any) { set("", field, value) })
	return list[:min(len(list), reverseMost)]
}

// each calls do for every plain setting in which is differs from standard.
func each(is, standard any, do func(field string, value any)) {
	a, b := scenarios.Plain(is), scenarios.Plain(standard)
	for _, field := range append(lab.ServiceFields(), lab.SettingFields()...) {
		now, there := a[field.Name]
		then, also := b[field.Name]
		if there && also && !slices.Contains(notPatterns, field.Name) && fmt.Sprint(now) != fmt.Sprint(then) {
			do(field.Name, then)
			a[field.Name] = then
		}
	}
}
