package scenarios_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// walk is a scenario of two steps with everything that a step can have.
const walk = `
id: walk
title: A walk
pattern: kafka
level: 1
minutes: 1
summary: For tests.
lab: {seed: 3, work: 300ms}
steps:
  - id: order
    title: An order
    predict: {ask: "Who is told?", options: [everybody, nobody], answer: 1}
    tasks:
      - {text: Order, when: len(orders) > 0}
      - {text: Do it twice, when: len(orders) > 1}
    goal: order("A").status == "COMPLETED"
    within: 5s
    observe: {ask: "How often was it charged?", options: [never, once, twice], answer: 1}
    hints: [a place to look, a question to think about, the thing to do]
    because:
      - It was charged
      - [because Payment read it, because somebody called]
      - and
      - [once, twice]
    explain: The model answer.
    in_production: Out there it is the same.
    switch: {label: without an inbox, set: {service: payment, idempotent: false}}
    solution:
      - place_order: {as: A, user: user-13, items: [{sku: cable, qty: 1}]}
  - id: slow
    title: A slow one
    do:
      - slow: {service: payment, by: 1s}
    goal: order("B").charges == 1
    observe: {ask: "What did it cost?", expr: order("B").total}
    solution:
      - place_order: {as: B, user: user-2, items: [{sku: mouse, qty: 1}]}
`

// parse reads a scenario that must be sound.
func parse(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	s, problems := scenarios.Parse("", []byte(text))
	require.Empty(t, problems)
	return s
}

// guided opens a lab of a scenario in a bubble, and a guide in it whose first
// step is open.
func guided(t *testing.T, text string, test func(t *testing.T, w *labtest.World, g *scenarios.Guide)) {
	t.Helper()
	s := parse(t, text)
	labtest.Bubble(t, string(s.Lab.JSON), func(t *testing.T, w *labtest.World) {
		g := scenarios.NewGuide(s, w.Lab, nil, nil)
		require.NoError(t, g.Open(t.Context()))
		test(t, w, g)
	})
}

// watched judges while do goes on.
func watched(t *testing.T, g *scenarios.Guide, do func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); g.Watch(ctx) }()
	do()
	stop()
	<-over
}

// met brings the first step of walk to its goal.
func met(t *testing.T, w *labtest.World, g *scenarios.Guide) {
	t.Helper()
	require.NoError(t, g.Predict(0, "sure"))
	watched(t, g, func() {
		complete(w, "A")
	})
	require.Equal(t, scenarios.Observing, g.View().Phase)
}

// complete brings an order to its end, and gives whoever watches the time to
// notice.
func complete(w *labtest.World, handle string) {
	w.Place(handle)
	w.Until(`order("`+handle+`").status == "COMPLETED"`, 5*time.Second)
	w.Later(time.Second)
}

func refused(t *testing.T, err error, code lab.Code, says string) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, code, lab.AsError(err).Code)
	assert.Contains(t, err.Error(), says)
}

func TestAPredictionComesFirstAndIsLocked(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		assert.Equal(t, scenarios.Predicting, g.View().Phase)
		w.Place("A")
		w.Settled()
		require.NoError(t, g.Judge(t.Context()))
		assert.Zero(t, g.View().Met, "nothing is judged before the prediction")
		refused(t, g.Predict(2, "sure"), lab.Invalid, "count from 0 to 1")
		refused(t, g.Predict(-1, "sure"), lab.Invalid, "count from 0 to 1")
		refused(t, g.Predict(0, "certain"), lab.Invalid, "guess, think, sure")
		require.NoError(t, g.Predict(0, "think"))
		refused(t, g.Predict(1, "sure"), lab.Conflict, "locked in")
		v := g.View()
		assert.Equal(t, scenarios.Doing, v.Phase)
		assert.Equal(t, []any{0, "think", true}, []any{v.Predict.Chosen, v.Predict.Confidence, v.Predict.Locked})
		require.NoError(t, g.Judge(t.Context()))
		assert.NotZero(t, g.View().Met)
	})
}

