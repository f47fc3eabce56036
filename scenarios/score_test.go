package scenarios_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// evening is a step in which the lab acts by itself and points are given.
const evening = `
id: evening
title: An evening
pattern: capstone
level: 1
minutes: 1
summary: For tests.
lab: {work: 0s, services: {payment: {idempotent: false}}}
steps:
  - id: shift
    title: The shift
    during:
      - wait: 10s
      - note: the first
      - wait: 10s
      - broker: {id: 7, state: down}
      - note: the second
      - wait: 10s
      - note: the third
    goal: len(orders) >= 3 && settled
    score:
      - {text: Nobody paid twice, points: 30, never: no-double-charge}
      - {text: Three came, points: 10, when: len(orders) == 3}
      - {text: The first is through and the stock was kept, points: 5, when: 'order("A").status == "COMPLETED"', never: no-oversell}
    solution:
      - burst: {orders: 3, rate: 1}
  - {id: after, title: After, goal: len(orders) == 9, score: [{text: Still nobody, points: 1, never: no-double-charge}]}
`

func TestTheLabActsByItselfWhileTheLearnerIsAtWork(t *testing.T) {
	text := strings.Replace(evening, "title: The shift\n", "title: The shift\n    predict: {ask: \"how?\", options: [a, b], answer: 0}\n", 1)
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		watched(t, g, func() {
			w.Later(time.Minute)
			w.Never("note - the first")
			assert.Equal(t, "running", g.View().During)
			require.NoError(t, g.Predict(0, "sure"))
			began := w.Mark
			began()
			w.Later(9 * time.Second)
			w.Never("note - the first")
			w.Later(2 * time.Second)
			w.Expect("note - the first")
			w.Later(10 * time.Second)
			w.Expect("note - the first", "refused", "note - the second")
			w.Later(10 * time.Second)
			w.Expect("note - the second", "note - the third")
			assert.Equal(t, "over", g.View().During)
			assert.Zero(t, w.Count("action - wait"), "how it waits is nothing that happens")
		})
	})
}

// A frozen lab is one in which nothing happens.
func TestWhatHappensByItselfStandsStillWithTheLab(t *testing.T) {
	guided(t, evening, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		watched(t, g, func() {
			w.Later(5 * time.Second)
			w.Do(`"freeze"`)
			w.Later(time.Minute)
			w.Never("note - the first")
			w.Do(`"thaw"`)
			w.Later(4 * time.Second)
			w.Never("note - the first")
			w.Later(2 * time.Second)
			w.Expect("note - the first")
		})
	})
}

// Where nobody looks nothing happens by itself, and nothing is lost or done
// twice by who looks next.
func TestWhatHappensByItselfRestsWhereNobodyWatches(t *testing.T) {
	guided(t, evening, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		watched(t, g, func() { w.Later(8 * time.Second) })
		w.Later(time.Minute)
		w.Never("note - the first")
		watched(t, g, func() {
			w.Later(3 * time.Second)
			w.Expect("note - the first")
		})
		one, leave := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() { defer close(gone); g.Watch(one) }()
		w.Later(time.Second)
		watched(t, g, func() {
			w.Later(2 * time.Second)
			leave()
			<-gone
			w.Later(30 * time.Second)
		})
		for _, one := range []string{"the first", "the second", "the third"} {
			assert.Equal(t, 1, w.Count("note - "+one), one)
		}
	})
}

func TestWhatHappensByItselfEndsWithTheGoalAndBeginsAgainWithTheStep(t *testing.T) {
	s := parse(t, evening)
	labtest.Bubble(t, string(s.Lab.JSON), func(t *testing.T, w *labtest.World) {
		g := scenarios.NewGuide(s, w.Lab, nil, nil)
		require.NoError(t, g.Open(t.Context()))
		watched(t, g, func() {
			w.Later(11 * time.Second)
			w.Do(`{"burst":{"orders":3,"rate":10}}`)
			w.Settled()
			w.Later(time.Second)
			assert.Equal(t, scenarios.Explaining, g.View().Phase)
			assert.Equal(t, "over", g.View().During)
			w.Later(time.Minute)
		})
		w.Expect("note - the first", "goal")
		w.Never("note - the second")

		p, _, err := g.Restarted()
		require.NoError(t, err)
		assert.Zero(t, p.Steps[0].During)
		assert.Empty(t, p.Steps[0].Score)
		other := labtest.Open(t, string(s.Lab.JSON), lab.Options{})
		defer other.Close()
		again := scenarios.NewGuide(s, other.Lab, &p, nil)
		watched(t, again, func() {
			other.Later(11 * time.Second)
			other.Expect("note - the first")
		})
		assert.Equal(t, 2, again.Progress().Steps[0].During)
	})
}

// double breaks no-double-charge: Payment has no inbox here.
func double(w *labtest.World) {
	w.Do(`{"duplicate":{"event":"OrderCreated","order":"A"}}`)
	w.Settled()
	w.True(`invariant("no-double-charge") == "broken"`)
}

