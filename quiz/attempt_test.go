package quiz_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"
	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shelf is a quiz.Store in memory. It keeps copies, as a database does.
type shelf struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (s *shelf) CreateAttempt(_ context.Context, a quiz.Attempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string][]byte{}
	}
	raw, err := json.Marshal(a)
	s.all[a.ID] = raw
	return err
}

func (s *shelf) Attempt(_ context.Context, id string) (a quiz.Attempt, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(id)
}

func (s *shelf) read(id string) (a quiz.Attempt, err error) {
	raw, ok := s.all[id]
	if !ok {
		return a, lab.Errorf(lab.NotFound, "there is no attempt %q", id)
	}
	return a, json.Unmarshal(raw, &a)
}

func (s *shelf) ChangeAttempt(_ context.Context, id string, change func(*quiz.Attempt) error) (quiz.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.read(id)
	if err != nil {
		return a, err
	}
	if err := change(&a); err != nil {
		return a, err
	}
	raw, err := json.Marshal(a)
	s.all[id] = raw
	return a, err
}

// desk hands out the quiz of one question of each kind, at a clock of its own.
func desk(t *testing.T) (*quiz.Desk, *quiz.Quiz, *time.Time) {
	q := parsed(t, all)
	q.Minutes = 10
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	return &quiz.Desk{
		Store: &shelf{}, Judge: quiz.Labs{}, Now: func() time.Time { return now },
		Find: func(id string) (*quiz.Quiz, bool) { return q, id == q.ID },
	}, q, &now
}

// choice is the id that an option of a question has on an attempt's sheet.
func choice(t *testing.T, d *quiz.Desk, a quiz.Attempt, question, text string) json.RawMessage {
	t.Helper()
	s, err := d.Sheet(a)
	require.NoError(t, err)
	for _, asked := range s.Questions {
		for _, c := range asked.Options {
			if asked.ID == question && c.Text == text {
				return json.RawMessage(`"` + c.ID + `"`)
			}
		}
	}
	t.Fatalf("no option %q in %s", text, question)
	return nil
}

func TestAGradedAttempt(t *testing.T) {
	d, q, now := desk(t)
	a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l", Name: "mina", Mode: quiz.Graded}, 0)
	require.NoError(t, err)
	wrong, right := choice(t, d, a, "single", "a"), choice(t, d, a, "single", "b")
	for _, answer := range []json.RawMessage{wrong, right, right} {
		_, given, err := d.Answer(t.Context(), a.ID, "single", answer, "sure")
		require.NoError(t, err)
		assert.Nil(t, given.Mark, "a graded answer is not judged before the end")
	}
	_, _, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`3.5`), "")
	require.NoError(t, err)
	_, err = d.Again(t.Context(), a.ID, "single")
	assert.ErrorContains(t, err, "one variant")

	a, err = d.Submit(t.Context(), a.ID, false)
	require.NoError(t, err)
	assert.False(t, a.Released)
	assert.Equal(t, 2.0, a.Result.Score)
	_, _, err = d.Answer(t.Context(), a.ID, "single", wrong, "")
	assert.ErrorContains(t, err, "was submitted")

	submitted := a.Submitted
	*now = now.Add(time.Minute)
	a, err = d.Submit(t.Context(), a.ID, true)
	require.NoError(t, err)
	assert.Equal(t, submitted, a.Submitted, "twice is once")
	assert.True(t, a.Released)

	offline, err := q.Grade(t.Context(), d.File(a, q), quiz.Labs{})
	require.NoError(t, err)
	assert.Equal(t, *a.Result, offline)

	_, err = d.Override(t.Context(), a.ID, "text", 3, " ")
	assert.ErrorContains(t, err, "needs a note")
	a, err = d.Override(t.Context(), a.ID, "text", 3, "said in class")
	require.NoError(t, err)
	assert.Equal(t, 5.0, a.Result.Score)
	assert.Equal(t, "said in class", a.Given["text"].Note)
}

// The server's clock ends an attempt; what was saved counts.
func TestTimeIsUp(t *testing.T) {
	d, _, now := desk(t)
	a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l", Mode: quiz.Graded}, 5*time.Minute)
	require.NoError(t, err)
	*now = now.Add(15*time.Minute + time.Second)
	_, _, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`3`), "")
	require.NoError(t, err, "an answer on its way is taken; the extra time counts")
	*now = now.Add(time.Minute)
	_, _, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`9`), "")
	assert.ErrorContains(t, err, "the time is over")
	a, err = d.Submit(t.Context(), a.ID, true)
	require.NoError(t, err)
	assert.Equal(t, 1.0, a.Result.Score)
	assert.Equal(t, a.Deadline, a.Submitted)
}