func TestTasksTickAndAGoalIsNoticedWithinASecond(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.Predict(1, "sure"))
		watched(t, g, func() {
			w.Later(3 * time.Second)
			assert.Equal(t, []scenarios.TaskView{{Text: "Order"}, {Text: "Do it twice"}}, g.View().Tasks)
			w.Place("A")
			w.Later(200 * time.Millisecond)
			v := g.View()
			assert.Equal(t, []scenarios.TaskView{{Text: "Order", Done: true}, {Text: "Do it twice"}}, v.Tasks)
			require.Len(t, v.Verdict.Parts, 1)
			assert.Equal(t, []string{"the status of order A", "COMPLETED", "CREATED"}, []string{v.Verdict.Parts[0].What, v.Verdict.Parts[0].Goal, v.Verdict.Parts[0].Now})
			w.Until(`order("A").status == "COMPLETED"`, 5*time.Second)
			came := w.Head()
			w.Later(time.Second)
			v = g.View()
			assert.Greater(t, v.Met, came)
			assert.True(t, v.Verdict.Met)
			assert.True(t, v.Tasks[1].Done, "what a goal makes needless is done")
			goal := w.Expect("goal - the goal of step 1 is met: An order")[0]
			assert.Equal(t, v.Met, goal.Seq)
			reached := w.Expect("written order order o-1 is COMPLETED")
			assert.Less(t, goal.At-reached[0].At, int64(1000))
		})
	})
}

// A question about the decisive moment is asked while the lab shows it.
func TestTheLabStandsStillUntilTheMomentIsObservedRightly(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		_, err := g.Observe(t.Context(), 1, "")
		refused(t, err, lab.Conflict, "nothing is asked")
		met(t, w, g)
		assert.Equal(t, "frozen", w.At("state"))
		w.Place("B")
		w.Later(time.Second)
		head := w.Head()
		w.Later(10 * time.Second)
		assert.Equal(t, head, w.Head(), "nothing goes on")

		_, err = g.Observe(t.Context(), 3, "")
		refused(t, err, lab.Invalid, "count from 0 to 2")
		refused(t, g.Next(t.Context()), lab.Conflict, "say what you saw first")
		right, err := g.Observe(t.Context(), 2, "")
		require.NoError(t, err)
		assert.False(t, right)
		v := g.View()
		assert.Equal(t, scenarios.Observing, v.Phase)
		assert.Equal(t, []any{2, 1, false}, []any{v.Observe.Chosen, v.Observe.Misses, v.Observe.Locked})
		assert.Equal(t, "frozen", w.At("state"))

		right, err = g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		assert.True(t, right)
		assert.Equal(t, scenarios.Explaining, g.View().Phase)
		assert.Equal(t, "live", w.At("state"))
		w.Settled()
		w.True(`order("B").status == "COMPLETED"`)
		_, err = g.Observe(t.Context(), 1, "")
		refused(t, err, lab.Conflict, "nothing is asked")
	})
}

func TestTheSentenceIsPutTogetherBeforeTheNextStep(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		refused(t, g.Next(t.Context()), lab.Conflict, "lock in a prediction first")
		met(t, w, g)
		_, err := g.Explain([]string{"because Payment read it", "once"})
		refused(t, err, lab.Conflict, "no sentence")
		_, err = g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		refused(t, g.Next(t.Context()), lab.Conflict, "put the sentence together first")
		_, err = g.Explain([]string{"because Payment read it"})
		refused(t, err, lab.Invalid, "place 2 of the sentence")
		_, err = g.Explain([]string{"because of the moon", "once"})
		refused(t, err, lab.Invalid, "place 1 of the sentence")
		right, err := g.Explain([]string{"because Payment read it", "twice"})
		require.NoError(t, err)
		assert.Equal(t, []bool{true, false}, right)
		refused(t, g.Next(t.Context()), lab.Conflict, "put the sentence together first")
		right, err = g.Explain([]string{"because Payment read it", "once"})
		require.NoError(t, err)
		assert.Equal(t, []bool{true, true}, right)
		assert.Equal(t, "The model answer.", g.View().Explain)
		require.NoError(t, g.Next(t.Context()))
		v := g.View()
		assert.Equal(t, []any{1, scenarios.Doing, "A slow one"}, []any{v.Step, v.Phase, v.Heading})
		assert.Equal(t, []string{"done", "now"}, []string{v.Steps[0].State, v.Steps[1].State})
	})
}

