package lab_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestManyLabsLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s, err := lab.ParseSettings([]byte(`{"work":"0s"}`))
	require.NoError(t, err)
	place, err := lab.DecodeAction([]byte(`{"burst":{"orders":3,"rate":1000}}`))
	require.NoError(t, err)
	crash, err := lab.DecodeAction([]byte(`{"crash":"payment"}`))
	require.NoError(t, err)
	many := 50
	if testing.Short() {
		many = 10
	}
	for i := range many {
		l, err := lab.Open(t.Context(), s, lab.Options{})
		require.NoError(t, err)
		_, err = l.Do(t.Context(), place)
		require.NoError(t, err)
		if i%5 == 0 {
			_, err = l.Do(t.Context(), crash)
			require.NoError(t, err)
		}
		l.Close()
	}
	goleak.VerifyNone(t, before)
}

// Whatever is under way when a lab is closed ends, and nothing begins any more.
func TestALabCanBeClosedInTheMiddleOfEverything(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l, err := lab.Open(t.Context(), lab.DefaultSettings(), lab.Options{})
	require.NoError(t, err)
	var busy sync.WaitGroup
	for _, text := range []string{
		`{"burst":{"orders":50,"rate":500}}`, `{"restart":"payment"}`, `{"scale":{"service":"inventory","instances":3}}`, `{"publish":{"event":"OrderCreated"}}`,
		`{"wait":"1h"}`, `{"wait_until":{"expr":"false","within":"1h"}}`, `{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`, `{"slow":{"service":"order","by":"1m"}}`,
		`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`, `{"heal":"all"}`, `"freeze"`, `"step"`,
	} {
		a, err := lab.DecodeAction([]byte(text))
		require.NoError(t, err)
		busy.Go(func() { _, _ = l.Do(context.Background(), a) })
	}
	require.NoError(t, l.Wait(t.Context(), l.Head()))
	l.Close()
	done := make(chan struct{})
	go func() { busy.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("an action outlived its lab")
	}
	goleak.VerifyNone(t, before)

	_, err = l.Do(t.Context(), lab.Action{})
	assert.Equal(t, lab.Unavailable, lab.AsError(err).Code)
	assert.Equal(t, lab.Unavailable, lab.AsError(l.Wait(t.Context(), l.Head())).Code)
}

func TestALabThatCannotOpenSaysWhyAndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := lab.DefaultSettings()
	s.Brokers = 7
	_, err := lab.Open(t.Context(), s, lab.Options{})
	assert.ErrorContains(t, err, "1 to 3")
	_, err = lab.Open(t.Context(), lab.DefaultSettings(), lab.Options{Listen: "nowhere.invalid:1"})
	assert.Error(t, err)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lab.Open(over, lab.DefaultSettings(), lab.Options{})
	assert.Error(t, err)
	goleak.VerifyNone(t, before)
}

// The same seed makes the same choices: users of a burst, ids of events.
func TestTheSeedDecidesWhatTheLabChooses(t *testing.T) {
	users := func(seed string) (users []any) {
		s, err := lab.ParseSettings([]byte(`{"work":"0s","seed":` + seed + `}`))
		require.NoError(t, err)
		l, err := lab.Open(t.Context(), s, lab.Options{})
		require.NoError(t, err)
		defer l.Close()
		for _, text := range []string{`{"scale":{"service":"payment","instances":0}}`, `{"burst":{"orders":8,"rate":5000}}`, `{"wait_until":"len(orders) == 8"}`} {
			a, err := lab.DecodeAction([]byte(text))
			require.NoError(t, err)
			_, err = l.Do(t.Context(), a)
			require.NoError(t, err)
		}
		for i := range 8 {
			v, err := l.Eval(t.Context(), `orders[`+string(rune('0'+i))+`].user`)
			require.NoError(t, err)
			users = append(users, v)
		}
		return users
	}
	assert.Equal(t, users("11"), users("11"))
	assert.NotEqual(t, users("11"), users("12"))
}
