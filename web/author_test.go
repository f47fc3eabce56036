package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/scenarios"
)

// envPlay is set for the process in which a scenario is proven: the binary of
// this test is its own child.
const envPlay = "EDDY_TEST_WEB_PLAY"

func init() {
	if os.Getenv(envPlay) != "" {
		fmt.Fprintln(os.Stderr, scenarios.Child()) // it returns where it could not begin
		os.Exit(2)
	}
}

func proving(c *Config, _ *fleet.Config) {
	c.Prover = scenarios.NewProver([]string{os.Args[0]}, envPlay+"=1")
}

const drafted = `id: drafted
title: Drafted
pattern: kafka
level: 1
minutes: 1
summary: One order.
lab: {seed: 7, work: 10ms}
steps:
  - id: place
    title: Place it
    say: Place **an order** <script>alert(1)</script>.
    predict: {ask: "Who pays?", options: [Payment, The customer, Nobody], answer: 1}
    goal: order("A").status == "COMPLETED"
    because: [It is done because, [Payment charged, nobody looked]]
    solution: [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}}]
`

func answerOf[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body)
	return v
}

// A check says what is wrong and where, warns of what teaches badly, and shows
// what a learner would see.
func TestCheckScenario(t *testing.T) {
	st := newSite(t)
	w := st.ask("POST", "/api/scenarios/check", drafted)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	good := answerOf[checked](t, w)
	assert.Empty(t, good.Problems)
	assert.Contains(t, w.Body.String(), `"problems":[]`, "an empty list, not null")
	require.NotNil(t, good.Outline)
	assert.Equal(t, "drafted", good.Outline.ID)
	var rules []string
	for _, f := range good.Warnings {
		rules = append(rules, f.Rule)
		assert.Equal(t, 9, f.Line)
	}
	assert.Equal(t, []string{"no-hints", "no-explain", "no-wrong"}, rules)
	require.Len(t, good.Preview, 1)
	assert.Equal(t, 9, good.Preview[0].Line)
	assert.Contains(t, good.Preview[0].Say, "<strong>an order</strong>")
	assert.NotContains(t, good.Preview[0].Say, "<script")
	require.Len(t, good.Preview[0].Because, 2)
	assert.Equal(t, "Payment charged", good.Preview[0].Because[1].Choices[good.Preview[0].Because[1].Right])

	w = st.ask("POST", "/api/scenarios/check", strings.Replace(drafted, `order("A").status`, `ordr("A").status`, 1))
	bad := answerOf[checked](t, w)
	require.Len(t, bad.Problems, 1)
	assert.Equal(t, 13, bad.Problems[0].Line)
	assert.Equal(t, 11, bad.Problems[0].Column)
	assert.Contains(t, bad.Problems[0].Message, "ordr")
	assert.Contains(t, w.Body.String(), `"line":13,"column":11,"message":"`)
	assert.Nil(t, bad.Outline)
	assert.Len(t, bad.Preview, 1, "what could be read is shown")

	for _, broken := range []string{"", "steps: [", "- a", strings.Repeat("a: [", 5000)} {
		w = st.ask("POST", "/api/scenarios/check", broken)
		require.Equal(t, http.StatusOK, w.Code)
		assert.NotEmpty(t, answerOf[checked](t, w).Problems, "%.20q", broken)
	}
	w = st.ask("POST", "/api/scenarios/check", "# "+strings.Repeat("x", 64<<10))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "64 KiB")
}

func TestChecksAreLimitedByClient(t *testing.T) {
	st := newSite(t)
	elsewhere := from("192.0.2.7")
	codes := map[int]int{}
	for range 3 * checksBurst {
		w := st.ask("POST", "/api/scenarios/check", "id: x", elsewhere)
		codes[w.Code]++
		if w.Code == http.StatusTooManyRequests {
			assert.NotEmpty(t, w.Header().Get("Retry-After"))
		}
	}
	assert.Positive(t, codes[http.StatusTooManyRequests], "%v", codes)
	assert.GreaterOrEqual(t, codes[http.StatusOK], checksBurst)
	assert.Equal(t, http.StatusOK, st.ask("POST", "/api/scenarios/check", "id: x", from("192.0.2.8")).Code, "another client has a share of its own")
}