func TestTheNextStepIsOpenedAndTheLastOneEndsTheScenario(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.SetChallenge(true))
		watched(t, g, func() {
			complete(w, "A")
		})
		require.NoError(t, g.Next(t.Context()))
		w.Expect("note - step 2 of walk begins: A slow one", "action - you slowed payment")
		v := g.View()
		assert.Equal(t, w.Head(), v.Start, "the learner begins after what was done for them")
		require.NoError(t, g.SetChallenge(false))
		watched(t, g, func() {
			w.Do(`{"place_order":{"as":"B","user":"user-2","items":[{"sku":"mouse","qty":1}]}}`)
			w.Later(500 * time.Millisecond)
			assert.Zero(t, g.View().Met, "Payment is slow")
			w.Later(3 * time.Second)
		})
		require.Equal(t, scenarios.Observing, g.View().Phase)
		right, err := g.Observe(t.Context(), -1, "25")
		require.NoError(t, err)
		assert.False(t, right)
		right, err = g.Observe(t.Context(), -1, " 2500 ")
		require.NoError(t, err)
		assert.True(t, right, "a value is read off the figures")
		require.NoError(t, g.Next(t.Context()))
		p := g.Progress()
		assert.Equal(t, scenarios.Finished, p.Phase)
		assert.False(t, p.Finished.IsZero())
		refused(t, g.Next(t.Context()), lab.Conflict, "last step")
	})
}

func TestHintsOpenOneAfterTheOther(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		assert.Empty(t, g.View().Hints)
		for i, hint := range []string{"a place to look", "a question to think about", "the thing to do"} {
			require.NoError(t, g.Hint())
			require.Len(t, g.View().Hints, i+1)
			assert.Equal(t, hint, g.View().Hints[i])
		}
		refused(t, g.Hint(), lab.Conflict, "no further hint")
		assert.False(t, g.View().Helped, "a hint is no help that counts")
	})
}

func TestShowDoesTheSolutionAndCountsAsHelp(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		refused(t, g.Show(t.Context()), lab.Conflict, "nothing to show")
		require.NoError(t, g.Predict(1, "sure"))
		watched(t, g, func() {
			require.NoError(t, g.Show(t.Context()))
			w.Until(`order("A").status == "COMPLETED"`, 5*time.Second)
			w.Later(time.Second)
		})
		v := g.View()
		assert.Equal(t, scenarios.Observing, v.Phase)
		assert.True(t, v.Helped)
		assert.Empty(t, v.Showing)
		w.True(`order("A").user == "user-13"`)
		require.NoError(t, g.SetChallenge(true))
		require.NoError(t, g.Next(t.Context()))
		assert.Equal(t, "helped", g.View().Steps[0].State)
	})
}

// What is left of a solution once the goal is met would be done in a lab that
// stands still.
func TestShowEndsWithTheGoal(t *testing.T) {
	text := strings.Replace(walk, "qty: 1}]}\n  - id: slow", "qty: 1}]}\n      - wait: 10m\n      - note: behind the goal\n  - id: slow", 1)
	require.Contains(t, text, "behind the goal")
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.Predict(1, "sure"))
		watched(t, g, func() {
			began := time.Now()
			require.NoError(t, g.Show(t.Context()))
			assert.Less(t, time.Since(began), time.Minute)
		})
		assert.Equal(t, scenarios.Observing, g.View().Phase)
		assert.Empty(t, g.View().Showing)
		w.Never("note - behind the goal")
	})
}

