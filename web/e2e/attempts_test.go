package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// examKinds are questions of every kind that the program can mark by itself;
// N is their number.
var examKinds = []string{`
  - id: single-N
    kind: single
    ask: Which one?
    options: [{text: choice 0, why: not this}, {text: choice 1, correct: true}, {text: choice 2, why: nor this}]
    explain: It is 1.`, `
  - id: multiple-N
    kind: multiple
    ask: Which ones?
    points: 3
    options: [{text: choice 0, correct: true}, {text: choice 1, why: not this}, {text: choice 2, correct: true}, {text: choice 3, correct: true}]
    explain: All but 1.`, `
  - id: order-N
    kind: order
    ask: In which order?
    points: 2
    order: [write, read, handle, commit]
    explain: As it happens.`, `
  - id: match-N
    kind: match
    ask: What fits?
    points: 2
    match: [{left: topic, right: log}, {left: key, right: partition}, {left: group, right: readers}]
    explain: By heart.`, `
  - id: number-N
    kind: number
    ask: How many?
    number: {value: 42}
    explain: It is 42.`, `
  - id: text-N
    kind: text
    ask: What for?
    points: 2
    accept: [{idea: loose coupling, any: [loosely coupled, decoupl]}, {idea: replay, any: [replay, read again]}]
    explain: Both.`}

