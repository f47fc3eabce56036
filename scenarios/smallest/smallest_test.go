package smallest_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/scenarios/smallest"
	"eddy/scenarios/trial"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test program is its own child for what is tried in virtual time.
func TestMain(m *testing.M) {
	if os.Getenv(trial.Env) != "" {
		err := trial.Serve(map[string]trial.Job{smallest.TryJob: smallest.Try, scenarios.RehearseJob: scenarios.Rehearsed})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func search(t *testing.T, settings, invariant string, tries int) smallest.Answer {
	t.Helper()
	s, err := lab.ParseSettings([]byte(settings))
	require.NoError(t, err)
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	defer pool.Close()
	last := 0
	a, err := smallest.Search(t.Context(), smallest.Question{Lab: s, Invariant: invariant, Tries: tries, Seed: 1, Time: 4 * time.Minute, Jobs: runtime.NumCPU()}, pool,
		func(p smallest.Progress) {
			assert.GreaterOrEqual(t, p.Tries, last)
			assert.Equal(t, tries, p.Of)
			last = p.Tries
		})
	require.NoError(t, err)
	return a
}

// Why a pattern is needed: without it few actions break a promise, with it none
// of the same tries does.
func TestWithoutThePatternFewActionsBreakAPromise(t *testing.T) {
	if testing.Short() {
		t.Skip("plays hundreds of labs")
	}
	for _, c := range []struct {
		settings, invariant string
		by                  []string // actions of which one is found
		also                string   // what else breaks it
		reverse             string
	}{
		{`{"services":{"payment":{"idempotent":false}}}`, "no-double-charge", []string{"crash: {service: payment, at: after_handle}", "duplicate: {event: OrderCreated, order: A}", "cut: {service: payment, from: database}"}, "one order: crash: {service: payment, at: after_handle}", "payment.idempotent: true"},
		{`{"services":{"order":{"outbox":false}}}`, "nothing-lost", []string{"crash: {service: order, at: after_write"}, "", "order.outbox: true"},
		{`{"key":"none"}`, "per-key-order", []string{"scale:", "pause:", "crash:", "slow:", "cut:", "fail:", "cancel_order"}, "", "key: user"},
	} {
		t.Run(c.invariant, func(t *testing.T) {
			a := search(t, c.settings, c.invariant, 24)
			require.True(t, a.Found, a.Words)
			assert.LessOrEqual(t, len(a.Actions), 4)
			assert.NotEmpty(t, a.Because)
			assert.NotEmpty(t, a.Evidence)
			assert.True(t, slices.ContainsFunc(a.Actions, func(line string) bool {
				return slices.ContainsFunc(c.by, func(by string) bool { return strings.HasPrefix(line, by) })
			}), "%v", a.Actions)
			require.Len(t, a.Reverse, 1)
			assert.Equal(t, c.reverse, a.Reverse[0].Setting)
			assert.Zero(t, a.Reverse[0].Broke, a.Reverse[0].Words)
			assert.GreaterOrEqual(t, a.Reverse[0].Tries, 20)
			assert.Contains(t, a.Words, fmt.Sprintf("With %s none of %d tries broke it.", c.reverse, a.Reverse[0].Tries))

			s, problems := scenarios.Parse("", []byte(a.Scenario))
			require.Empty(t, problems)
			synctest.Test(t, func(t *testing.T) {
				r, err := scenarios.Run(t.Context(), s, scenarios.Config{})
				require.NoError(t, err)
				assert.True(t, r.Passed, "%+v", r)
			})
			assert.Contains(t, strings.ReplaceAll(a.Scenario, "\n    ", "\n"), a.Solution[strings.Index(a.Solution, "solution:"):])
			if c.also != "" {
				assert.Contains(t, a.Also, c.also)
			}
		})
	}
}

func TestWithThePatternsNothingBreaksThePromise(t *testing.T) {
	if testing.Short() {
		t.Skip("plays hundreds of labs")
	}
	a := search(t, `{}`, "no-double-charge", 40)
	assert.False(t, a.Found, a.Words)
	assert.Equal(t, 40, a.Tries)
	assert.Equal(t, "None of 40 tries broke no-double-charge.", a.Words)
	assert.Zero(t, a.Hung)
}

// Every action of the registry is tried, or is named as one that is no fault.
func TestEveryFaultOfTheRegistryIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, name := range smallest.Faults(lab.DefaultSettings()) {
		tried[name] = true
	}
	for _, spec := range lab.ActionSpecs() {
		assert.NotEqual(t, tried[spec.Name], slices.Contains(smallest.Passive, spec.Name), "%s is a fault, or it is none", spec.Name)
	}
}

func TestASearchCanBeCancelledAndIsBounded(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	defer pool.Close()
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	a, err := smallest.Search(ctx, smallest.Question{Lab: lab.DefaultSettings(), Invariant: "no-oversell", Tries: smallest.MaxTries}, pool, func(smallest.Progress) { cancel() })
	require.NoError(t, err)
	assert.Equal(t, "cancelled", a.Ended)
	assert.Contains(t, a.Words, "The search was cancelled.")
	assert.Less(t, time.Since(began), 30*time.Second)
	a, err = smallest.Search(t.Context(), smallest.Question{Lab: lab.DefaultSettings(), Invariant: "no-oversell", Tries: smallest.MaxTries, Time: time.Second}, pool, nil)
	require.NoError(t, err)
	assert.Equal(t, "time", a.Ended)
}

func TestAWrongQuestionIsRefusedInWords(t *testing.T) {
	for _, c := range []struct {
		q    smallest.Question
		want string
	}{
		{smallest.Question{Invariant: "no-double-charges"}, `There is no promise "no-double-charges": the promises are no-double-charge, no-oversell,`},
		{smallest.Question{Invariant: "no-oversell", Tries: 99999}, "A search makes 1 to 2000 tries, not 99999."},
	} {
		c.q.Lab = lab.DefaultSettings()
		_, err := smallest.Search(t.Context(), c.q, nil, nil)
		assert.ErrorContains(t, err, c.want)
	}
}