func TestAChallengeIsTheGoalsAlone(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.SetChallenge(true))
		assert.Equal(t, scenarios.Doing, g.View().Phase)
		assert.Nil(t, g.View().Predict)
		require.NoError(t, g.SetChallenge(false))
		assert.Equal(t, scenarios.Predicting, g.View().Phase, "back with the guidance, the question waits")
		require.NoError(t, g.SetChallenge(true))
		watched(t, g, func() {
			complete(w, "A")
		})
		v := g.View()
		assert.Equal(t, scenarios.Explaining, v.Phase)
		assert.Nil(t, v.Observe)
		assert.Equal(t, "live", w.At("state"), "no question, no stop")
		assert.Equal(t, "The model answer.", v.Explain)
		require.NoError(t, g.Next(t.Context()))
	})
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		met(t, w, g)
		require.NoError(t, g.SetChallenge(true))
		assert.Equal(t, scenarios.Explaining, g.View().Phase)
		assert.Equal(t, "live", w.At("state"), "the question is gone, and the stop with it")
	})
}

// A step begins anew in a lab that is as it was when the learner began it.
func TestARestartedStepKeepsThePredictionAndNothingElse(t *testing.T) {
	s := parse(t, walk)
	labtest.Bubble(t, string(s.Lab.JSON), func(t *testing.T, w *labtest.World) {
		fresh := scenarios.NewGuide(s, w.Lab, nil, nil)
		_, _, err := fresh.Restarted()
		refused(t, err, lab.Conflict, "not begun yet")
		g := scenarios.NewGuide(s, w.Lab, nil, nil)
		require.NoError(t, g.Open(t.Context()))
		require.NoError(t, g.Hint())
		start := g.View().Start
		met(t, w, g)
		p, seq, err := g.Restarted()
		require.NoError(t, err)
		assert.Equal(t, start, seq)
		assert.Equal(t, scenarios.Doing, p.Phase)
		sp := p.Steps[0]
		assert.Equal(t, scenarios.StepProgress{ID: "order", Start: start, Predicted: 0, Confidence: "sure", Tasks: []bool{false, false}, Observed: -1, Hints: 1, Restarts: 1}, sp)

		other := labtest.Open(t, string(s.Lab.JSON), lab.Options{})
		defer other.Close()
		again := scenarios.NewGuide(s, other.Lab, &p, nil)
		require.NoError(t, again.Open(t.Context()))
		assert.Zero(t, other.Count("note - step 1"), "it is open already")
		watched(t, again, func() {
			other.Later(time.Second)
			assert.Zero(t, again.View().Met)
			complete(other, "A")
		})
		assert.Equal(t, scenarios.Observing, again.View().Phase)
		assert.Equal(t, 1, again.View().Restarts)
	})
}

// Whoever keeps the progress hears of every change, and can go on from it.
func TestProgressIsKept(t *testing.T) {
	s := parse(t, walk)
	labtest.Bubble(t, string(s.Lab.JSON), func(t *testing.T, w *labtest.World) {
		var kept []scenarios.Progress
		g := scenarios.NewGuide(s, w.Lab, nil, func(p scenarios.Progress) { kept = append(kept, p) })
		require.NoError(t, g.Open(t.Context()))
		before, changed := g.Changes()
		require.NoError(t, g.Predict(1, "guess"))
		after, _ := g.Changes()
		assert.Equal(t, before+1, after)
		select {
		case <-changed:
		default:
			t.Error("nobody was told")
		}
		last := kept[len(kept)-1]
		assert.Equal(t, g.Progress(), last)
		raw, err := json.Marshal(last)
		require.NoError(t, err)
		var read scenarios.Progress
		require.NoError(t, json.Unmarshal(raw, &read))
		on := scenarios.NewGuide(s, w.Lab, &read, nil)
		assert.Equal(t, g.View(), on.View())
		read.Scenario = "another"
		assert.Empty(t, scenarios.NewGuide(s, w.Lab, &read, nil).View().Phase, "a progress of another scenario is none")
	})
}

