package scenarios

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"eddy/lab"
)

// ScoreLine is something that a step gives points for, once its goal is met.
// Where it has both a condition and a promise, both must hold.
type ScoreLine struct {
	Text   string `yaml:"text" form:"required" doc:"what the points are for"`
	Points int    `yaml:"points" form:"required"`
	When   string `yaml:"when" doc:"true when the goal is met: an expression over the board"`
	Never  string `yaml:"never" is:"no-double-charge|no-oversell|no-paid-cancelled|every-order-ends|nothing-lost|per-key-order|per-user-order|read-model-agrees" doc:"a promise that was never broken since the step began"`
}

// Points is what came of a line of the score.
type Points struct {
	Text    string `json:"text"`
	Points  int    `json:"points"`
	Of      int    `json:"of"`
	Because string `json:"because"`       // why so many, in words
	Seq     int64  `json:"seq,omitempty"` // the entry that says so
}

// breach is the first time that a promise was broken.
type breach struct {
	seq     int64
	because string
}

// history is what the journal says about a step so far: what a condition over the
// board, which is about now, cannot tell.
type history struct {
	start    int64             // seq at which the learner began
	looked   int64             // seq up to which the journal was read
	breaches map[string]breach // of promises that were broken then, or since
	frozen   bool
}

func since(start int64) history { return history{start: start, breaches: map[string]breach{}} }

// lookMost is how many entries are read at a time.
const lookMost = 5000

// look reads on in the journal up to its head.
func (p *history) look(w World) {
	for head := w.Head(); p.looked < head; {
		entries, _ := w.Entries(p.looked+1, head, lookMost)
		for _, e := range entries {
			p.see(e)
		}
		if len(entries) == 0 { // no longer kept
			p.looked = head
		}
	}
}

func (p *history) see(e lab.Entry) {
	p.looked = e.Seq
	if e.Data == nil {
		return
	}
	if c := e.Data.Clock; c != nil {
		p.frozen = c.Frozen
	}
	v := e.Data.Invariant
	if v == nil || e.Kind != lab.KindInvariant {
		return
	}
	_, known := p.breaches[v.ID]
	switch {
	case v.State != "broken" && e.Seq <= p.start:
		delete(p.breaches, v.ID)
	case v.State == "broken" && e.Seq <= p.start:
		p.breaches[v.ID] = breach{e.Seq, "it was so when the step began, " + v.Because}
	case v.State == "broken" && !known:
		p.breaches[v.ID] = breach{e.Seq, v.Because}
	}
}

// clone copies what the lines of a score need.
func (p *history) clone() history {
	c := *p
	c.breaches = maps.Clone(p.breaches)
	return c
}

// points reads on in the journal, and gives a step its score where its goal is
// met. Fresh: a line of the score is out of reach since the last look.
func (g *Guide) points(ctx context.Context, st *Step, met bool) (points []Points, fresh bool, err error) {
	if len(st.Score) == 0 {
		return nil, false, nil
	}
	g.mu.Lock()
	broken := len(g.history.breaches)
	g.history.look(g.world)
	fresh = len(g.history.breaches) > broken
	p := g.history.clone()
	g.mu.Unlock()
	if met {
		points, err = p.score(ctx, g.world, st.Score)
	}
	return points, fresh, err
}

// score gives the points of a step whose goal is met.
func (p *history) score(ctx context.Context, w World, lines []ScoreLine) (points []Points, err error) {
	for _, line := range lines {
		is := line.open(p)
		if is.Because != "" || line.When == "" {
			points = append(points, line.kept(is))
			continue
		}
		v, err := w.Judge(ctx, line.When)
		if err != nil {
			return nil, fmt.Errorf("judge %q: %w", line.Text, err)
		}
		is.Because = told(v)
		if v.Met {
			is.Points = line.Points
		}
		points = append(points, is)
	}
	return points, nil
}

// open is a line before the goal is met. It has a reason where its points are
// out of reach already.
func (l ScoreLine) open(p *history) Points {
	is := Points{Text: l.Text, Of: l.Points}
	if b, broken := p.breaches[l.Never]; broken {
		is.Because, is.Seq = fmt.Sprintf("%s was broken: %s", l.Never, b.because), b.seq
	}
	return is
}

// kept gives the points of a line that is about a promise alone.
func (l ScoreLine) kept(is Points) Points {
	if is.Because == "" {
		is.Points, is.Because = l.Points, l.Never+" was never broken"
	}
	return is
}

// told says in words what a condition found: all of it where it is met, what
// is missing where it is not.
func told(v lab.Judgement) string {
	var parts []string
	for _, c := range v.Parts {
		if v.Met || !c.Met {
			parts = append(parts, ConditionText(c))
		}
	}
	return strings.Join(parts, "; ")
}

// ScoreView is the score of a step.
type ScoreView struct {
	Points int      `json:"points"` // so far: points are given once the goal is met
	Of     int      `json:"of"`
	Given  bool     `json:"given"` // the goal is met
	Lines  []Points `json:"lines"`
}

// scoreView is the score as far as it is known; nil where the step has none.
func scoreView(st *Step, sp *StepProgress, p *history) *ScoreView {
	if len(st.Score) == 0 {
		return nil
	}
	v := &ScoreView{Given: sp.Met > 0, Lines: sp.Score}
	if !v.Given {
		for _, line := range st.Score {
			v.Lines = append(v.Lines, line.open(p))
		}
	}
	for _, line := range v.Lines {
		v.Points += line.Points
		v.Of += line.Of
	}
	return v
}
