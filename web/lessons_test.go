package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lessons "eddy/content"
	"eddy/lab/fleet"
	"eddy/quiz"
	"eddy/scenarios"
	"eddy/web/keep"
)

var hrefs = regexp.MustCompile(`href="([^"]+)"`)

// links are the addresses on this server that a page leads to.
func links(page string) (all []string) {
	for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
		if href := strings.ReplaceAll(m[1], "&amp;", "&"); strings.HasPrefix(href, "/") {
			all = append(all, href)
		}
	}
	return all
}

// assertLives asks that an address leads somewhere. A scenario's page makes a
// lab, so that only its name is looked up.
func assertLives(t *testing.T, st *site, href, on string) {
	t.Helper()
	to, err := url.Parse(href)
	require.NoError(t, err)
	if id, ok := strings.CutPrefix(to.Path, "/lab/"); ok && !strings.HasPrefix(id, "~") {
		_, ok := st.cfg.Scenarios.Find(id)
		assert.True(t, ok || id == "free", "%s: %s leads nowhere", on, href)
		return
	}
	w := st.ask("GET", to.Path, "")
	assert.Equal(t, http.StatusOK, w.Code, "%s: %s leads nowhere", on, href)
	if to.Fragment != "" {
		assert.Contains(t, w.Body.String(), `id="`+to.Fragment+`"`, "%s: %s has no such place", on, href)
	}
}

// course is two lessons that no change of the bundled ones touches.
func course(t *testing.T) *lessons.Course {
	t.Helper()
	c, err := lessons.ReadCourse(fstest.MapFS{
		"glossary.md": {Data: []byte("## offset\nalso: place\n\nA **number**.\n")},
		"lessons/first.md": {Data: []byte("---\nid: first\ntitle: The first one\ntopic: basics\nminutes: 4\nsummary: It begins.\nscenarios: [first-order]\nquiz: kafka\nlab: {saga: orchestration}\nseed: 5\n---\n" +
			"An [[offset]] is {{len(orders)}}.\n\n```figure\ncaption: Seen.\nlens: topics\nfollow: A\nbuttons:\n  - {label: Order <one>, do: [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}}]}\n  - {label: Crash, do: [{crash: payment}]}\nwatch: [{label: orders, value: len(orders)}]\n```\n\n" +
			"```code\ngo: lab/pattern/idempotent.go#Inbox.First\npython: lab/pattern/python/idempotent.py#handle\n```\n\n" +
			"```compare\ntitle: Both\nbefore: {label: a, lab: {saga: sync}, do: [freeze]}\nafter: {label: b, do: [freeze]}\noutcome: [{label: saga, value: len(orders)}]\n```\n")},
		"lessons/last.md": {Data: []byte("---\nid: last\ntitle: The last one\ntopic: adoption\nminutes: 4\nsummary: It ends.\nneeds: [first]\n---\nText.\n\n" +
			"```checklist\nquestions:\n  - id: idempotency\n    ask: What if it comes twice?\n    options: [{text: Nothing, suggests: Good.}, {text: We pay twice, suggests: Use an *inbox*.}]\n    evidence: {scenarios: [double-charge], invariants: [per-user-order], label: orders placed, expr: len(orders)}\n" +
			"  - id: keys\n    ask: Which key?\n    options: [{text: None, suggests: Choose one.}, {text: The user, suggests: Fine.}]\n    evidence: {invariants: [per-user-order]}\n```\n")},
	})
	require.NoError(t, err)
	return c
}

func lessonSite(t *testing.T) *site {
	return newSite(t, func(c *Config, _ *fleet.Config) { c.Lessons = course(t) })
}

// student is a browser with the cookie of a learner.
func student(secret string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: learnerCookie, Value: secret}) }
}

