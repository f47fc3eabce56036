package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab/fleet"
	"eddy/quiz"
	"eddy/scenarios"
)

// secretive is a quiz whose every secret says that it is one.
const secretive = `
id: secretive
title: What must not be told
questions:
  - {id: one, kind: single, ask: "Which?", options: [{text: wrong one, why: SECRET-why}, {text: right one, correct: true}], explain: SECRET-explain}
  - {id: many, kind: multiple, ask: "Which?", options: [{text: a, correct: true}, {text: b, why: SECRET-why}, {text: c, correct: true}], explain: SECRET-explain}
  - {id: order, kind: order, ask: "In which order?", order: [first, second, third], explain: SECRET-explain}
  - {id: match, kind: match, ask: "What fits?", match: [{left: l1, right: r1}, {left: l2, right: r2}], explain: SECRET-explain}
  - {id: number, kind: number, ask: "How many?", number: {value: 424242, tolerance: 0}, explain: SECRET-explain}
  - {id: text, kind: text, ask: "Why?", accept: [{idea: SECRET-idea, any: [secretword]}], explain: SECRET-explain}
  - {id: lab, kind: lab, ask: "Do it.", lab: {answer: 'any(orders, .user == "user-19")'}, explain: SECRET-explain}
`

func quizSite(t *testing.T) *site {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secretive.yaml"), []byte(secretive), 0o600))
	bank, err := quiz.NewBank(dir)
	require.NoError(t, err)
	require.Empty(t, bank.Broken())
	return newSite(t, func(c *Config, _ *fleet.Config) { c.Quizzes = bank })
}

func (st *site) json(method, path, body string, status int) map[string]any {
	st.t.Helper()
	w := st.ask(method, path, body)
	require.Equal(st.t, status, w.Code, "%s %s: %s", method, path, w.Body)
	var v map[string]any
	require.NoError(st.t, json.Unmarshal(w.Body.Bytes(), &v), "%s", w.Body)
	return v
}

// Until the practice answer or the end of a graded attempt, no answer tells
// what is right, why, or where an option stands in the file.
func TestNoSecretOfAQuizIsTold(t *testing.T) {
	st := quizSite(t)
	for _, mode := range []string{"practice", "graded"} {
		begun := st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"`+mode+`"}`, http.StatusCreated)
		id := begun["id"].(string)
		told := []string{
			st.ask("GET", "/api/quizzes", "").Body.String(),
			st.ask("GET", "/api/quizzes/secretive", "").Body.String(),
			st.ask("GET", "/api/attempts/"+id, "").Body.String(),
			st.ask("POST", "/api/attempts/"+id+"/questions/one/again", "").Body.String(),
			st.ask("POST", "/api/attempts/"+id+"/questions/lab/lab", "").Body.String(),
			st.ask("PUT", "/api/attempts/"+id+"/answers/one", `{"answer":"nonsense"}`).Body.String(),
			st.ask("PUT", "/api/attempts/"+id+"/answers/number", `{"answer":"nonsense"}`).Body.String(),
		}
		raw, err := json.Marshal(begun)
		require.NoError(t, err)
		told = append(told, string(raw))
		if mode == "graded" {
			told = append(told, st.ask("PUT", "/api/attempts/"+id+"/answers/text", `{"answer":"because"}`).Body.String(),
				st.ask("PUT", "/api/attempts/"+id+"/answers/number", `{"answer":1}`).Body.String(), st.ask("GET", "/api/attempts/"+id, "").Body.String())
		}
		for _, text := range told {
			for _, secret := range []string{"SECRET", "424242", "secretword", "correct", "user-19", `"why"`, "seed", `"variants"`, "in_file", `"key"`} {
				assert.NotContains(t, text, secret, "%s: %s", mode, text)
			}
		}
	}
}

// choiceOf is the id of an option on an attempt's sheet.
func choiceOf(t *testing.T, attempt map[string]any, question, text string) string {
	t.Helper()
	for _, q := range attempt["questions"].([]any) {
		q := q.(map[string]any)
		if q["id"] != question {
			continue
		}
		for _, o := range q["options"].([]any) {
			if o := o.(map[string]any); o["text"] == text {
				return o["id"].(string)
			}
		}
	}
	t.Fatalf("no option %q", text)
	return ""
}

func TestAnAttemptOverHTTP(t *testing.T) {
	st := quizSite(t)
	begun := st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"graded"}`, http.StatusCreated)
	at := "/api/attempts/" + begun["id"].(string)
	one := choiceOf(t, begun, "one", "right one")
	for range 2 {
		saved := st.json("PUT", at+"/answers/one", `{"answer":"`+one+`","sure":"sure"}`, http.StatusOK)
		assert.NotContains(t, saved, "feedback")
	}
	assert.Equal(t, map[string]any{"one": one}, st.json("GET", at, "", http.StatusOK)["answers"], "a reload finds it")
	result := st.json("POST", at+"/submit", "", http.StatusOK)
	assert.Equal(t, 1.0, result["score"])
	assert.Equal(t, result, st.json("POST", at+"/submit", "", http.StatusOK), "twice is once")
	after := st.json("GET", at, "", http.StatusOK)
	assert.Equal(t, map[string]any{"one": 1.0}, after["answers_file"].(map[string]any)["answers"])
	st.json("PUT", at+"/answers/one", `{"answer":"`+one+`"}`, http.StatusConflict)

	practice := st.json("POST", "/api/quizzes/secretive/attempts", "", http.StatusCreated)
	assert.Equal(t, "practice", practice["mode"])
	saved := st.json("PUT", "/api/attempts/"+practice["id"].(string)+"/answers/one", `{"answer":"`+choiceOf(t, practice, "one", "wrong one")+`"}`, http.StatusOK)
	told := saved["feedback"].(map[string]any)
	assert.Equal(t, "SECRET-why", told["why"])
	assert.Equal(t, "right one", told["right"])
}

