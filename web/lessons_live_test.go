package web

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lessons "eddy/content"
	"eddy/lab"
	"eddy/scenarios"
)

// figureReader does in a lab what somebody does on a lesson's page.
type figureReader struct {
	t     *testing.T
	world scenarios.World
}

// read opens a lab and hands a reader to do: in virtual time, where that can be
// (see scenarios.NeedsWallClock).
func read(t *testing.T, settings lab.Settings, given scenarios.Settings, moves scenarios.Actions, do func(r *figureReader)) {
	t.Helper()
	open := func(t *testing.T) {
		world, err := scenarios.OpenLab(t.Context(), settings)
		require.NoError(t, err)
		defer world.Close()
		do(&figureReader{t, world})
	}
	if why := scenarios.NeedsWallClock(&scenarios.Scenario{Lab: given, Steps: []scenarios.Step{{Do: moves}}}); why != "" {
		t.Log("on the wall clock: ", why)
		open(t)
		return
	}
	synctest.Test(t, open)
}

// press does what a button does. A move that can never be made is a mistake of
// the lesson. One that is not possible now (a conflict) may be what it teaches:
// the page says why.
func (r *figureReader) press(where string, moves scenarios.Actions) {
	r.t.Helper()
	for _, m := range moves {
		_, err := r.world.Do(r.t.Context(), m.Action)
		if err != nil && lab.AsError(err).Code == lab.Conflict {
			r.t.Logf("%s: %s is refused: %v", where, m.Name, err)
			return
		}
		require.NoError(r.t, err, "%s: %s", where, m.Name)
	}
}

// values are what the page would show for expressions.
func (r *figureReader) values(exprs []string) map[string]string {
	r.t.Helper()
	all := map[string]string{}
	for _, e := range exprs {
		v, err := r.world.Eval(r.t.Context(), e)
		require.NoError(r.t, err, "%s", e)
		text, err := json.Marshal(v)
		require.NoError(r.t, err, "%s", e)
		all[e] = string(text)
	}
	return all
}

// settle waits until nothing moves, where that comes to pass.
func (r *figureReader) settle() {
	_, _ = r.world.Until(r.t.Context(), "settled", 30*time.Second)
}

// Every live figure is connected to a lab: whoever presses its buttons, one
// after the other, sees a number of the page change for each figure.
func TestEveryFigureOfEveryLessonIsConnectedToItsLab(t *testing.T) {
	for _, l := range lessons.Bundled().Lessons {
		if len(l.Figures()) == 0 {
			continue
		}
		t.Run(l.ID, func(t *testing.T) {
			exprs := l.Evals()
			require.NotEmpty(t, exprs, "a lesson with a figure has a live value, in the text or below it")
			var moves scenarios.Actions
			for _, f := range l.Figures() {
				for _, b := range f.Buttons {
					moves = append(moves, b.Do...)
				}
			}
			read(t, l.Settings(), l.Lab, moves, func(r *figureReader) {
				for _, f := range l.Figures() {
					seen := map[string]bool{}
					last := r.values(exprs)
					for _, b := range f.Buttons {
						r.press(fmt.Sprintf("figure %d, %q", f.N, b.Label), b.Do)
						for range 20 {
							now := r.values(exprs)
							for _, e := range exprs {
								seen[e] = seen[e] || now[e] != last[e]
							}
							last = now
							time.Sleep(250 * time.Millisecond)
						}
					}
					changed := 0
					for _, did := range seen {
						if did {
							changed++
						}
					}
					assert.NotZero(r.t, changed, "figure %d: none of %v changed", f.N, exprs)
					for _, w := range f.Watch {
						if !seen[w.Expr] {
							r.t.Logf("figure %d: %q stays %s whatever is pressed", f.N, w.Label, last[w.Expr])
						}
					}
				}
			})
		})
	}
}

// A comparison shows a difference: two labs that come out alike teach nothing.
func TestEveryComparisonComesOutDifferently(t *testing.T) {
	for _, l := range lessons.Bundled().Lessons {
		for _, c := range l.Compares() {
			t.Run(fmt.Sprintf("%s/%d", l.ID, c.N), func(t *testing.T) {
				outcome := map[string][2]string{}
				for i, side := range []lessons.Side{c.Before, c.After} {
					read(t, l.SettingsOf(side), side.Lab, side.Do, func(r *figureReader) {
						r.press(side.Label, side.Do)
						r.settle()
						for _, o := range c.Outcome {
							both := outcome[o.Label]
							both[i] = r.values([]string{o.Expr})[o.Expr]
							outcome[o.Label] = both
						}
					})
				}
				differ := 0
				for _, both := range outcome {
					if both[0] != both[1] {
						differ++
					}
				}
				assert.NotZero(t, differ, "%s: both sides come out as %v", c.Title, outcome)
				t.Log(outcome)
			})
		}
	}
}

// What a lesson leads to is there: scenarios, its quiz, and every link of its
// text within this server.
func TestEveryLinkOfEveryLessonLeadsSomewhere(t *testing.T) {
	st := newSite(t)
	for _, l := range lessons.Bundled().Lessons {
		for _, id := range l.Scenarios {
			_, ok := st.cfg.Scenarios.Find(id)
			assert.True(t, ok, "%s: there is no scenario %q", l.ID, id)
		}
		if l.Quiz != "" {
			_, ok := st.quizzes.Find(l.Quiz)
			assert.True(t, ok, "%s: there is no quiz %q", l.ID, l.Quiz)
		}
		page := st.ask("GET", "/learn/"+l.ID, "")
		require.Equal(t, 200, page.Code, page.Body)
		for _, href := range links(page.Body.String()) {
			assertLives(t, st, href, l.ID)
		}
		for _, p := range l.Parts {
			if p.Checklist == nil {
				continue
			}
			for _, q := range p.Checklist.Questions {
				for _, id := range q.Evidence.Scenarios {
					_, ok := st.cfg.Scenarios.Find(id)
					assert.True(t, ok, "%s: evidence for %q from a scenario %q that there is not", l.ID, q.ID, id)
				}
			}
		}
	}
}
