package scenarios

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"eddy/lab/form"
)

// Finding is something that makes a scenario teach less than it could, though
// it can be played. Rule names what was looked for.
type Finding struct {
	form.Pos
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Rules lists what Lint and a proof look for, each with what is wrong with it.
var Rules = map[string]string{
	"no-hints":          "a step without hints leaves a learner who is stuck alone",
	"no-explain":        "a step without an explanation ends with a riddle",
	"no-solution":       "a step without a solution cannot be proven, and cannot be shown to a learner",
	"no-wrong":          "a solution without wrong moves: nobody has tried whether the goal can be met by mistake",
	"hint-tells":        "a hint before the last one holds the answer",
	"answer-same-place": "the right option always stands at the same place, so that learners need not read",
	"longest-right":     "the right option is by far the longest, which gives it away",
	"no-such-name":      "the text names a service, topic or event that the shop does not have",
	"goal-already-met":  "the goal of a step is met without anybody doing anything (found by playing)",
	"near-at-start":     "a near miss is true as the step opens (found by playing)",
	"near-unseen":       "no wrong moves come to a near miss (found by playing)",
	"not-proven":        "a solution does not reach its goal, or wrong moves do (found by playing)",
	"goal-by-luck":      "the goal depends on chance, such as who got which partition (found by playing with other seeds)",
}

// Lint finds, without playing, what makes a scenario teach less than it could,
// in the order of the file. What only playing shows is among Proof.Warnings.
func Lint(s *Scenario) []Finding {
	l := linter{s: s, found: []Finding{}}
	for i := range s.Steps {
		l.step(fmt.Sprintf("steps[%d]", i), &s.Steps[i])
	}
	l.places()
	l.prose()
	return l.sorted()
}

type linter struct {
	s     *Scenario
	found []Finding
}

func (l *linter) note(path, rule, format string, args ...any) {
	l.found = append(l.found, Finding{l.s.file.At(path), rule, fmt.Sprintf(format, args...)})
}

func (l *linter) sorted() []Finding {
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return l.found
}

func (l *linter) step(path string, st *Step) {
	if len(st.Hints) == 0 {
		l.note(path, "no-hints", "the step %q has no hints: write where to look, what to think of, and what to do", st.ID)
	}
	if strings.TrimSpace(st.Explain) == "" {
		l.note(path, "no-explain", "the step %q does not explain what was seen: write an explain", st.ID)
	}
	if len(st.Solution) == 0 {
		l.note(path, "no-solution", "the step %q has no solution: nothing proves that its goal can be met", st.ID)
	}
	if len(st.Solution) > 0 && len(st.Wrong) == 0 {
		l.note(path, "no-wrong", "the step %q has a solution and no wrong moves: write what a learner may try in vain, which proves that the goal cannot be met by mistake", st.ID)
	}
	for i, hint := range st.Hints[:max(len(st.Hints)-1, 0)] {
		if what := tells(hint, st); what != "" {
			l.note(fmt.Sprintf("%s.hints[%d]", path, i), "hint-tells", "hint %d of %d tells %s: only the last one may", i+1, len(st.Hints), what)
		}
	}
	if q := st.Predict; q != nil {
		l.longest(path+".predict", q.Options, q.Answer)
	}
	if q := st.Observe; q != nil {
		l.longest(path+".observe", q.Options, q.Answer)
	}
	for i, part := range st.Because {
		if len(part) > 1 {
			l.longest(fmt.Sprintf("%s.because[%d]", path, i), part, 0)
		}
	}
}

// A right option gives itself away where it is longer than the next one by
// this factor, and by so many characters.
const (
	tooLongBy    = 2.0
	tooLongChars = 25
)

func (l *linter) longest(path string, options []string, right int) {
	if right < 0 || right >= len(options) {
		return // a question about a value
	}
	next := 0
	for i, o := range options {
		if i != right {
			next = max(next, utf8.RuneCountInString(o))
		}
	}
	own := utf8.RuneCountInString(options[right])
	if own-next >= tooLongChars && float64(own) >= tooLongBy*float64(next) {
		l.note(optionPath(l.s, path, right), "longest-right", "the right option is by far the longest (%d characters, the next one has %d): shorten it, or say more in the others", own, next)
	}
}

// optionPath is the path of an option: the options of a question, or the choices
// of a part.
func optionPath(s *Scenario, path string, i int) string {
	if at := fmt.Sprintf("%s.options[%d]", path, i); s.file.Has(at) {
		return at
	}
	return path
}

// places looks where the right options stand through the whole scenario.
func (l *linter) places() {
	type asked struct {
		path   string
		answer int
	}
	var predictions, observations []asked
	for i, st := range l.s.Steps {
		if st.Predict != nil {
			predictions = append(predictions, asked{fmt.Sprintf("steps[%d].predict.answer", i), st.Predict.Answer})
		}
		if st.Observe != nil && st.Observe.Expr == "" {
			observations = append(observations, asked{fmt.Sprintf("steps[%d].observe.answer", i), st.Observe.Answer})
		}
	}
	alike := func(what string, all []asked) bool {
		// Two questions whose answers stand at one place are chance; two whose
		// answers are the first are how everybody writes who does not think of it.
		least := 3
		if len(all) > 0 && all[0].answer == 0 {
			least = 2
		}
		if len(all) < least || slices.ContainsFunc(all, func(a asked) bool { return a.answer != all[0].answer }) {
			return false
		}
		l.note(all[1].path, "answer-same-place", "the right option is number %d in all %d %s of the scenario: move some", all[0].answer+1, len(all), what)
		return true
	}
	if p, o := alike("predictions", predictions), alike("observations", observations); !p && !o {
		alike("questions", append(predictions, observations...))
	}
}

// subordinate clauses say when to look, not what to do.
var subordinate = regexp.MustCompile(`(?i)\b(while|when|after|before|once|if|until|as)\b[^,.;:]*`)

var sentence = regexp.MustCompile(`[^.!?]+[.!?]?`)

// tells says what of the answer a hint gives away, "" where it does not.
func tells(hint string, st *Step) string {
	if q := st.Predict; q != nil && holdsOption(hint, q.Options, q.Answer) {
		return "the right prediction (" + strings.TrimSuffix(q.Options[q.Answer], ".") + ")"
	}
	if q := st.Observe; q != nil && q.Expr == "" && holdsOption(hint, q.Options, q.Answer) {
		return "the right observation (" + strings.TrimSuffix(q.Options[q.Answer], ".") + ")"
	}
	for _, s := range sentence.FindAllString(hint, maxSentences) {
		if strings.HasSuffix(s, "?") {
			continue // a question makes think, whatever it names
		}
		s = subordinate.ReplaceAllString(s, "")
		for _, a := range st.Solution[:min(len(st.Solution), maxActions)] {
			if a.Name == "place_order" && len(st.Solution) > 1 {
				continue // that an order is needed is no secret
			}
			if what := doing(a, s); what != "" {
				return "what to do (" + what + ")"
			}
		}
	}
	return ""
}

// holdsOption tells whether a hint names the right option and no wrong one.
func holdsOption(hint string, options []string, right int) bool {
	if right < 0 || right >= len(options) || !holds(hint, options[right]) {
		return false
	}
	for i, o := range options {
		if i != right && holds(hint, o) {
			return false
		}
	}
	return true
}

// optionLeast is the length from which on the words of an option are not there
// by chance.
const optionLeast = 5

// holds tells whether a text has another in it, whole words, whatever the case.
func holds(text, part string) bool {
	part = strings.TrimRight(strings.TrimSpace(part), ".!")
	return utf8.RuneCountInString(part) >= optionLeast && holdsWord(text, part)
}

// Place says where the value under a path stands in the scenario's file, such
// as steps[0].goal; where the file does not have it, where that would belong.
func (s *Scenario) Place(path string) form.Pos { return s.file.At(path) }

// Bounds of the linter: a file may be full of what it looks for.
const (
	maxFindings  = 200
	maxSentences = 20
	maxActions   = 50
)
