package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
	"eddy/lab/form"
	"eddy/lab/script"
)

// Problem is one thing that is wrong with a scenario file.
type Problem = form.Problem

// Parse reads a scenario file. The name is the file's, without its folder and
// ending; "" where it has none. The problems are in the order of the file. The
// scenario may be played where there are none, and is otherwise what could be
// read.
func Parse(name string, data []byte) (*Scenario, []Problem) {
	s := &Scenario{text: data}
	s.file = form.Read(data, s)
	if s.file.Has("steps") || s.file.Has("id") || len(s.file.Problems) == 0 {
		s.check(name)
	}
	return s, s.file.Sorted()
}

var scenarioID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// reserved ids are names of labs.
var reserved = []string{"free", "open"}

// Bounds of a scenario.
const (
	maxSteps   = 20
	maxOptions = 8
	maxHints   = 3
	maxTasks   = 3
	maxNear    = 5
	maxPoints  = 1000
)

// check says what is wrong with what could be read.
func (s *Scenario) check(name string) {
	switch {
	case s.ID == "":
	case !scenarioID.MatchString(s.ID):
		s.problem("id", "an id is made of small letters, digits and single dashes, such as double-charge; it is %q", s.ID)
	case slices.Contains(reserved, s.ID):
		s.problem("id", "the id %q is reserved for a lab", s.ID)
	case name != "" && s.ID != name:
		s.problem("id", "the id is %q, and the file is called %q: they must be the same", s.ID, name)
	}
	if s.file.Good("level") && (s.Level < 1 || s.Level > 5) {
		s.problem("level", "level is 1 to 5, not %d", s.Level)
	}
	if s.file.Good("minutes") && (s.Minutes < 1 || s.Minutes > 120) {
		s.problem("minutes", "minutes is 1 to 120, not %d", s.Minutes)
	}
	for i, need := range s.Needs {
		if need == s.ID {
			s.problem(fmt.Sprintf("needs[%d]", i), "a scenario cannot need itself")
		}
	}
	if s.file.Good("steps") && (len(s.Steps) == 0 || len(s.Steps) > maxSteps) {
		s.problem("steps", "a scenario has 1 to %d steps, not %d", maxSteps, len(s.Steps))
	}
	for i := range s.Steps {
		s.checkStep(fmt.Sprintf("steps[%d]", i), &s.Steps[i], s.Steps[:i])
	}
}

func (s *Scenario) checkStep(path string, st *Step, before []Step) {
	in := func(key string) string { return path + "." + key }
	switch {
	case st.ID == "":
	case !scenarioID.MatchString(st.ID):
		s.problem(in("id"), "an id is made of small letters, digits and single dashes; it is %q", st.ID)
	case slices.ContainsFunc(before, func(o Step) bool { return o.ID == st.ID }):
		s.problem(in("id"), "there is a step %q already: ids of steps differ", st.ID)
	}
	if s.file.Good(in("goal")) {
		script.CheckExpr(s.file, in("goal"), st.Goal, true)
	}
	if st.Predict != nil {
		s.checkOptions(in("predict"), st.Predict.Options, st.Predict.Answer)
	}
	if o := st.Observe; o != nil {
		switch {
		case o.Expr != "" && len(o.Options) > 0:
			s.problem(in("observe"), "observe has options, or an expr whose value is read, not both")
		case o.Expr != "":
			script.CheckExpr(s.file, in("observe.expr"), o.Expr, false)
		case !s.file.Has(in("observe.answer")) && len(o.Options) > 0:
			s.problem(in("observe"), "observe needs the key %q: which option is right, counted from 0", "answer")
		default:
			s.checkOptions(in("observe"), o.Options, o.Answer)
		}
	}
	for i, name := range st.Allow {
		if !slices.Contains(script.ActionNames(), name) {
			s.problem(fmt.Sprintf("%s[%d]", in("allow"), i), "there is no action %q%s: the actions are %s", name, form.Likely(name, script.ActionNames()), strings.Join(script.ActionNames(), ", "))
		}
	}
	if len(st.Tasks) > maxTasks {
		s.problem(in("tasks"), "a step has at most %d tasks, not %d", maxTasks, len(st.Tasks))
	}
	for i, t := range st.Tasks {
		if at := fmt.Sprintf("%s[%d].when", in("tasks"), i); s.file.Good(at) {
			script.CheckExpr(s.file, at, t.When, true)
		}
	}
	if len(st.Near) > maxNear {
		s.problem(in("near"), "a step has at most %d near misses, not %d", maxNear, len(st.Near))
	}
	for i, n := range st.Near {
		if at := fmt.Sprintf("%s[%d].when", in("near"), i); s.file.Good(at) {
			script.CheckExpr(s.file, at, n.When, true)
		}
	}
	for i, line := range st.Score {
		s.checkScore(fmt.Sprintf("%s[%d]", in("score"), i), line)
	}
	if len(st.Hints) > maxHints {
		s.problem(in("hints"), "a step has at most %d hints (look, think, do), not %d", maxHints, len(st.Hints))
	}
	if n := len(st.Because); n > 0 && !slices.ContainsFunc(st.Because, func(p Part) bool { return len(p) > 1 }) {
		s.problem(in("because"), "there is nothing to choose: at least one part is a list, with the right choice first")
	}
	if st.Follow != "" && !lab.IsHandle(st.Follow) {
		s.problem(in("follow"), "follow is the handle of an order, such as A; it is %q", st.Follow)
	}
	if len(st.Wrong) > 0 && len(st.Solution) == 0 {
		s.problem(in("wrong"), "wrong moves prove nothing without a solution")
	}
}

func (s *Scenario) checkScore(path string, line ScoreLine) {
	if s.file.Has(path+".points") && (line.Points < 1 || line.Points > maxPoints) {
		s.problem(path+".points", "a line gives 1 to %d points, not %d", maxPoints, line.Points)
	}
	if s.file.Good(path + ".when") {
		script.CheckExpr(s.file, path+".when", line.When, true)
	} else if !s.file.Has(path+".when") && !s.file.Has(path+".never") {
		s.problem(path, "a line of the score needs when, a condition, or never, a promise that was kept: for what else would it give points?")
	}
}

func (s *Scenario) checkOptions(path string, options []string, answer int) {
	switch {
	case len(options) == 0 && !s.file.Has(path+".options") && s.file.Has(path+".ask"):
		instead := ""
		if lastKey(path) == "observe" {
			instead = ", or an expr whose value is read"
		}
		s.problem(path, "%s needs options to choose from%s", lastKey(path), instead)
	case !s.file.Good(path+".options") || s.file.Has(path+".answer") && !s.file.Good(path+".answer"):
	case len(options) < 2 || len(options) > maxOptions:
		s.problem(path+".options", "a question has 2 to %d options, not %d", maxOptions, len(options))
	case answer < 0 || answer >= len(options):
		s.problem(path+".answer", "answer is %d, and the options count from 0 to %d", answer, len(options)-1)
	default:
		for i, o := range options {
			if slices.Index(options, o) < i {
				s.problem(fmt.Sprintf("%s.options[%d]", path, i), "the option %q is there twice", o)
			}
		}
	}
}

func (s *Scenario) problem(path, format string, args ...any) {
	s.file.Problem(path, format, args...)
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
