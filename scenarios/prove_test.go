package scenarios_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/lab/labtest"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// provable is a scenario of two steps that is sound. Tests change a line of it.
const provable = `
id: tried
title: Tried
pattern: kafka
level: 1
minutes: 1
summary: One order, paid.
lab: {seed: 1, work: 10ms}
steps:
  - id: place
    title: Place
    goal: order("A").status == "COMPLETED"
    hints: [Look at the map., "What begins an order?", Place an order.]
    explain: It went through.
    solution:
      - place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}
    wrong:
      - [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}], method: declined-card}}]
  - id: stop
    title: Stop
    goal: service("payment").instances == 0
    hints: [Look at the map., "Who charges?", Scale payment to 0.]
    explain: It is away.
    solution:
      - scale: {service: payment, instances: 0}
    wrong:
      - [{place_order: {as: B, user: user-1, items: [{sku: mouse, qty: 1}]}}]
`

func parsed(t *testing.T, changes ...string) *scenarios.Scenario {
	t.Helper()
	text := provable
	for i := 0; i < len(changes); i += 2 {
		require.Contains(t, text, changes[i])
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	s, problems := scenarios.Parse("", []byte(text))
	require.Empty(t, problems)
	return s
}

func prove(t *testing.T, s *scenarios.Scenario, seeds int) (scenarios.Proof, []scenarios.ProofLine) {
	t.Helper()
	var lines []scenarios.ProofLine
	p, err := newProver().Prove(t.Context(), s, seeds, func(l scenarios.ProofLine) { lines = append(lines, l) })
	require.NoError(t, err)
	return p, lines
}

func wayOf(t *testing.T, p scenarios.Proof, name string) scenarios.Way {
	t.Helper()
	for _, w := range p.Ways {
		if w.Way == name {
			return w
		}
	}
	require.Failf(t, "the way is missing", "%s in %v", name, p)
	return scenarios.Way{}
}

// A sound scenario passes every way, in virtual time, and tells of each step.
func TestASoundScenarioIsProven(t *testing.T) {
	p, lines := prove(t, parsed(t), 3)
	assert.True(t, p.Passed, "%+v", p)
	assert.Equal(t, "virtual", p.Clock)
	assert.Empty(t, p.Warnings)
	assert.Len(t, wayOf(t, p, "solved").Steps, 2)
	assert.Len(t, wayOf(t, p, "untouched").Steps, 2)
	assert.Len(t, wayOf(t, p, "wrong").Steps, 2)
	assert.Len(t, wayOf(t, p, "seeds").Seeds, 3)

	require.NotNil(t, lines[0].Plan, "the plan comes first")
	require.NotNil(t, lines[len(lines)-1].Proof, "the proof comes last")
	ended := 0
	for _, l := range lines {
		if l.Ended != nil {
			ended++
		}
	}
	assert.Equal(t, lines[0].Plan.Plays, ended, "the plan says how many plays there will be")
}

// A scenario that fails one way is found out, at the step that is to blame.
func TestEachFailureIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		way, step, rule, warning string
		changes                  []string
	}{
		"the solution misses the goal": {way: "solved", step: "place", rule: "not-proven", warning: `the solution of the step "place" does not reach its goal: the status of order A: wanted CANCELLED, is COMPLETED`, changes: []string{`== "COMPLETED"`, `== "CANCELLED"`}},
		"the goal is met as it opens":  {way: "untouched", step: "stop", rule: "goal-already-met", warning: "is met as it opens", changes: []string{`service("payment").instances == 0`, `order("A").charges == 1`}},
		"the goal comes by itself": {way: "untouched", step: "stop", rule: "goal-already-met", warning: "comes true by itself", changes: []string{
			`goal: service("payment").instances == 0`, "goal: order(\"Z\").status == \"COMPLETED\"\n    do: [{place_order: {as: Z, user: user-2, items: [{sku: mouse, qty: 1}]}}]",
			"- scale: {service: payment, instances: 0}", "- note: it comes by itself"}},
		"a wrong move reaches the goal": {way: "wrong", step: "place", rule: "not-proven", warning: `these wrong moves reach the goal of the step "place"`, changes: []string{`method: declined-card`, `method: card`}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := prove(t, parsed(t, c.changes...), 0)
			assert.False(t, p.Passed)
			w := wayOf(t, p, c.way)
			assert.False(t, w.Passed)
			var failed []string
			for _, st := range w.Steps {
				if !st.Passed {
					failed = append(failed, st.Step)
					assert.NotEmpty(t, st.Verdict.Parts, "what failed names goal and now")
				}
			}
			assert.Equal(t, []string{c.step}, failed)
			i := slices.IndexFunc(p.Warnings, func(f scenarios.Finding) bool { return strings.Contains(f.Message, c.warning) })
			require.GreaterOrEqual(t, i, 0, "%v", p.Warnings)
			assert.Equal(t, c.rule, p.Warnings[i].Rule)
			assert.Greater(t, p.Warnings[i].Line, 9, "at its place")
		})
	}
}