func TestAViewHoldsNoAnswerThatWasNotGiven(t *testing.T) {
	guided(t, walk, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		holds := func(phase scenarios.Phase, secrets ...string) {
			t.Helper()
			require.Equal(t, phase, g.View().Phase)
			raw, err := json.Marshal(g.View())
			require.NoError(t, err)
			for _, secret := range secrets {
				assert.NotContains(t, string(raw), secret, "in the phase %s", phase)
			}
		}
		solution, hint, sentence, model := "user-13", "the thing to do", "because Payment read it", "The model answer"
		reality, switched := "Out there", "without an inbox"
		holds(scenarios.Predicting, solution, hint, sentence, model, reality, switched, `"answer"`, "How often was it charged")
		require.NoError(t, g.Predict(0, "sure"))
		holds(scenarios.Doing, solution, hint, sentence, model, reality, switched, `"answer"`, "How often was it charged")
		watched(t, g, func() {
			complete(w, "A")
		})
		holds(scenarios.Observing, solution, hint, sentence, model, reality, switched, `"answer"`)
		_, err := g.Observe(t.Context(), 0, "")
		require.NoError(t, err)
		holds(scenarios.Observing, solution, hint, sentence, model, reality, switched, `"answer"`)
		_, err = g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		holds(scenarios.Explaining, solution, hint, model, reality, switched, `"right":`)
		assert.Equal(t, 1, *g.View().Observe.Answer)
		assert.Equal(t, 1, *g.View().Predict.Answer)
		_, err = g.Explain([]string{"because Payment read it", "twice"})
		require.NoError(t, err)
		holds(scenarios.Explaining, solution, hint, model, reality, switched)
		_, err = g.Explain([]string{"because Payment read it", "once"})
		require.NoError(t, err)
		holds(scenarios.Explaining, solution, hint)
		assert.Equal(t, "without an inbox", g.View().Switch.Label)
	})
}

// Choices of the sentence stand in an order that does not tell, and stay there.
func TestChoicesAreShuffledAndStay(t *testing.T) {
	text := strings.Replace(walk, "[because Payment read it, because somebody called]", "[c0, c1, c2, c3, c4, c5]", 1)
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		met(t, w, g)
		_, err := g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		choices := g.View().Because[1].Choices
		assert.ElementsMatch(t, []string{"c0", "c1", "c2", "c3", "c4", "c5"}, choices)
		assert.NotEqual(t, []string{"c0", "c1", "c2", "c3", "c4", "c5"}, choices)
		assert.Equal(t, choices, g.View().Because[1].Choices)
		assert.Equal(t, scenarios.PartView{Text: "and"}, g.View().Because[2])
	})
}

// A goal may ask for the learner's answers. What it asks for is not shown
// before.
func TestAGoalMayAskForTheAnswers(t *testing.T) {
	text := strings.Replace(walk, `goal: order("A").status == "COMPLETED"`, `goal: order("A").status == "COMPLETED" && predicted == 1 && observed == 1`, 1)
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		assert.Empty(t, g.View().Goal)
		require.NoError(t, g.Predict(1, "sure"))
		watched(t, g, func() {
			w.Later(time.Second)
			assert.Empty(t, g.View().Goal)
			require.Len(t, g.View().Verdict.Parts, 2)
			assert.Equal(t, "your prediction", g.View().Verdict.Parts[1].What)
			complete(w, "A")
		})
		require.Equal(t, scenarios.Observing, g.View().Phase, "the question follows the goal, so it cannot wait for its answer")
		right, err := g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		assert.True(t, right)
		assert.Contains(t, g.View().Goal, "observed == 1")
		assert.Len(t, g.View().Verdict.Parts, 3)
	})
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		require.NoError(t, g.Predict(0, "sure"))
		watched(t, g, func() {
			complete(w, "A")
		})
		assert.Equal(t, scenarios.Doing, g.View().Phase, "the prediction was another one")
		assert.Contains(t, g.View().Verdict.Parts[1].What, "your prediction")
		assert.Empty(t, g.View().Goal, "it says what is to be observed")
	})
}