func TestALessonIsReadWithoutALab(t *testing.T) {
	st := lessonSite(t)
	w := st.ask("GET", "/learn/first", "")
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	for _, want := range []string{
		"<h1>The first one</h1>", "Lesson 1", "4 minutes", `data-term="offset"`, "<strong>number</strong>", `data-expr="len(orders)"`,
		"Order &lt;one&gt;", `data-src="?part=figure&amp;lens=topics&amp;follow=A"`, "It starts when you press one of the buttons", "Inbox.First", `<span class="t-k">def</span>`,
		`href="/lab/first-order"`, `href="/quiz/kafka"`, `rel="next" href="/learn/last"`,
	} {
		assert.Contains(t, page, want)
	}
	assert.Zero(t, st.cfg.Labs.Stats().Labs, "reading makes no lab")

	page = st.ask("GET", "/learn/last", "").Body.String()
	assert.Contains(t, page, "Easier after")
	assert.Contains(t, page, `rel="prev" href="/learn/first"`)
	assert.NotContains(t, page, `rel="next"`)
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/learn/none", "").Code)
	assert.Contains(t, st.ask("GET", "/learn/glossary", "").Body.String(), `<div id="offset">`)
}

// The code on a page is the source, line for line, under its own numbers.
func TestCodeOfALessonIsTheSource(t *testing.T) {
	st := lessonSite(t)
	l, _, _ := st.cfg.Lessons.Find("first")
	for _, p := range l.Parts {
		if p.Code == nil {
			continue
		}
		for _, cut := range p.Code.Cuts {
			shown, err := st.codePart(cut)
			require.NoError(t, err)
			var text []string
			for i, line := range shown.Lines {
				assert.Equal(t, cut.Line+i, line.N)
				whole := ""
				for _, piece := range line.Pieces {
					whole += piece[1]
				}
				text = append(text, whole)
			}
			assert.Equal(t, cut.Text, strings.Join(text, "\n"))
		}
	}
}

func TestALessonsLabHasItsSettings(t *testing.T) {
	st := newSite(t, func(c *Config, f *fleet.Config) { c.Lessons, f.Open = course(t), fleet.OpenLab })
	board := func(path string) (settings struct{ Saga string }) {
		t.Helper()
		w := st.ask("POST", path, "")
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		var made struct{ ID string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &made))
		var b struct{ Settings struct{ Saga string } }
		require.NoError(t, json.Unmarshal(st.ask("GET", "/api/labs/"+made.ID, "").Body.Bytes(), &b))
		return b.Settings
	}
	assert.Equal(t, "orchestration", board("/api/lessons/first/lab").Saga)
	assert.Equal(t, "sync", board("/api/lessons/first/compare/1/before").Saga)
	assert.Equal(t, "choreography", board("/api/lessons/first/compare/1/after").Saga)
	for _, path := range []string{"/api/lessons/none/lab", "/api/lessons/first/compare/2/before", "/api/lessons/first/compare/0/before", "/api/lessons/first/compare/x/before", "/api/lessons/first/compare/1/middle"} {
		assert.Equal(t, http.StatusNotFound, st.ask("POST", path, "").Code, path)
	}
}

// What somebody has read is kept, exported and forgotten with everything else.
func TestALessonIsMarkedAsRead(t *testing.T) {
	st := lessonSite(t)
	me := student(keep.NewLearner())
	pressed := `id="done" aria-pressed="true"`
	assert.NotContains(t, st.ask("GET", "/learn/first", "", me).Body.String(), pressed)
	w := st.ask("PUT", "/api/lessons/first/done", `{"done":true}`, me)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Contains(t, st.ask("GET", "/learn/first", "", me).Body.String(), pressed)
	assert.NotContains(t, st.ask("GET", "/learn/first", "").Body.String(), pressed, "the mark is the learner's own")
	assert.NotContains(t, st.ask("GET", "/learn/last", "", me).Body.String(), "Easier after")
	assert.Contains(t, st.ask("GET", "/learn", "", me).Body.String(), "1 of 2 read")
	assert.Contains(t, st.ask("GET", "/api/me", "", me).Body.String(), `"lessons":{"first":`)

	st.ask("PUT", "/api/lessons/first/done", `{"done":false}`, me)
	assert.NotContains(t, st.ask("GET", "/learn/first", "", me).Body.String(), pressed)
	st.ask("PUT", "/api/lessons/first/done", `{"done":true}`, me)
	require.Equal(t, http.StatusNoContent, st.ask("DELETE", "/api/me", "", me).Code)
	assert.NotContains(t, st.ask("GET", "/learn/first", "", me).Body.String(), pressed)

	for body, status := range map[string]int{"": 400, "{}": 400, `{"done":1}`: 400} {
		assert.Equal(t, status, st.ask("PUT", "/api/lessons/first/done", body, me).Code, body)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("PUT", "/api/lessons/none/done", `{"done":true}`, me).Code)
}