// A goal that holds only where chance wants it: the partition of user-1 belongs
// to the member that is crashed, or to the other one.
func TestAGoalByLuckIsFoundByPlaying(t *testing.T) {
	p, _ := prove(t, parsed(t, "work: 10ms}", "work: 10ms, services: {payment: {instances: 2, balancer: eager}}}",
		`goal: service("payment").instances == 0`, "within: 1s\n    goal: order(\"B\").status == \"COMPLETED\"",
		"- scale: {service: payment, instances: 0}", "- crash: {service: payment, instance: 1}\n      - place_order: {as: B, user: user-1, items: [{sku: mouse, qty: 1}]}",
	), 40)
	var luck []scenarios.Finding
	for _, f := range p.Warnings {
		if f.Rule == "goal-by-luck" {
			luck = append(luck, f)
		}
	}
	require.Len(t, luck, 1, "%v", p.Warnings)
	assert.Contains(t, luck[0].Message, "of 40 seeds")
	assert.Contains(t, luck[0].Message, `the step "stop"`)
	assert.Len(t, wayOf(t, p, "seeds").Seeds, 40)
}

// Virtual time is left only where it would stand still.
func TestTheWallClockIsForSharedCooperativeGroups(t *testing.T) {
	for name, c := range map[string]struct {
		want    string
		changes []string
	}{
		"one instance each":    {"", nil},
		"two, shared by range": {"", []string{"work: 10ms}", "work: 10ms, services: {payment: {instances: 2, balancer: range}}}"}},
		"two, shared cooperatively": {"payment has 2 instances and a cooperative balancer",
			[]string{"work: 10ms}", "work: 10ms, services: {payment: {instances: 2}}}"}},
		"scaled by a solution":           {"payment has 3 instances", []string{"instances: 0}\n", "instances: 3}\n"}},
		"scaled by a wrong move":         {"inventory has 2 instances", []string{"wrong:\n", "wrong:\n      - [{scale: {service: inventory, instances: 2}}]\n"}},
		"set to range before it scales":  {"", []string{"- scale: {service: payment, instances: 0}", "- set: {service: payment, balancer: range}\n      - scale: {service: payment, instances: 4}"}},
		"what a wrong move sets is gone": {"payment has 4 instances", []string{"wrong:\n", "wrong:\n      - [{set: {service: payment, balancer: range}}]\n", "- scale: {service: payment, instances: 0}", "- scale: {service: payment, instances: 4}"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := parsed(t, c.changes...)
			got := scenarios.NeedsWallClock(s)
			if c.want == "" {
				assert.Empty(t, got)
				return
			}
			assert.Contains(t, got, c.want)
		})
	}
}

// Cancelled, a proof ends at once and leaves no process.
func TestAProofThatIsCancelledLeavesNoProcess(t *testing.T) {
	s := parsed(t, "lab: {seed: 1, work: 10ms}", "lab: {seed: 1, work: 10ms, services: {payment: {instances: 2}}}",
		`goal: order("A").status == "COMPLETED"`, "within: 10m\n    goal: order(\"A\").status == \"CANCELLED\"")
	assert.Contains(t, scenarios.NeedsWallClock(s), "payment has 2 instances")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	began := make(chan struct{}, 100)
	go func() {
		_, err := newProver().Prove(ctx, s, 0, func(l scenarios.ProofLine) {
			if l.Began != nil {
				began <- struct{}{}
			}
		})
		ended <- err
	}()
	<-began
	assert.NotEmpty(t, labtest.Children(t), "it is being played")
	cancel()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the proof goes on")
	}
	assert.Empty(t, labtest.Children(t), "no process stays")
}