func TestPointsAreGivenWhenTheGoalIsMet(t *testing.T) {
	guided(t, evening, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		v := g.View().Score
		assert.Equal(t, []any{0, 45, false}, []any{v.Points, v.Of, v.Given})
		assert.Equal(t, scenarios.Points{Text: "Three came", Of: 10}, v.Lines[1])
		watched(t, g, func() {
			for _, handle := range []string{"A", "B", "C"} {
				w.Place(handle)
			}
			w.Settled()
			w.Later(time.Second)
		})
		v = g.View().Score
		assert.Equal(t, []any{45, 45, true}, []any{v.Points, v.Of, v.Given})
		assert.Equal(t, []string{"no-double-charge was never broken", "the orders: wanted 3, is 3", "the status of order A: wanted COMPLETED, is COMPLETED"},
			[]string{v.Lines[0].Because, v.Lines[1].Because, v.Lines[2].Because})
		assert.Equal(t, v.Lines, g.Progress().Steps[0].Score)
	})
}

// A broken promise costs its points at the moment at which it breaks, and a
// condition that does not hold says what was missing.
func TestAPromiseThatWasBrokenOnceCostsItsPoints(t *testing.T) {
	guided(t, evening, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		watched(t, g, func() {
			w.Place("A")
			w.Settled()
			before, _ := g.Changes()
			double(w)
			w.Later(time.Second)
			after, _ := g.Changes()
			assert.Greater(t, after, before, "whoever looks is told")
			lost := g.View().Score.Lines[0]
			assert.Contains(t, lost.Because, "no-double-charge was broken: ")
			assert.Equal(t, w.Expect("invariant - no-double-charge broken")[0].Seq, lost.Seq)
			assert.False(t, g.View().Score.Given)
			w.Do(`{"burst":{"orders":4,"rate":10}}`)
			w.Settled()
			w.Later(time.Second)
		})
		v := g.View().Score
		assert.Equal(t, []any{5, 45, true}, []any{v.Points, v.Of, v.Given})
		assert.Equal(t, "the orders: wanted 3, is 5, 2 too many", v.Lines[1].Because)

		require.NoError(t, g.Next(t.Context()))
		require.Equal(t, 1, g.View().Step)
		watched(t, g, func() { w.Later(time.Second) })
		assert.Contains(t, g.View().Score.Lines[0].Because, "it was so when the step began")
		later := scenarios.NewGuide(g.Scenario(), w.Lab, ptr(g.Progress()), nil)
		require.NoError(t, later.Judge(t.Context()))
		assert.Equal(t, g.View().Score, later.View().Score, "the journal says it to whoever goes on")
	})
}

func ptr[T any](v T) *T { return &v }

// What passes by itself breaks nothing: it is pending.
func TestAPromiseThatIsMendedCountsAsBroken(t *testing.T) {
	text := strings.NewReplacer("never: no-double-charge", "never: read-model-agrees", "when: len(orders) == 3", "never: every-order-ends").Replace(evening)
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		w.Do(`{"fail":{"service":"projector","on":"OrderCompleted","times":1,"kind":"permanent"}}`)
		watched(t, g, func() {
			w.Place("A")
			w.Settled()
			w.Do(`{"rebuild":"orders"}`)
			w.Settled()
			w.True(`len(broken) == 0`)
			w.Place("B")
			w.Place("C")
			w.Settled()
			w.Later(time.Second)
		})
		v := g.View().Score
		assert.True(t, v.Given)
		assert.Zero(t, v.Lines[0].Points, "it was broken for a while")
		assert.Equal(t, 10, v.Lines[1].Points, "orders were under way, which is not broken")
	})
}

func TestAPlayActsBesideTheSolutionAndTellsTheScore(t *testing.T) {
	s := parse(t, strings.Replace(evening, "      - broker: {id: 7, state: down}\n", "", 1))
	var told, lines bytes.Buffer
	console := scenarios.NewConsole(&told)
	synctest.Test(t, func(t *testing.T) {
		ended := func(r scenarios.StepResult) {
			console.Ended(s, scenarios.Solved)(r)
			scenarios.NewJSONLines(&lines).Ended(r)
		}
		began := time.Now()
		r, err := scenarios.Run(t.Context(), s, scenarios.Config{Ended: ended})
		require.NoError(t, err)
		assert.True(t, r.Steps[0].Passed)
		assert.InDelta(t, 30, time.Since(began).Seconds()-10, 3, "the solution does not wait for it, the play does")
	})
	assert.Contains(t, told.String(), "score: 40 of 45 points")
	assert.Contains(t, told.String(), " 30 of  30  Nobody paid twice: no-double-charge was never broken")
	assert.Contains(t, told.String(), "  0 of   5  The first is through and the stock was kept: the status of order A: wanted COMPLETED, is not there")
	var first scenarios.StepResult
	require.NoError(t, json.Unmarshal([]byte(strings.SplitN(lines.String(), "\n", 2)[0]), &first))
	assert.Len(t, first.Score, 3)

	synctest.Test(t, func(t *testing.T) {
		r, err := scenarios.Run(t.Context(), parse(t, evening), scenarios.Config{})
		require.NoError(t, err)
		assert.False(t, r.Passed)
		assert.Contains(t, r.Steps[0].Error, "broker (line 16)", "an author hears of what cannot be")
	})
}