// A step whose opening failed is opened by Next: what was done for it already is
// not done again.
func TestAStepThatCouldNotBeOpenedIsOpenedByNext(t *testing.T) {
	text := strings.Replace(walk, "    do:\n", "    do:\n      - place_order: {as: T, user: user-5, items: [{sku: cable, qty: 1}]}\n      - wait_until: {expr: order(\"U\").charges == 1, within: 2s}\n", 1)
	guided(t, text, func(t *testing.T, w *labtest.World, g *scenarios.Guide) {
		met(t, w, g)
		_, err := g.Observe(t.Context(), 1, "")
		require.NoError(t, err)
		_, err = g.Explain([]string{"because Payment read it", "once"})
		require.NoError(t, err)
		require.ErrorContains(t, g.Next(t.Context()), "open the step slow")
		assert.Zero(t, g.View().Start)
		_, _, err = g.Restarted()
		refused(t, err, lab.Conflict, "not begun yet")
		refused(t, g.Show(t.Context()), lab.Conflict, "nothing to show")
		require.Error(t, g.Next(t.Context()), "it still fails")

		complete(w, "U")
		kept := g.Progress()
		require.NoError(t, g.Next(t.Context()))
		assert.Equal(t, 1, g.View().Step)
		assert.Equal(t, 1, w.Count("note - step 2"), "it began once")
		_, seq, err := g.Restarted()
		require.NoError(t, err)
		assert.Equal(t, g.View().Start, seq)

		// In a fresh lab, in which the step before was done, it is opened from its
		// first action on.
		other := labtest.Open(t, `{"seed":3,"work":"300ms"}`, lab.Options{})
		defer other.Close()
		complete(other, "U")
		require.NoError(t, scenarios.NewGuide(g.Scenario(), other.Lab, &kept, nil).Open(t.Context()))
		other.Until(`order("T").status == "COMPLETED"`, 5*time.Second)
	})
}

// A file may be changed while a learner's progress is kept: what no longer fits
// begins anew.
func TestAProgressThatDoesNotFitBeginsAnew(t *testing.T) {
	s := parse(t, walk)
	labtest.Bubble(t, string(s.Lab.JSON), func(t *testing.T, w *labtest.World) {
		fits := func(change func(sp *scenarios.StepProgress)) bool {
			p := scenarios.NewGuide(s, w.Lab, nil, nil).Progress()
			p.Phase = scenarios.Doing
			change(&p.Steps[0])
			g := scenarios.NewGuide(s, w.Lab, &p, nil)
			return g.View().Phase == scenarios.Doing
		}
		assert.True(t, fits(func(sp *scenarios.StepProgress) { sp.Hints, sp.Predicted, sp.Observed = 3, 1, 2 }))
		assert.False(t, fits(func(sp *scenarios.StepProgress) { sp.Hints = 4 }))
		assert.False(t, fits(func(sp *scenarios.StepProgress) { sp.Predicted = 2 }))
		assert.False(t, fits(func(sp *scenarios.StepProgress) { sp.Observed = 3 }))
		assert.False(t, fits(func(sp *scenarios.StepProgress) { sp.Tasks = nil }))
		assert.False(t, fits(func(sp *scenarios.StepProgress) { sp.ID = "other" }))
	})
}
