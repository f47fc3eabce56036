package scenarios

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"sync"

	"eddy/lab"
)

// Console tells of plays in lines for people. It is safe for concurrent use:
// each play's lines appear together as its steps end.
type Console struct {
	mu  sync.Mutex
	out io.Writer
}

// NewConsole writes to out.
func NewConsole(out io.Writer) *Console { return &Console{out: out} }

// Began is a Config.Began for a scenario.
func (c *Console) Began(s *Scenario) func(int, string) {
	return func(step int, what string) {
		if what != "" {
			what = ", " + what
		}
		c.say("%s  %d/%d  %s%s …\n", s.ID, step+1, len(s.Steps), s.Steps[step].Title, what)
	}
}

// Ended is a Config.Ended for a scenario.
func (c *Console) Ended(s *Scenario, m Mode) func(StepResult) {
	return func(r StepResult) {
		var b strings.Builder
		mark, word := "ok    ", "met"
		if m != Solved {
			word = "unmet, as it should be"
		}
		if !r.Passed {
			mark, word = "FAILED", "not met"
			if m != Solved {
				word = "met, and should not be"
			}
		}
		fmt.Fprintf(&b, "%s  %s  %s: the goal is %s (%.1f s)\n", s.ID, mark, r.Step, word, float64(r.TookMS)/1000)
		if !r.Passed {
			for _, line := range Reasons(r) {
				fmt.Fprintf(&b, "        %s\n", line)
			}
		}
		for _, line := range scoreLines(r.Score) {
			fmt.Fprintf(&b, "        %s\n", line)
		}
		c.say("%s", b.String())
	}
}

// Summary is the last line.
func (c *Console) Summary(s *Scenario, r Result) {
	passed := 0
	for _, st := range r.Steps {
		if st.Passed {
			passed++
		}
	}
	verdict := "passed"
	if !r.Passed {
		verdict = "FAILED"
	}
	if r.Error != "" {
		c.say("%s  %s\n", s.ID, r.Error)
	}
	c.say("%s  %s: %d of %d, %.1f s\n", s.ID, verdict, passed, len(r.Steps), float64(r.TookMS)/1000)
}

func (c *Console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format, args...)
}

// Reasons says in lines why a step did not pass.
func Reasons(r StepResult) (lines []string) {
	if r.Error != "" {
		lines = append(lines, r.Error)
	}
	lines = append(lines, "goal: "+r.Goal)
	for _, p := range r.Verdict.Parts {
		lines = append(lines, ConditionText(p))
	}
	return lines
}

// scoreLines tell the score of a step, what it is made of and why; none where
// the step has no score.
func scoreLines(score []Points) (lines []string) {
	points, of := 0, 0
	for _, line := range score {
		points, of = points+line.Points, of+line.Of
		lines = append(lines, fmt.Sprintf("%3d of %3d  %s: %s", line.Points, line.Of, line.Text, line.Because))
	}
	if len(lines) > 0 {
		lines = append([]string{fmt.Sprintf("score: %d of %d points", points, of)}, lines...)
	}
	return lines
}

// ConditionText is a condition in one sentence.
func ConditionText(c lab.Condition) string {
	text := fmt.Sprintf("%s: wanted %s, is %s", c.What, c.Goal, c.Now)
	if c.Off != "" && !c.Met {
		text += ", " + c.Off
	}
	return text
}

// JSONLines tells of plays in JSON, an object a line, the last one for each
// scenario with the whole.
type JSONLines struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// NewJSONLines writes to out.
func NewJSONLines(out io.Writer) *JSONLines { return &JSONLines{enc: json.NewEncoder(out)} }

// Ended is a Config.Ended.
func (j *JSONLines) Ended(r StepResult) { j.write(r) }

// Summary writes the whole.
func (j *JSONLines) Summary(r Result) { j.write(r) }

func (j *JSONLines) write(v any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.enc.Encode(v) // what is told is plain values; a reader that left is no fault of the play
}

// junit is the report that build servers read.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes results as a JUnit report.
func WriteJUnit(out io.Writer, results []Result) error {
	seconds := func(ms int64) string { return fmt.Sprintf("%.3f", float64(ms)/1000) }
	var all junitSuites
	for _, r := range results {
		suite := junitSuite{Name: r.Scenario, Time: seconds(r.TookMS)}
		add := func(name string, ms int64, reasons []string) {
			c := junitCase{Name: name, Class: r.Scenario, Time: seconds(ms)}
			if len(reasons) > 0 {
				c.Failure = &junitFailure{Message: reasons[0], Text: strings.Join(reasons, "\n")}
				suite.Failures++
			}
			suite.Tests++
			suite.Cases = append(suite.Cases, c)
		}
		for _, st := range r.Steps {
			name, reasons := st.Step, []string(nil)
			if st.Wrong > 0 {
				name += fmt.Sprintf(" (wrong moves %d)", st.Wrong)
			}
			if !st.Passed {
				reasons = Reasons(st)
			}
			add(name, st.TookMS, reasons)
		}
		if r.Error != "" {
			add("the play", r.TookMS, []string{r.Error})
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	enc := xml.NewEncoder(out)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	_, err := io.WriteString(out, "\n")
	return err
}