// A guide notices a goal whenever it is met, so a proof looks all the time.
func TestAGoalThatComesAndGoesWhileTheLabActsIsFound(t *testing.T) {
	steps := `
  - id: one
    title: One
    during: [{wait: 2s}, {pause: {service: payment}}, {wait: 5s}, {resume: {service: payment}}, {wait: 5s}]
    goal: service("payment").state == "paused"
    solution: [{wait: 1s}]
    wrong: [[{wait: 1s}]]
`
	assert.False(t, played(t, steps, scenarios.Config{Mode: scenarios.Untouched}).Passed)
	assert.False(t, played(t, steps, scenarios.Config{Mode: scenarios.Wrong}).Passed)
	assert.True(t, played(t, strings.Replace(steps, `"paused"`, `"crashed"`, 1), scenarios.Config{Mode: scenarios.Wrong}).Passed)
}

func TestAScoreIsChecked(t *testing.T) {
	for _, c := range []struct{ line, where, says string }{
		{`{text: a, points: 0, when: settled}`, "11:36", "1 to 1000 points, not 0"},
		{`{text: a, points: 5}`, "11:18", "needs when, a condition, or never"},
		{`{text: a, when: settled}`, "11:18", `"points"`},
		{`{points: 4, when: settled}`, "11:18", `"text"`},
		{`{text: a, points: 5, when: len(orders)}`, "11:45", "true or false"},
		{`{text: a, points: 5, when: 'order("A").paid == 1'}`, "11:57", `no "paid" here`},
		{`{text: a, points: 5, never: no-double-charges}`, "11:46", "no-double-charge, no-oversell"},
		{`{text: a, points: 5, when: settled, ever: no-oversell}`, "11:54", `"ever"`},
	} {
		_, problems := scenarios.Parse("", []byte(head+"  - {id: one, title: One, goal: settled,\n     score: [    "+c.line+"]}\n"))
		require.Len(t, problems, 1, c.line)
		assert.Equal(t, c.where, fmt.Sprintf("%d:%d", problems[0].Line, problems[0].Column), c.line)
		assert.Contains(t, problems[0].Message, c.says, c.line)
	}
	_, problems := scenarios.Parse("", []byte(head+"  - {id: one, title: One, goal: settled, during: [{wait: 1s}, {crush: {service: payment}}]}\n"))
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, `no action "crush"`)
}

// The promises that a line can name are those of the lab, and an editor knows
// them.
func TestTheSchemaKnowsTheScore(t *testing.T) {
	field, ok := reflect.TypeFor[scenarios.ScoreLine]().FieldByName("Never")
	require.True(t, ok)
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		promises := slices.Collect(maps.Keys(w.At("invariants").(map[string]any)))
		assert.ElementsMatch(t, promises, strings.Split(field.Tag.Get("is"), "|"))
	})
	raw, err := json.Marshal(scenarios.Schema())
	require.NoError(t, err)
	schema := labtest.Parse(t, raw)
	step := schema["properties"].(map[string]any)["steps"].(map[string]any)["items"].(map[string]any)["properties"].(map[string]any)
	assert.Equal(t, map[string]any{"$ref": "#/$defs/action"}, step["during"].(map[string]any)["items"])
	line := step["score"].(map[string]any)["items"].(map[string]any)
	assert.ElementsMatch(t, []any{"text", "points"}, line["required"])
	assert.Contains(t, line["properties"].(map[string]any)["never"].(map[string]any)["enum"], "nothing-lost")
}

// The capstone: whoever prepares and repairs gets every point, and what was not
// switched on before it was needed costs its points, whatever is repaired.
func TestFridayEveningIsDecidedBeforeItBegins(t *testing.T) {
	text := bundled(t, "friday-evening").Text()
	for _, c := range []struct{ without, loses string }{
		{"", ""},
		{"      - set: {service: payment, idempotent: true}\n", "Nobody was charged twice"},
		{"      - set: {service: order, outbox: true}\n", "No order was lost"},
	} {
		t.Run(c.loses, func(t *testing.T) {
			require.Contains(t, string(text), c.without)
			s := parse(t, strings.Replace(string(text), c.without, "", 1))
			synctest.Test(t, func(t *testing.T) {
				r, err := scenarios.Run(t.Context(), s, scenarios.Config{})
				require.NoError(t, err)
				require.True(t, r.Passed, "%s", told(r))
				for _, line := range r.Steps[1].Score {
					switch {
					case line.Text == c.loses:
						assert.Zero(t, line.Points)
						assert.Contains(t, line.Because, "was broken: ")
						assert.NotZero(t, line.Seq)
					case c.loses == "":
						assert.Equal(t, line.Of, line.Points, "%s: %s", line.Text, line.Because)
					}
				}
			})
		})
	}
}
