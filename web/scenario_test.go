package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/scenarios"
	"eddy/scenarios/smallest"
	"eddy/scenarios/trial"
)

// The test program is its own child for what is tried in virtual time.
func init() {
	if os.Getenv(trial.Env) != "" {
		err := trial.Serve(map[string]trial.Job{smallest.TryJob: smallest.Try, scenarios.RehearseJob: scenarios.Rehearsed})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tryingSite has real labs, and tries things in virtual time.
func tryingSite(t *testing.T) *site {
	st := newSite(t, func(c *Config, f *fleet.Config) {
		f.Open = fleet.OpenLab
		c.Trials = []string{os.Args[0]}
	})
	st.decode = lab.DecodeActions
	return st
}

func TestALabIsSavedAsAScenario(t *testing.T) {
	st := tryingSite(t)
	id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
	require.NoError(t, err)
	path := "/api/labs/" + id + "/scenario"
	w := st.ask("GET", path, "")
	require.Equal(t, http.StatusConflict, w.Code)
	assert.Contains(t, w.Body.String(), "Nothing was done in this lab yet. Place an order or break something")

	w = st.ask("POST", "/api/labs/"+id+"/actions", `[{"place_order":{"user":"user-2","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}},{"wait_until":"settled"}]`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	w = st.ask("GET", path+"?format=json", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var draft struct {
		At int64
		scenarios.Draft
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &draft))
	require.Len(t, draft.Steps, 1)
	goal := draft.Steps[0].Suggestions[0].Goal
	assert.Equal(t, `order("A").status == "CANCELLED"`, goal)
	assert.Contains(t, draft.Proof, "Each goal was tried")

	w = st.ask("GET", fmt.Sprintf("%s?at=%d&id=no-money&title=No+money&goal=%s", path, draft.At, "0:order(%22A%22).status+==+%22CANCELLED%22"), "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Equal(t, `attachment; filename="no-money.yaml"`, w.Header().Get("Content-Disposition"))
	assert.Equal(t, "application/yaml; charset=utf-8", w.Header().Get("Content-Type"))
	s, problems := scenarios.Parse("no-money", w.Body.Bytes())
	require.Empty(t, problems)
	assert.Equal(t, goal, s.Steps[0].Goal)

	for query, want := range map[string]string{
		"?at=x": "at must be the seq of an entry", "?goal=x": "goal must be like", "?goal=0:settled": "not among the goals", "?id=A+B": "An id is made of small letters", "?at=99999": "there is no entry 99999",
	} {
		w = st.ask("GET", path+query, "")
		assert.GreaterOrEqual(t, w.Code, 400, query)
		assert.Contains(t, w.Body.String(), want, query)
	}
	w = st.ask("GET", "/api/labs/nobody/scenario", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
}

func TestTheSmallestFaultIsSearchedForInALineAMoment(t *testing.T) {
	st := tryingSite(t)
	w := st.ask("POST", "/api/smallest", `{"invariant":"no-double-charge","tries":32,"seed":1,"lab":{"services":{"payment":{"idempotent":false}}}}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Equal(t, "application/x-ndjson", w.Header().Get("Content-Type"))
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	require.GreaterOrEqual(t, len(lines), 3)
	var last struct {
		Progress *smallest.Progress
		Answer   *smallest.Answer
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &last))
	assert.Equal(t, 32, last.Progress.Of)
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.NotNil(t, last.Answer)
	assert.True(t, last.Answer.Found)
	assert.Equal(t, "order A was charged 2 times", last.Answer.Because)

	st.trials.searching.Lock()
	w = st.ask("POST", "/api/smallest", `{"invariant":"no-double-charge"}`)
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	st.trials.searching.Unlock()
	for body, want := range map[string]string{
		`{`: "The body must be like", `{"invariant":"x"}`: "There is no promise", `{"invariant":"no-oversell","lab":{"x":1}}`: "there is no lab setting", `{"invariant":"no-oversell","tries":5000}`: "1 to 2000 tries",
	} {
		w = st.ask("POST", "/api/smallest", body)
		assert.Equal(t, http.StatusBadRequest, w.Code, body)
		assert.Contains(t, w.Body.String(), want, body)
	}
	w = st.ask("GET", "/author/smallest", "")
	assert.Equal(t, http.StatusOK, w.Code)
	for _, id := range smallest.Invariants() {
		assert.Contains(t, w.Body.String(), id)
		assert.NotEmpty(t, smallest.Means(id))
	}
}

// It keeps the machine busy: only whoever sits at it, or the teacher, may.
func TestTheSearchIsForTheTeacher(t *testing.T) {
	st := newSite(t)
	for _, c := range []struct{ method, path string }{{"POST", "/api/smallest"}, {"GET", "/author/smallest"}} {
		w := st.ask(c.method, c.path, "", header("X-Forwarded-For", "203.0.113.9"))
		assert.Equal(t, http.StatusForbidden, w.Code, c.path)
	}
	w := st.ask("POST", "/api/smallest", `{"invariant":"no-oversell"}`, header("X-Forwarded-For", "203.0.113.9"), header("Authorization", "Bearer "+st.cfg.TeacherKey))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code, "the teacher may, but this server tries nothing: %s", w.Body)
}