func TestOnlyATeacherMarksByHand(t *testing.T) {
	st := quizSite(t)
	id := st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"graded"}`, http.StatusCreated)["id"].(string)
	st.json("POST", "/api/attempts/"+id+"/submit", "", http.StatusOK)
	for method, path := range map[string]string{"PUT": "/marks/text", "POST": "/extra"} {
		st.json(method, "/api/attempts/"+id+path, `{"points":1,"note":"said in class","minutes":5}`, http.StatusForbidden)
	}
	w := st.ask("PUT", "/api/attempts/"+id+"/marks/text", `{"points":1,"note":"said in class"}`, header("Authorization", "Bearer the-key"))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), "said in class")
	assert.True(t, strings.Contains(w.Body.String(), `"score":1`), w.Body)
}

func TestWhatAQuizRefuses(t *testing.T) {
	st := quizSite(t)
	st.json("GET", "/api/quizzes/none", "", http.StatusNotFound)
	st.json("POST", "/api/quizzes/none/attempts", "", http.StatusNotFound)
	st.json("GET", "/api/attempts/none", "", http.StatusNotFound)
	st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"exam"}`, http.StatusBadRequest)
	id := st.json("POST", "/api/quizzes/secretive/attempts", "", http.StatusCreated)["id"].(string)
	st.json("PUT", "/api/attempts/"+id+"/answers/none", `{"answer":1}`, http.StatusNotFound)
	st.json("PUT", "/api/attempts/"+id+"/answers/one", `{}`, http.StatusBadRequest)
	st.json("PUT", "/api/attempts/"+id+"/answers/one", `nonsense`, http.StatusBadRequest)
}