func TestPractice(t *testing.T) {
	d, _, _ := desk(t)
	a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l"}, 0)
	require.NoError(t, err)
	assert.True(t, a.Deadline.IsZero())
	_, err = d.Again(t.Context(), a.ID, "single")
	assert.ErrorContains(t, err, "answer the question first")
	_, given, err := d.Answer(t.Context(), a.ID, "single", choice(t, d, a, "single", "a"), "sure")
	require.NoError(t, err)
	assert.Equal(t, "no", given.Mark.Why)

	asked, err := d.Again(t.Context(), a.ID, "single")
	require.NoError(t, err)
	a, err = d.Store.Attempt(t.Context(), a.ID)
	require.NoError(t, err)
	s, err := d.Sheet(a)
	require.NoError(t, err)
	assert.Equal(t, asked, s.Questions[0], "the sheet has the new variant")
	_, given, err = d.Answer(t.Context(), a.ID, "single", choice(t, d, a, "single", "b"), "")
	require.NoError(t, err)
	assert.True(t, given.Mark.Correct)
	assert.False(t, given.First.Correct, "the first answer is remembered")
	assert.Equal(t, 2, given.Tries)
}

// A predict question has another variant at each try, and a lab says what is
// right for it.
func TestPracticeHasVariants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q, _ := desk(t)
		a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l"}, 0)
		require.NoError(t, err)
		seen := map[string]bool{}
		for try := range 12 {
			n := a.Key.Variant(q.Find("predict"), try)["n"]
			seen[n] = true
			_, given, err := d.Answer(t.Context(), a.ID, "predict", json.RawMessage(n), "")
			require.NoError(t, err)
			assert.True(t, given.Mark.Correct, "try %d, %s: %s", try, n, given.Mark.Why)
			_, err = d.Again(t.Context(), a.ID, "predict")
			require.NoError(t, err)
		}
		assert.Len(t, seen, 2)
	})
}

func TestWhatCannotBeAnswered(t *testing.T) {
	d, _, _ := desk(t)
	_, err := d.Begin(t.Context(), "none", quiz.Attempt{}, 0)
	assert.ErrorContains(t, err, `no quiz "none"`)
	_, err = d.Begin(t.Context(), "all", quiz.Attempt{Mode: "exam"}, 0)
	assert.ErrorContains(t, err, "practice or graded")
	a, err := d.Begin(t.Context(), "all", quiz.Attempt{}, 0)
	require.NoError(t, err)
	for question, answer := range map[string]string{"none": `1`, "single": `"zzz"`, "number": `"x"`} {
		_, _, err := d.Answer(t.Context(), a.ID, question, json.RawMessage(answer), "")
		assert.Error(t, err, "%s %s", question, answer)
	}
	_, _, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`1`), "very")
	assert.ErrorContains(t, err, "guess, think, sure")
	_, _, err = d.Answer(t.Context(), "nobody", "number", json.RawMessage(`1`), "")
	assert.Equal(t, lab.NotFound, lab.AsError(err).Code)
}

// The same answer again is no other answer: nothing moves, and no lab is asked.
func TestTheSameAnswerAgain(t *testing.T) {
	d, _, now := desk(t)
	asked := 0
	d.Judge = counting{&asked}
	a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l"}, 0)
	require.NoError(t, err)
	_, first, err := d.Answer(t.Context(), a.ID, "lab", json.RawMessage(`[ {"note": "a < b"} ]`), "sure")
	require.NoError(t, err)
	*now = now.Add(time.Minute)
	_, again, err := d.Answer(t.Context(), a.ID, "lab", json.RawMessage(`[{"note":"a < b"}]`), "sure")
	require.NoError(t, err)
	assert.Equal(t, first.At, again.At)
	_, unsure, err := d.Answer(t.Context(), a.ID, "lab", json.RawMessage(`[{"note":"a < b"}]`), "guess")
	require.NoError(t, err)
	assert.Equal(t, "guess", unsure.Confidence)
	assert.NotNil(t, unsure.Mark)
	assert.Equal(t, 1, unsure.Tries)
	assert.Equal(t, 1, asked)

	a, err = d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l", Mode: quiz.Graded}, 0)
	require.NoError(t, err)
	_, first, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`1`), "")
	require.NoError(t, err)
	*now = now.Add(time.Minute)
	_, again, err = d.Answer(t.Context(), a.ID, "number", json.RawMessage(`1`), "")
	require.NoError(t, err)
	assert.Equal(t, first.At, again.At)
}