// Every lesson, scenario and quiz is reachable from the learner's door, and all
// that it leads to is there.
func TestEverythingIsReachableFromLearn(t *testing.T) {
	st := newSite(t)
	there := links(st.ask("GET", "/learn", "").Body.String())
	for _, l := range lessons.Bundled().Lessons {
		assert.Contains(t, there, "/learn/"+l.ID)
	}
	for _, s := range scenarios.Bundled() {
		assert.Contains(t, there, "/lab/"+s.ID)
	}
	for _, q := range quiz.Bundled() {
		assert.Contains(t, there, "/quiz/"+q.ID)
	}
	for _, href := range there {
		assertLives(t, st, href, "/learn")
	}
}

// The checklist knows what a reader has done, and says so where it has nothing.
func TestAChecklistShowsTheReadersOwnEvidence(t *testing.T) {
	st := newSite(t, func(c *Config, f *fleet.Config) { c.Lessons, f.Open = course(t), fleet.OpenLab })
	page := st.ask("GET", "/learn/last", "").Body.String()
	assert.Equal(t, 2, strings.Count(page, "No evidence yet."))

	secret := keep.NewLearner()
	finish := func(scenario string, steps ...scenarios.StepProgress) {
		t.Helper()
		p := scenarios.Progress{Scenario: scenario, Phase: scenarios.Finished, Steps: steps, Finished: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
		require.NoError(t, st.cfg.Keep.Save(t.Context(), secret, "lab-of-"+scenario, keep.Run{Progress: p}))
	}
	one, ok := st.cfg.Scenarios.Find("partition-keys")
	require.True(t, ok)
	finish("double-charge")
	var steps []scenarios.StepProgress
	for _, step := range one.Steps {
		steps = append(steps, scenarios.StepProgress{ID: step.ID, Met: 9, Done: true})
	}
	finish("partition-keys", steps...)
	page = st.ask("GET", "/learn/last", "", student(secret)).Body.String()
	assert.Contains(t, page, "on 4 March 2026.")
	assert.Equal(t, 2, strings.Count(page, "You saw per-user-order broken in"))
	assert.NotContains(t, page, "No evidence yet.")

	w := st.ask("GET", "/lab/free", "", student(secret))
	free := w.Result().Cookies()[0]
	page = st.ask("GET", "/learn/last", "", student(secret), func(r *http.Request) { r.AddCookie(free) }).Body.String()
	assert.Contains(t, page, "In your free lab now: orders placed 0.")
}

func TestLessonsAreListed(t *testing.T) {
	st := lessonSite(t)
	var list []map[string]any
	require.NoError(t, json.Unmarshal(st.ask("GET", "/api/lessons", "").Body.Bytes(), &list))
	require.Len(t, list, 2)
	assert.Equal(t, "first", list[0]["id"])
	assert.Equal(t, "The first one", list[0]["title"])
}

func TestSeveralExpressionsAreEvaluatedAtOnce(t *testing.T) {
	st := newSite(t)
	id, f := st.newLab()
	f.add(3)
	w := st.ask("GET", "/api/labs/"+id+"/eval?expr=head&expr=nope&expr=head", "")
	require.Equal(t, http.StatusOK, w.Code)
	assert.JSONEq(t, `{"values":[{"value":3},{"error":"unknown name nope"},{"value":3}]}`, w.Body.String())
	w = st.ask("GET", "/api/labs/"+id+"/eval?expr=head"+strings.Repeat("&expr=head", maxExprs), "")
	assert.Equal(t, http.StatusBadRequest, w.Code)
}

// A figure of a text is the lab and nothing around it.
func TestAFigureIsALabWithoutItsFrame(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	assert.Contains(t, st.ask("GET", "/lab/~"+id+"?part=figure&lens=topics", "").Body.String(), "data-figure")
	assert.NotContains(t, st.ask("GET", "/lab/~"+id+"?part=1", "").Body.String(), "data-figure")
}