func TestATeacherReadsResults(t *testing.T) {
	st := quizSite(t)
	begun := st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"graded"}`, http.StatusCreated)
	at := "/api/attempts/" + begun["id"].(string)
	st.json("PUT", at+"/answers/one", `{"answer":"`+choiceOf(t, begun, "one", "wrong one")+`","sure":"sure"}`, http.StatusOK)
	st.json("POST", at+"/submit", "", http.StatusOK)
	for _, path := range []string{"/results", "/gradebook.csv"} {
		st.json("GET", "/api/quizzes/secretive"+path, "", http.StatusForbidden)
	}
	teacher := header("Authorization", "Bearer the-key")
	w := st.ask("GET", "/api/quizzes/secretive/results", "", teacher)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), `"sure_and_wrong":1,"wrong":[{"text":"wrong one","why":"SECRET-why","count":1}]`)
	w = st.ask("GET", "/api/quizzes/secretive/gradebook.csv?layout=canvas", "", teacher)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), "What must not be told")
	w = st.ask("GET", "/api/quizzes/secretive/gradebook.csv?layout=excel", "", teacher)
	assert.Equal(t, http.StatusBadRequest, w.Code)
}

// A learner finds what is kept, takes it away and has it deleted; nobody else
// sees it.
func TestMyData(t *testing.T) {
	st := quizSite(t)
	w := st.ask("POST", "/api/quizzes/secretive/attempts", `{"mode":"practice"}`)
	require.Equal(t, http.StatusCreated, w.Code)
	var begun map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &begun))
	me := header("Cookie", learnerCookie+"="+w.Result().Cookies()[0].Value)
	w = st.ask("PUT", "/api/attempts/"+begun["id"].(string)+"/answers/one", `{"answer":"`+choiceOf(t, begun, "one", "wrong one")+`","sure":"sure"}`, me)
	require.Equal(t, http.StatusOK, w.Code, w.Body)

	page := st.ask("GET", "/me", "", me).Body.String()
	assert.Contains(t, page, "practised, 0 of 7 right")
	assert.Contains(t, page, "Right is: right one", "sure and wrong is worth a second look")
	assert.Contains(t, st.ask("GET", "/api/me", "", me).Body.String(), begun["id"])
	assert.NotContains(t, st.ask("GET", "/api/me", "").Body.String(), begun["id"])

	assert.Equal(t, http.StatusBadRequest, st.ask("POST", "/me/delete", "", me).Code, "not without the tick")
	w = st.ask("POST", "/me/delete", "sure=yes", me, header("Content-Type", "application/x-www-form-urlencoded"))
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	assert.NotContains(t, st.ask("GET", "/api/me", "", me).Body.String(), begun["id"])
	st.json("GET", "/api/attempts/"+begun["id"].(string), "", http.StatusNotFound)
}

func TestAQuizGoesToOtherProgramsAndBack(t *testing.T) {
	st := quizSite(t)
	teacher := header("Authorization", "Bearer the-key")
	for _, path := range []string{"/api/quizzes/secretive/export?format=gift", "/teach/quiz/secretive"} {
		assert.Equal(t, http.StatusForbidden, st.ask("GET", path, "").Code, path)
	}
	assert.Equal(t, http.StatusForbidden, st.ask("POST", "/api/quizzes/import?format=gift&id=x", "a {=b ~c#d}").Code)
	gift := st.ask("GET", "/api/quizzes/secretive/export?format=gift", "", teacher)
	require.Equal(t, http.StatusOK, gift.Code, gift.Body)
	lost := st.ask("GET", "/api/quizzes/secretive/export?format=gift&lost", "", teacher)
	assert.Contains(t, lost.Body.String(), `"question":"lab"`)
	back := st.ask("POST", "/api/quizzes/import?format=gift&id=back&title=Back", gift.Body.String(), teacher)
	require.Equal(t, http.StatusOK, back.Code, back.Body)
	assert.Contains(t, back.Body.String(), `"questions":5`)
	for _, bad := range []string{"format=gift&id=No+Id", "format=word&id=x", "format=qti&id=x"} {
		w := st.ask("POST", "/api/quizzes/import?"+bad, "x {=a ~b#c}", teacher)
		assert.Equal(t, http.StatusBadRequest, w.Code, bad)
	}
}

func TestTheTeachersDoor(t *testing.T) {
	st := quizSite(t)
	form := header("Content-Type", "application/x-www-form-urlencoded")
	assert.NotContains(t, st.ask("GET", "/teach", "").Body.String(), "gradebook.csv")
	w := st.ask("POST", "/teach", "key=guess", form)
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Contains(t, w.Body.String(), "That is not the key")
	w = st.ask("POST", "/teach", "key=the-key", form)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	cookie := header("Cookie", w.Result().Cookies()[0].Name+"="+w.Result().Cookies()[0].Value)
	assert.Contains(t, st.ask("GET", "/teach", "", cookie).Body.String(), "/api/quizzes/secretive/gradebook.csv?layout=canvas")
	assert.Contains(t, st.ask("GET", "/teach/quiz/secretive", "", cookie).Body.String(), "Nobody has a graded result yet")
}

// A file of the teacher's that cannot be used is no secret of the log.
func TestTheTeacherSeesWhichFilesAreBroken(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte("id: mine\ntitle: Mine\n"), 0o600))
	library, err := scenarios.NewLibrary(dir)
	require.NoError(t, err)
	bank, err := quiz.NewBank(dir)
	require.NoError(t, err)
	st := newSite(t, func(c *Config, _ *fleet.Config) { c.Scenarios, c.Quizzes = library, bank })
	page := st.ask("GET", "/teach", "", header("Authorization", "Bearer the-key")).Body.String()
	assert.Contains(t, page, "The quiz file mine.yaml:1: the file needs the key &#34;questions&#34;")
	assert.Contains(t, page, "The scenario file mine.yaml:1: the file needs the key &#34;pattern&#34;")
	assert.Contains(t, page, "more: eddy check mine.yaml)")
}

func TestQuizzesStandInTheOrderOfTheLessons(t *testing.T) {
	page := newSite(t).ask("GET", "/quiz", "").Body.String()
	first, last := strings.Index(page, `href="/quiz/sync-async"`), strings.Index(page, `href="/quiz/capstone"`)
	require.Positive(t, first)
	require.Positive(t, last)
	assert.Less(t, first, last)
}

// The teacher sees who is at work, gives more time, reads an attempt, and marks
// by hand, all on pages; who never came back is graded by what was saved.
func TestTheTeacherReadsAndMarksAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "timed.yaml"), []byte(strings.Replace(strings.ReplaceAll(secretive, "secretive", "timed"), "title:", "minutes: 10\ntitle:", 1)), 0o600))
		bank, err := quiz.NewBank(dir)
		require.NoError(t, err)
		require.Empty(t, bank.Broken())
		st := newSite(t, func(c *Config, _ *fleet.Config) { c.Quizzes = bank })
		teacher, form := header("Authorization", "Bearer the-key"), header("Content-Type", "application/x-www-form-urlencoded")
		begun := st.json("POST", "/api/quizzes/timed/attempts", `{"mode":"graded"}`, http.StatusCreated)
		id := begun["id"].(string)
		st.json("PUT", "/api/attempts/"+id+"/answers/text", `{"answer":"<b>something else</b>","sure":"guess"}`, http.StatusOK)

		results := func() string { return st.ask("GET", "/teach/quiz/timed", "", teacher).Body.String() }
		assert.Contains(t, results(), "1 of 7 answered, 10:00 left")
		assert.Equal(t, http.StatusSeeOther, st.ask("POST", "/teach/attempt/"+id+"/extra", "minutes=5", teacher, form).Code)
		assert.Contains(t, results(), "15:00 left")
		assert.Contains(t, st.ask("GET", "/teach/attempt/"+id, "", teacher).Body.String(), "Not graded yet: 15:00 left.")

		time.Sleep(16 * time.Minute) // the learner does not come back
		assert.Contains(t, results(), "/teach/attempt/"+id)
		page := st.ask("GET", "/teach/attempt/"+id, "", teacher).Body.String()
		assert.Contains(t, page, "&lt;b&gt;something else&lt;/b&gt;")
		assert.Contains(t, page, "0 of 1")
		assert.Contains(t, page, "none of the ideas was found: SECRET-idea")

		mark := func(body string) *httptest.ResponseRecorder {
			return st.ask("POST", "/teach/attempt/"+id+"/marks/text", body, teacher, form)
		}
		assert.Equal(t, http.StatusBadRequest, mark("points=many&note=x").Code)
		assert.Equal(t, http.StatusBadRequest, mark("points=1&note=").Code, "without a note")
		w := mark("points=1&note=Well+put")
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
		assert.Equal(t, "/teach/attempt/"+id+"#text", w.Header().Get("Location"))
		page = st.ask("GET", "/teach/attempt/"+id, "", teacher).Body.String()
		assert.Contains(t, page, "1 of 1")
		assert.Contains(t, page, "By hand: Well put")
		told := st.json("GET", "/api/attempts/"+id, "", http.StatusOK)["feedback"].(map[string]any)["text"].(map[string]any)
		assert.Equal(t, "Well put", told["note"])
		assert.NotContains(t, told["html"], "Well put", "it is said once")

		for _, path := range []string{"GET /teach/attempt/" + id, "POST /teach/attempt/" + id + "/extra", "POST /teach/attempt/" + id + "/marks/text"} {
			method, path, _ := strings.Cut(path, " ")
			assert.Equal(t, http.StatusForbidden, st.ask(method, path, "points=1&note=mine&minutes=60", form).Code, path)
		}
	})
}