func TestSchemaNamesTheWordsOfExpressions(t *testing.T) {
	st := newSite(t)
	w := st.ask("GET", "/api/schema/scenario", "", from("192.0.2.7"))
	require.Equal(t, http.StatusOK, w.Code)
	schema := answerOf[struct {
		Properties map[string]any     `json:"properties"`
		Names      lab.ExprVocabulary `json:"x-expressions"`
	}](t, w)
	assert.Contains(t, schema.Properties, "steps")
	words := map[string]lab.ExprWord{}
	for _, word := range schema.Names.Words {
		words[word.Name] = word
	}
	assert.Contains(t, words["order"].Fields, "charges")
	assert.True(t, words["orders"].List)
	assert.Equal(t, []string{"service", "topic"}, words["lag"].Args)
	assert.Contains(t, schema.Names.Values["invariant"], "no-double-charge")
	assert.NotContains(t, words, "message", "it is for breakpoints")
}

// What costs the machine, and what holds the answers of the library, is for
// this machine and for teachers.
func TestWhoMayProveAndPlay(t *testing.T) {
	st := newSite(t, proving)
	for _, c := range []struct {
		why     string
		allowed bool
		change  []func(*http.Request)
	}{
		{"this machine", true, nil},
		{"elsewhere", false, []func(*http.Request){from("192.0.2.7")}},
		{"elsewhere with the key", true, []func(*http.Request){from("192.0.2.7"), header("Authorization", "Bearer the-key")}},
		{"elsewhere with the cookie", true, []func(*http.Request){from("192.0.2.7"), header("Cookie", teacherCookie+"="+st.teacherToken())}},
		{"through a proxy on this machine", false, []func(*http.Request){header("X-Forwarded-For", "192.0.2.7")}},
	} {
		for path, want := range map[string]int{"POST /api/scenarios/prove": 200, "POST /api/scenarios/play": 201, "GET /api/scenarios/first-order/file": 200} {
			method, path, _ := strings.Cut(path, " ")
			w := st.ask(method, path, drafted, c.change...)
			if !c.allowed {
				want = http.StatusForbidden
			}
			assert.Equal(t, want, w.Code, "%s: %s %s", c.why, path, w.Body)
		}
		page := st.ask("GET", "/author", "", c.change...)
		assert.Equal(t, http.StatusOK, page.Code)
		assert.Equal(t, c.allowed, strings.Contains(page.Body.String(), "first-order"), "%s: the library is offered", c.why)
	}
	w := st.ask("GET", "/author?key=the-key", "", from("192.0.2.7"))
	assert.Equal(t, "/author", w.Header().Get("Location"))
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/scenarios/nothing/file", "").Code)
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/scenarios/..%2F..%2Fdoc/file", "").Code)
}

// The page allows the one style sheet that the editor writes, and no other page
// allows any.
func TestTheEditorMayWriteItsStyles(t *testing.T) {
	st := newSite(t)
	w := st.ask("GET", "/author", "")
	_, nonce, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "style-src 'self' 'nonce-")
	nonce, _, _ = strings.Cut(nonce, "'")
	require.Greater(t, len(nonce), 20)
	assert.Contains(t, w.Body.String(), `data-nonce="`+nonce+`"`)
	assert.NotContains(t, st.ask("GET", "/author", "").Body.String(), nonce, "a nonce is used once")
	assert.Contains(t, st.ask("GET", "/", "").Header().Get("Content-Security-Policy"), "style-src 'self';")
}

// A proof is told in lines: the plan first, the whole last.
func TestProveStreams(t *testing.T) {
	st := newSite(t, proving)
	w := st.ask("POST", "/api/scenarios/prove?seeds=2", drafted)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Equal(t, "application/x-ndjson", w.Header().Get("Content-Type"))
	var lines []scenarios.ProofLine
	for scanner := bufio.NewScanner(w.Body); scanner.Scan(); {
		var l scenarios.ProofLine
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &l))
		lines = append(lines, l)
	}
	require.NotNil(t, lines[0].Plan)
	assert.Equal(t, []string{"solved", "untouched", "seeds"}, lines[0].Plan.Ways)
	last := lines[len(lines)-1].Proof
	require.NotNil(t, last)
	assert.True(t, last.Passed, "%+v", last)

	w = st.ask("POST", "/api/scenarios/prove", strings.Replace(drafted, "level: 1", "level: 9", 1))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "line 4, column 8: level is 1 to 5, not 9")
	assert.Equal(t, http.StatusBadRequest, st.ask("POST", "/api/scenarios/prove?seeds=99", drafted).Code)
	assert.Equal(t, http.StatusServiceUnavailable, newSite(t).ask("POST", "/api/scenarios/prove", drafted).Code)
}