// counting is a judge that says yes and counts.
type counting struct{ asked *int }

func (c counting) Value(context.Context, *quiz.Question, quiz.Variant) (any, error) { return nil, nil }
func (c counting) True(context.Context, *quiz.Question, quiz.Variant, json.RawMessage) (bool, error) {
	*c.asked++
	return true, nil
}

// A quiz file that is changed does not change the answers to it: an attempt goes
// on with the questions that it began with, and where nobody knows them any more
// it takes no further answer.
func TestAQuizIsChangedBehindAnAttempt(t *testing.T) {
	was := parsed(t, `{id: q, title: t, questions: [{id: a, kind: single, ask: q, options: [{text: right, correct: true}, {text: wrong, why: no}]}]}`)
	is := parsed(t, `{id: q, title: t, questions: [{id: a, kind: single, ask: q, options: [{text: wrong, why: no}, {text: right, correct: true}]}]}`)
	now := was
	d := &quiz.Desk{Store: &shelf{}, Find: func(string) (*quiz.Quiz, bool) { return now, true }}
	begin := func() (quiz.Attempt, json.RawMessage) {
		a, err := d.Begin(t.Context(), "q", quiz.Attempt{Mode: quiz.Graded}, 0)
		require.NoError(t, err)
		right := choice(t, d, a, "a", "right")
		_, _, err = d.Answer(t.Context(), a.ID, "a", right, "")
		require.NoError(t, err)
		return a, right
	}
	kept, _ := begin()
	lost, right := begin()
	shown, _ := begin()
	shown, err := d.Submit(t.Context(), shown.ID, true)
	require.NoError(t, err)
	old, _ := begin()
	_, err = d.Store.ChangeAttempt(t.Context(), old.ID, func(a *quiz.Attempt) error {
		a.Revision = "" // as it was stored before there were revisions
		return nil
	})
	require.NoError(t, err)

	now = is
	kept, err = d.Submit(t.Context(), kept.ID, true)
	require.NoError(t, err)
	assert.Equal(t, 1.0, kept.Result.Score)

	d = &quiz.Desk{Store: d.Store, Find: d.Find} // the program starts again
	_, _, err = d.Answer(t.Context(), lost.ID, "a", right, "sure")
	assert.ErrorContains(t, err, "was changed since this attempt began: begin again")
	_, err = d.Submit(t.Context(), lost.ID, true)
	assert.Equal(t, lab.Conflict, lab.AsError(err).Code)
	lost, err = d.Store.Attempt(t.Context(), lost.ID)
	require.NoError(t, err)
	assert.Zero(t, lost.Submitted, "a submission that cannot be graded is none")
	_, err = d.Sheet(lost)
	assert.Equal(t, lab.Conflict, lab.AsError(err).Code)
	_, err = d.Sheet(shown)
	assert.NoError(t, err, "what has its result is shown")
	_, err = d.Submit(t.Context(), old.ID, true)
	assert.NoError(t, err)
}

// A lab that takes too long to judge is given up, at an answer and at a submit.
func TestAJudgeTakesOnlySoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, mode := range []quiz.Mode{quiz.Practice, quiz.Graded} {
			d, _, _ := desk(t)
			d.Judge, d.Within = endless{}, time.Minute
			a, err := d.Begin(t.Context(), "all", quiz.Attempt{Learner: "l", Mode: mode}, 0)
			require.NoError(t, err)
			began := time.Now()
			_, _, err = d.Answer(t.Context(), a.ID, "lab", json.RawMessage(`["freeze"]`), "")
			if mode == quiz.Graded {
				require.NoError(t, err)
				_, err = d.Submit(t.Context(), a.ID, true)
			}
			assert.ErrorContains(t, err, "took too long")
			assert.Equal(t, time.Minute, time.Since(began))
		}
	})
}

// endless is a judge that never comes to an end.
type endless struct{}

func (endless) Value(ctx context.Context, _ *quiz.Question, _ quiz.Variant) (any, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func (endless) True(ctx context.Context, _ *quiz.Question, _ quiz.Variant, _ json.RawMessage) (bool, error) {
	<-ctx.Done()
	return false, context.Cause(ctx)
}