// exam is a folder with a quiz of 20 questions. One is a prediction, which a
// lab must judge.
func exam(t *testing.T) (file string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("id: exam\ntitle: The exam\nminutes: 30\nquestions:")
	for n := range 19 {
		text.WriteString(strings.ReplaceAll(examKinds[n%len(examKinds)], "-N", "-"+strconv.Itoa(n)))
	}
	text.WriteString(`
  - id: predict
    kind: predict
    ask: "{n} orders are placed. How many OrderCreated are there?"
    vary: {n: [3, 4]}
    lab:
      do: [{burst: {orders: "{n}", rate: 50}}]
      answer: events("OrderCreated")
    explain: One for each order.
`)
	file = filepath.Join(t.TempDir(), "exam.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	return file
}

type choice struct{ ID, Text string }

type examQuestion struct {
	ID, Kind             string
	Options, Left, Right []choice
}

// answer makes up an answer, right or not.
func (q examQuestion) answer(dice *rand.Rand) any {
	mixed := func(of []choice) (ids []string) {
		for _, i := range dice.Perm(len(of)) {
			ids = append(ids, of[i].ID)
		}
		return ids
	}
	switch q.Kind {
	case "single":
		return mixed(q.Options)[0]
	case "multiple":
		return mixed(q.Options)[:1+dice.IntN(len(q.Options))]
	case "order":
		return mixed(q.Options)
	case "match":
		pairs, rights := map[string]string{}, mixed(q.Right)
		for i, left := range q.Left {
			pairs[left.ID] = rights[i]
		}
		return pairs
	case "text":
		return []string{"Services are decoupled.", "One can replay it, and they are loosely coupled", "speed", "It is not loosely coupled"}[dice.IntN(4)]
	case "predict":
		return 3 + dice.IntN(2)
	}
	return 41 + dice.IntN(3)
}

// sitter is a learner at the exam. It does what a browser does: it sends
// again, after a moment, until it is answered.
type sitter struct {
	url     string
	client  *http.Client
	dice    *rand.Rand
	attempt struct {
		ID        string
		Questions []examQuestion
	}
	acknowledged map[string]any // the last answer to each question that was
	result       map[string]any
	again        int // requests that were sent again
}

// send returns once the program has answered, other than to wait.
func (l *sitter) send(ctx context.Context, method, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for ; ; l.again++ {
		req, err := http.NewRequestWithContext(ctx, method, l.url+path, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		pause := 20*time.Millisecond + time.Duration(l.dice.IntN(100))*time.Millisecond
		resp, err := l.client.Do(req)
		if err == nil {
			var answer []byte
			answer, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case err != nil || resp.StatusCode >= 500: // it was killed while it answered
			case resp.StatusCode == http.StatusTooManyRequests:
				after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
				pause += time.Duration(after) * time.Second
			case resp.StatusCode >= 400:
				return fmt.Errorf("%s %s: %s", method, path, answer)
			default:
				if into == nil {
					return nil
				}
				return json.Unmarshal(answer, into)
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s %s was never answered: %w", method, path, ctx.Err())
		}
	}
}

// sit takes the exam, with now and then a second thought, and submits it twice.
func (l *sitter) sit(ctx context.Context, answered, submitted *atomic.Int32) error {
	if err := l.send(ctx, "POST", "/api/quizzes/exam/attempts", map[string]string{"mode": "graded"}, &l.attempt); err != nil {
		return err
	}
	at := "/api/attempts/" + l.attempt.ID
	l.acknowledged = map[string]any{}
	for _, q := range l.attempt.Questions {
		for range 1 + l.dice.IntN(8)/7 {
			answer := q.answer(l.dice)
			if err := l.send(ctx, "PUT", at+"/answers/"+q.ID, map[string]any{"answer": answer}, nil); err != nil {
				return err
			}
			l.acknowledged[q.ID] = answer
		}
		answered.Add(1)
	}
	if err := l.send(ctx, "POST", at+"/submit", nil, &l.result); err != nil {
		return err
	}
	submitted.Add(1)
	var twice map[string]any
	if err := l.send(ctx, "POST", at+"/submit", nil, &twice); err != nil {
		return err
	}
	if !assert.ObjectsAreEqual(l.result, twice) {
		return fmt.Errorf("submitted twice: %v, and then %v", l.result, twice)
	}
	return nil
}

// A class takes an exam while the program is killed twice, once among the
// answers and once among the submissions. Whatever was acknowledged is there,
// and everybody has the score that their answers get offline.
func TestAClassLosesNoAnswerWhenTheProgramIsKilled(t *testing.T) {
	learners := 200
	if testing.Short() {
		learners = 40
	}
	file := exam(t)
	args := []string{"--data", t.TempDir(), "--quizzes", filepath.Dir(file)}
	p := serve(t, 1, args...)
	args = append(args, "--addr", strings.TrimPrefix(p.URL, "http://"))

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	transport := &http.Transport{MaxIdleConnsPerHost: learners}
	defer transport.CloseIdleConnections()
	class := make([]*sitter, learners)
	var answered, submitted atomic.Int32
	var all sync.WaitGroup
	began := time.Now()
	for i := range class {
		l := &sitter{url: p.URL, client: &http.Client{Transport: transport}, dice: rand.New(rand.NewPCG(6, uint64(i)))}
		class[i] = l
		all.Go(func() {
			if err := l.sit(ctx, &answered, &submitted); err != nil {
				t.Error(err)
				cancel() // the others need not go on
			}
		})
	}
	for _, kill := range []struct {
		count *atomic.Int32
		at    int
	}{{&answered, learners * 20 / 3}, {&submitted, learners / 4}} {
		for kill.count.Load() < int32(kill.at) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		t.Logf("%s: killed after %d answers and %d submissions", time.Since(began).Round(time.Millisecond), answered.Load(), submitted.Load())
		require.NoError(t, p.cmd.Process.Kill())
		_ = p.cmd.Wait() // says that it was killed
		p = serve(t, 1, args...)
	}
	all.Wait()
	require.False(t, t.Failed())
	again := 0
	for _, l := range class {
		again += l.again
	}
	t.Logf("%d learners, %d answers, two kills: %s; %d requests were sent again", learners, learners*20, time.Since(began).Round(time.Millisecond), again)
	assert.Positive(t, again, "the kills were felt")

	var files []json.RawMessage
	for _, l := range class {
		var kept struct {
			Answers map[string]any
			File    json.RawMessage `json:"answers_file"`
		}
		require.NoError(t, l.send(ctx, "GET", "/api/attempts/"+l.attempt.ID, nil, &kept))
		want, err := json.Marshal(l.acknowledged)
		require.NoError(t, err)
		have, err := json.Marshal(kept.Answers)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(have), "acknowledged, and what is there")
		files = append(files, kept.File)
		l.chose(t, kept.File)
	}
	raw, err := json.Marshal(files)
	require.NoError(t, err)
	answers := filepath.Join(t.TempDir(), "answers.json")
	require.NoError(t, os.WriteFile(answers, raw, 0o600))
	grading := time.Now()
	out, err := exec.CommandContext(ctx, binary, "grade", file, answers).Output()
	require.NoError(t, err, "%s", out)
	t.Logf("graded offline in %s", time.Since(grading).Round(time.Millisecond))
	var offline []map[string]any
	require.NoError(t, json.Unmarshal(out, &offline))
	require.Len(t, offline, learners)
	scores := map[any]bool{}
	for i, l := range class {
		require.Equal(t, offline[i], l.result)
		scores[l.result["score"]] = true
	}
	assert.Greater(t, len(scores), 5, "not everybody answers the same")
}

// chose asserts that the answers file names the options that were chosen: they
// are called by their place in the quiz file.
func (l *sitter) chose(t *testing.T, file json.RawMessage) {
	t.Helper()
	var f struct{ Answers map[string]any }
	require.NoError(t, json.Unmarshal(file, &f))
	require.Len(t, f.Answers, 20)
	for _, q := range l.attempt.Questions {
		if q.Kind != "single" {
			continue
		}
		for _, o := range q.Options {
			if o.ID == l.acknowledged[q.ID] {
				require.Equal(t, o.Text, fmt.Sprint("choice ", f.Answers[q.ID]))
			}
		}
	}
}
