package scenarios_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// head begins a scenario for a play.
const head = `
id: play
title: A play
pattern: kafka
level: 1
minutes: 1
summary: For tests.
lab: {work: 0s}
steps:
`

// played plays a scenario in virtual time.
func played(t *testing.T, steps string, c scenarios.Config) (r scenarios.Result) {
	t.Helper()
	s := parse(t, head+steps)
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = scenarios.Run(t.Context(), s, c)
		require.NoError(t, err)
	})
	return r
}

const mouse = `place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}`

func TestAPlayPassesWhereEveryGoalIsMet(t *testing.T) {
	var told bytes.Buffer
	console := scenarios.NewConsole(&told)
	s := parse(t, head+`
  - {id: one, title: One, goal: order("A").charges == 1, solution: [{`+mouse+`}]}
  - {id: two, title: Two, goal: 'len(orders) == 2 && settled', solution: [{`+strings.Replace(mouse, "as: A", "as: B", 1)+`}]}
`)
	synctest.Test(t, func(t *testing.T) {
		r, err := scenarios.Run(t.Context(), s, scenarios.Config{Began: console.Began(s), Ended: console.Ended(s, scenarios.Solved)})
		require.NoError(t, err)
		console.Summary(s, r)
		assert.True(t, r.Passed)
		require.Len(t, r.Steps, 2)
		assert.Equal(t, []string{"one", "two"}, []string{r.Steps[0].Step, r.Steps[1].Step})
		assert.Equal(t, "1", r.Steps[0].Verdict.Parts[0].Now)
	})
	assert.Contains(t, told.String(), "play  1/2  One …")
	assert.Contains(t, told.String(), "play  ok      one: the goal is met")
	assert.Contains(t, told.String(), "play  passed: 2 of 2")
}

// What ends a play unpassed, and what it says then. The steps behind it are not
// played.
func TestAPlayFails(t *testing.T) {
	for _, c := range []struct{ name, solution, says, goalSays string }{
		{"a goal that is not met", `[{` + mouse + `}]`, "", "the charges of order A: wanted 2, is 1, 1 too few"},
		{"an action that is refused", `[{cancel_order: {order: Z}}]`, `solution: cancel_order (line `, "the charges of order A: wanted 2, is 0"},
		{"an expect that is false", `[{expect: {expr: 'len(orders) == 1', because: somebody ordered}}]`, "expected len(orders) == 1, because somebody ordered", ""},
		{"a wait_until that ran out", `[{wait_until: {expr: 'len(orders) == 1', within: 3s}}]`, "not true within 3s", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := played(t, `
  - {id: one, title: One, goal: order("A").charges == 2, within: 2s, solution: `+c.solution+`}
  - {id: two, title: Two, goal: len(orders) == 0}
`, scenarios.Config{})
			assert.False(t, r.Passed)
			require.Len(t, r.Steps, 1)
			assert.False(t, r.Steps[0].Passed)
			assert.Contains(t, r.Steps[0].Error, c.says)
			assert.Equal(t, c.says == "", r.Steps[0].Error == "")
			assert.Contains(t, strings.Join(scenarios.Reasons(r.Steps[0]), "\n"), c.goalSays)
		})
	}
}

// A goal may come true up to `within` after the solution's end, and no later.
func TestAGoalHasUntilWithin(t *testing.T) {
	step := func(within string) string {
		return `
  - {id: one, title: One, do: [{slow: {service: payment, by: 5s}}], goal: order("A").charges == 1, within: ` + within + `, solution: [{` + mouse + `}]}
`
	}
	assert.True(t, played(t, step("6s"), scenarios.Config{}).Passed)
	assert.False(t, played(t, step("4s"), scenarios.Config{}).Passed)
}

func TestWrongMovesThatReachTheGoalAreFound(t *testing.T) {
	r := played(t, `
  - id: one
    title: One
    goal: order("A").charges == 1
    solution: [{`+mouse+`}]
    wrong:
      - [{cancel_order: {order: Z}}, {place_order: {as: A, items: [{sku: mouse, qty: 1}], method: declined-card}}]
      - [{`+mouse+`}]
`, scenarios.Config{Mode: scenarios.Wrong})
	assert.False(t, r.Passed)
	require.Len(t, r.Steps, 2, "each list has a lab of its own")
	assert.Equal(t, []int{1, 2}, []int{r.Steps[0].Wrong, r.Steps[1].Wrong})
	assert.True(t, r.Steps[0].Passed, "what is refused is passed over: %s", r.Steps[0].Error)
	assert.False(t, r.Steps[1].Passed)
	assert.True(t, r.Steps[1].Verdict.Met)
}

