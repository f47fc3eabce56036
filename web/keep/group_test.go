package keep_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/quiz"
	"eddy/web/keep"
)

// answered puts an answer into an attempt.
func answered(question string) func(*quiz.Attempt) error {
	return func(a *quiz.Attempt) error {
		a.Given[question] = quiz.Given{Answer: json.RawMessage(`"x"`)}
		return nil
	}
}

func begun(t *testing.T, s *keep.Store, id string) {
	t.Helper()
	require.NoError(t, s.CreateAttempt(t.Context(), quiz.Attempt{ID: id, Given: map[string]quiz.Given{}}))
}

func given(t *testing.T, s *keep.Store, id string) map[string]quiz.Given {
	t.Helper()
	a, err := s.Attempt(t.Context(), id)
	require.NoError(t, err)
	return a.Given
}

// Changes that come at once share transactions. One that is refused, or whose
// caller has gone, takes nobody with it, and is not kept.
func TestChangesAtOnceAreAllKeptAndFailAlone(t *testing.T) {
	const learners, questions = 8, 20
	s := open(t, t.TempDir())
	for l := range learners {
		begun(t, s, fmt.Sprint("attempt-", l))
	}
	refused := errors.New("the time is over")
	gone, leave := context.WithCancel(t.Context())
	leave()
	var all sync.WaitGroup
	for l := range learners {
		for q := range questions {
			id, question := fmt.Sprint("attempt-", l), fmt.Sprint("question-", q)
			all.Go(func() {
				_, err := s.ChangeAttempt(t.Context(), id, answered(question))
				assert.NoError(t, err)
			})
			all.Go(func() {
				_, err := s.ChangeAttempt(t.Context(), id, func(a *quiz.Attempt) error { return errors.Join(answered("late")(a), refused) })
				assert.ErrorIs(t, err, refused)
				_, err = s.ChangeAttempt(gone, id, answered("gone"))
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
	}
	all.Wait()
	for l := range learners {
		kept := given(t, s, fmt.Sprint("attempt-", l))
		assert.Len(t, kept, questions)
		assert.NotContains(t, kept, "late")
		assert.NotContains(t, kept, "gone")
	}
}

// A change that breaks must not have those that waited with it believe that
// they are kept.
func TestABrokenChangeAcknowledgesNobody(t *testing.T) {
	s := open(t, keep.Memory)
	begun(t, s, "attempt")
	entered, proceed := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { // holds the turn, so that the others wait together
		_, err := s.ChangeAttempt(t.Context(), "attempt", func(*quiz.Attempt) error {
			close(entered)
			<-proceed
			return nil
		})
		assert.NoError(t, err)
	})
	<-entered
	all.Go(func() {
		defer func() { recover() }()
		s.ChangeAttempt(t.Context(), "attempt", func(*quiz.Attempt) error { panic("broken") })
	})
	kept := make(chan string, 10)
	for q := range 10 {
		all.Go(func() {
			defer func() { recover() }() // whoever carries the batch out breaks in its stead
			question := fmt.Sprint("question-", q)
			if _, err := s.ChangeAttempt(t.Context(), "attempt", answered(question)); err == nil {
				kept <- question
			}
		})
	}
	time.Sleep(20 * time.Millisecond) // most of them wait by now; whether they do changes nothing that is asserted
	close(proceed)
	all.Wait()
	close(kept)
	for question := range kept {
		assert.Contains(t, given(t, s, "attempt"), question)
	}
	_, err := s.ChangeAttempt(t.Context(), "attempt", answered("afterwards"))
	assert.NoError(t, err, "and it goes on")
}

// A caller who goes while a change is being made neither breaks it nor takes
// the database with it; one in memory lives in a single connection.
func TestACallerWhoGoesInTheMiddleLosesNothing(t *testing.T) {
	s := open(t, keep.Memory)
	begun(t, s, "attempt")
	for i := range 20 {
		ctx, leave := context.WithCancel(t.Context())
		question := fmt.Sprint("question-", i)
		_, err := s.ChangeAttempt(ctx, "attempt", func(a *quiz.Attempt) error {
			leave()
			return answered(question)(a)
		})
		require.NoError(t, err)
		assert.Contains(t, given(t, s, "attempt"), question)
	}
}