// Whoever leaves ends the proof, and its place is free for the next one.
func TestAProofEndsWithItsReader(t *testing.T) {
	st := newSite(t, proving)
	slow := strings.Replace(drafted, "work: 10ms}", "work: 10ms, services: {payment: {instances: 2}}}", 1)
	slow = strings.Replace(slow, `    goal: order("A").status == "COMPLETED"`, "    within: 5m\n    goal: order(\"A\").status == \"CANCELLED\"", 1)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan struct{}, proofsAtOnce)
	for range proofsAtOnce {
		go func() {
			st.ask("POST", "/api/scenarios/prove", slow, func(r *http.Request) { *r = *r.WithContext(ctx) })
			ended <- struct{}{}
		}()
	}
	require.Eventually(t, func() bool { return len(st.author.proving) == proofsAtOnce }, 10*time.Second, time.Millisecond)
	w := st.ask("POST", "/api/scenarios/prove", drafted)
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "being proven already")
	leave()
	for range proofsAtOnce {
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			require.Fail(t, "the proof goes on without its reader")
		}
	}
	assert.Equal(t, http.StatusOK, st.ask("POST", "/api/scenarios/prove", drafted).Code)
}

// A draft is played in a lab with its settings, and is found again by an id of
// its own, whatever it is called.
func TestPlayDraft(t *testing.T) {
	var opened lab.Settings
	st := newSite(t, func(_ *Config, f *fleet.Config) {
		f.Open = func(_ context.Context, s lab.Settings, _ lab.Options) (fleet.World, error) {
			opened = s
			return newFakeLab(), nil
		}
	})
	for _, way := range []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return st.ask("POST", "/api/scenarios/play", drafted) },
		func() *httptest.ResponseRecorder {
			return st.ask("POST", "/api/labs", drafted, header("Content-Type", "application/yaml; charset=utf-8"))
		},
	} {
		opened = lab.Settings{}
		w := way()
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		answer := answerOf[map[string]string](t, w)
		assert.EqualValues(t, 7, opened.Seed)
		assert.Equal(t, "/api/labs/"+answer["id"], w.Header().Get("Location"))
		one, ok := st.author.find(answer["scenario"])
		require.True(t, ok)
		assert.Equal(t, answer["scenario"], one.ID, "it is not taken for a scenario of the library")
		assert.Greater(t, len(one.ID), 25, "nobody guesses it")
		assert.Equal(t, "Drafted", one.Title)
		cookie := header("Cookie", w.Result().Cookies()[0].String())
		guide := st.ask("GET", "/api/labs/"+answer["id"]+"/guide", "", cookie)
		assert.Equal(t, http.StatusOK, guide.Code, guide.Body)
		assert.Contains(t, guide.Body.String(), `"heading":"Place it"`)
	}
	assert.Equal(t, http.StatusBadRequest, st.ask("POST", "/api/scenarios/play", "id: x").Code)
	assert.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "{}").Code, "lab settings are taken as before")
}

func TestDraftsAreForgotten(t *testing.T) {
	one, _ := scenarios.Parse("", []byte(drafted))
	a := newAuthor()
	first := a.keep("somebody", one)
	assert.Equal(t, first.ID, a.keep("somebody", one).ID, "the same scenario of the same author")
	for n := range draftsMost {
		a.keep(fmt.Sprint(n), one)
	}
	assert.Len(t, a.drafts, draftsMost)
	_, ok := a.find(first.ID)
	assert.False(t, ok, "the oldest gives way")
	for _, d := range a.drafts {
		d.used = time.Now().Add(-draftIdle)
	}
	a.keep("another", one)
	assert.Len(t, a.drafts, 1)
}