// The step behind stands on the ones before it, done with their solutions.
func TestAGoalThatHoldsUntouchedIsFound(t *testing.T) {
	steps := `
  - {id: one, title: One, goal: order("A").charges == 1, solution: [{` + mouse + `}]}
  - {id: two, title: Two, goal: order("A").status == "COMPLETED", solution: [{wait: 1s}]}
  - {id: three, title: Three, goal: len(orders) == 1}
`
	assert.True(t, played(t, steps, scenarios.Config{}).Passed)
	r := played(t, steps, scenarios.Config{Mode: scenarios.Untouched})
	assert.False(t, r.Passed)
	require.Len(t, r.Steps, 2, "a step without a solution proves nothing")
	assert.True(t, r.Steps[0].Passed)
	assert.False(t, r.Steps[1].Passed, "it comes true by itself")
	r = played(t, steps, scenarios.Config{Mode: scenarios.Untouched, Step: "one"})
	assert.True(t, r.Passed)
	assert.Len(t, r.Steps, 1)
	r = played(t, strings.Replace(steps, `order("A").charges == 1`, `order("A").charges == 3`, 1), scenarios.Config{Mode: scenarios.Untouched, Step: "two"})
	assert.False(t, r.Passed)
	assert.Contains(t, r.Steps[0].Error, "step one before it: its goal is not met")
}

// Somebody who plays without a browser answers rightly.
func TestAGoalMayAskForTheRightAnswers(t *testing.T) {
	step := func(predicted string) string {
		return `
  - id: one
    title: One
    predict: {ask: "which?", options: [a, b, c], answer: 2}
    goal: len(orders) == 1 && predicted == ` + predicted + ` && observed == 1
    within: 2s
    observe: {ask: "which?", options: [a, b], answer: 1}
    solution: [{` + mouse + `}]
`
	}
	assert.True(t, played(t, step("2"), scenarios.Config{}).Passed)
	assert.True(t, played(t, step("2"), scenarios.Config{Mode: scenarios.Untouched}).Passed)
	r := played(t, step("1"), scenarios.Config{})
	assert.False(t, r.Passed)
	assert.Contains(t, strings.Join(scenarios.Reasons(r.Steps[0]), "\n"), "your prediction: wanted 1, is 2")
}

func TestAPlayHasItsJournalSeedAndSpeed(t *testing.T) {
	var journal bytes.Buffer
	steps := `
  - {id: one, title: One, goal: len(orders) == 1, solution: [{wait: 8s}, {` + mouse + `}]}
`
	s := parse(t, head+steps)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r, err := scenarios.Run(t.Context(), s, scenarios.Config{Journal: &journal, Seed: 41, Speed: 4})
		require.NoError(t, err)
		assert.True(t, r.Passed)
		assert.Less(t, time.Since(began), 3*time.Second, "eight seconds of lab time at four times the speed")
	})
	lines := strings.Split(strings.TrimSpace(journal.String()), "\n")
	assert.Contains(t, lines[0], `"seq":1,`)
	assert.Contains(t, journal.String(), `"seed":41`)
	assert.Contains(t, journal.String(), "you placed order A")
}

func TestAJUnitReportNamesWhatFailedAndWhy(t *testing.T) {
	r := played(t, `
  - {id: one, title: One, goal: len(orders) == 1, solution: [{`+mouse+`}]}
  - {id: two, title: Two, goal: len(orders) == 3, within: 1s}
`, scenarios.Config{})
	var report bytes.Buffer
	require.NoError(t, scenarios.WriteJUnit(&report, []scenarios.Result{r}))
	assert.Contains(t, report.String(), `<testsuite name="play" tests="2" failures="1"`)
	assert.Contains(t, report.String(), `<testcase name="two" classname="play"`)
	assert.Contains(t, report.String(), "wanted 3, is 1, 2 too few")
}
