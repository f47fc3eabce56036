package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestLabIsMadeReadAndDeleted(t *testing.T) {
	st := newSite(t)
	w := st.ask("POST", "/api/labs", `{"saga":"orchestration","work":"0s","scenario":"free"}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &made))
	lab1 := "/api/labs/" + made.ID
	assert.Equal(t, lab1, w.Header().Get("Location"))
	st.labs[0].add(7)

	for path, want := range map[string]string{"": `{"seq":7}`, "/board": `{"seq":7}`, "/board?at=3": `{"seq":3}`, "/board?at=0": `{"seq":0}`, "/eval?expr=head": `{"value":7}`} {
		w = st.ask("GET", lab1+path, "")
		assert.Equal(t, http.StatusOK, w.Code, path)
		assert.JSONEq(t, want, w.Body.String(), path)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), path)
	}

	assert.Equal(t, http.StatusNoContent, st.ask("DELETE", lab1, "").Code)
	for _, method := range []string{"GET", "DELETE"} {
		w = st.ask(method, lab1, "")
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Equal(t, lab.NotFound, reasonOf(t, w).Code)
	}
}

func TestSettingsOfANewLabReachIt(t *testing.T) {
	var opened []lab.Settings
	st := newSite(t, func(_ *Config, f *fleet.Config) {
		f.Open = func(_ context.Context, s lab.Settings, _ lab.Options) (fleet.World, error) {
			opened = append(opened, s)
			return newFakeLab(), nil
		}
	})
	for _, body := range []string{`{"key":"order","scenario":"","services":{"payment":{"idempotent":false}}}`, ``, `{"scenario":"first-order","seed":9}`} {
		w := st.ask("POST", "/api/labs", body)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
	}
	assert.Equal(t, "order", opened[0].Key)
	assert.False(t, opened[0].Services["payment"].Idempotent)
	assert.Equal(t, lab.DefaultSettings(), opened[1])
	assert.EqualValues(t, 9, opened[2].Seed, "what is given takes the place of the scenario's own")
	assert.Equal(t, "300ms", opened[2].Services["payment"].Work.D().String())
}

func TestBadRequestsAreRefusedWithASentence(t *testing.T) {
	st := newSite(t)
	id, fake := st.newLab()
	fake.add(3)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/labs", `{"scenario":"no-such"}`, 404, "no-such"},
		{"POST", "/api/labs", `{"scenario":7}`, 400, "scenario"},
		{"POST", "/api/labs", `{"sagas":"sync"}`, 400, "sagas"},
		{"POST", "/api/labs", `[]`, 400, "JSON object"},
		{"POST", "/api/labs", `{`, 400, "JSON object"},
		{"POST", "/api/labs", `"` + strings.Repeat("x", 2<<20) + `"`, 413, "256 KiB"},
		{"POST", "/api/labs/{id}/actions", `"` + strings.Repeat("x", 2<<20) + `"`, 413, "256 KiB"},
		{"POST", "/api/labs/{id}/actions", ``, 400, "action"},
		{"POST", "/api/labs/{id}/actions", `{`, 400, "action"},
		{"POST", "/api/labs/{id}/actions", `"unknown"`, 400, "unknown"},
		{"POST", "/api/labs/{id}/actions", `["order","unknown"]`, 400, "unknown"},
		{"POST", "/api/labs/{id}/actions", `["a"` + strings.Repeat(`,"a"`, maxActions) + `]`, 400, "at most 1000"},
		{"POST", "/api/labs/{id}/actions", `"conflict"`, 409, "Not in this state"},
		{"GET", "/api/labs/{id}/board?at=99", "", 404, "ends at 3"},
		{"GET", "/api/labs/{id}/board?at=-1", "", 400, "journal entry"},
		{"GET", "/api/labs/{id}/journal?from=x", "", 400, "journal entry"},
		{"GET", "/api/labs/{id}/journal?to=99999999999999999999", "", 400, "journal entry"},
		{"GET", "/api/labs/{id}/eval", "", 400, "expression"},
		{"GET", "/api/labs/{id}/eval?expr=" + strings.Repeat("x", maxExpr+1), "", 400, "expression"},
		{"GET", "/api/labs/{id}/eval?expr=nope", "", 400, "nope"},
		{"GET", "/api/labs/{id}/eval?expr=function", "", 400, "JSON"},
		{"GET", "/api/labs/{id}/why", "", 400, "seq, order, service, invariant or record"},
		{"GET", "/api/labs/{id}/why?seq=", "", 400, "seq, order, service, invariant or record"},
		{"GET", "/api/labs/{id}/why?seq=1&order=A", "", 400, "one thing"},
		{"GET", "/api/labs/{id}/why?seq=x", "", 400, "journal entry"},
		{"GET", "/api/labs/{id}/why?seq=0", "", 400, "from 1 on"},
		{"GET", "/api/labs/{id}/why?because=A", "", 400, "seq, order, service, invariant or record"},
		{"GET", "/api/labs/{id}/why?order=" + strings.Repeat("x", 300), "", 400, "200 bytes"},
		{"GET", "/api/labs/{id}/why?order=A&at=x", "", 400, "journal entry"},
		{"GET", "/api/labs/{id}/why?order=Z", "", 404, "no order"},
	} {
		w := st.ask(c.method, strings.ReplaceAll(c.path, "{id}", id), c.body)
		assert.Equal(t, c.status, w.Code, "%s %.60s", c.path, c.body)
		assert.Contains(t, reasonOf(t, w).Message, c.says)
	}
	assert.Equal(t, []string{"conflict"}, fake.did, "nothing of an undecodable list was done")
}

func TestListOfActionsStopsAtTheFirstRefusedOne(t *testing.T) {
	st := newSite(t)
	id, fake := st.newLab()
	w := st.ask("POST", "/api/labs/"+id+"/actions", `["order","conflict","order"]`)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.JSONEq(t, `{"seq":1,"results":[{"ok":true,"seq":1,"order":"A"},{"ok":false,"error":{"code":"conflict","message":"Not in this state."}}]}`, w.Body.String())
	assert.Equal(t, []string{"order", "conflict"}, fake.did)

	w = st.ask("POST", "/api/labs/"+id+"/actions", `"order"`)
	assert.JSONEq(t, `{"seq":2,"results":[{"ok":true,"seq":2,"order":"A"}]}`, w.Body.String())
	w = st.ask("POST", "/api/labs/"+id+"/actions", `[]`)
	assert.JSONEq(t, `{"seq":2,"results":[]}`, w.Body.String())
}

func TestJournalIsStreamedWholeAndInBounds(t *testing.T) {
	st := newSite(t)
	id, fake := st.newLab()
	fake.add(2500)
	fake.forget(11)
	for query, want := range map[string][2]int64{
		"": {11, 2500}, "?from=100": {100, 2500}, "?from=100&to=1700": {100, 1700}, "?from=0&to=99999": {11, 2500},
	} {
		w := st.ask("GET", "/api/labs/"+id+"/journal"+query, "")
		assert.Equal(t, "application/x-ndjson", w.Header().Get("Content-Type"))
		next := want[0]
		for lines := bufio.NewScanner(w.Body); lines.Scan(); next++ {
			var e lab.Entry
			require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
			require.Equal(t, next, e.Seq, query)
		}
		assert.Equal(t, want[1]+1, next, query)
	}
	w := st.ask("GET", "/api/labs/"+id+"/journal?from=9&to=3", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Empty(t, w.Body.String())
}

// The timeouts of the connection are shorter than an action may take.
func TestActionThatWaitsIsAnsweredOverARealConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		p, _ := st.serve()
		id, _ := st.newLab()
		web := &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
		post := func(body string) *http.Response {
			t.Helper()
			resp, err := web.Post("http://localhost:8080/api/labs/"+id+"/actions", "application/json", strings.NewReader(body))
			require.NoError(t, err)
			resp.Body.Close()
			return resp
		}
		start := time.Now()
		assert.Equal(t, http.StatusOK, post(`["sleep","sleep","sleep"]`).StatusCode)
		assert.Equal(t, 135*time.Second, time.Since(start))
		assert.Equal(t, http.StatusServiceUnavailable, post(`"wait"`).StatusCode)
		assert.Equal(t, 195*time.Second, time.Since(start))
		assert.Equal(t, http.StatusRequestEntityTooLarge, post(`"`+strings.Repeat("x", 2<<20)+`"`).StatusCode)
	})
}

func TestEvaluationIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		id, _ := st.newLab()
		start := time.Now()
		w := st.ask("GET", "/api/labs/"+id+"/eval?expr=forever", "")
		assert.Equal(t, lab.Unavailable, reasonOf(t, w).Code)
		assert.Equal(t, evalTimeout, time.Since(start))
	})
}

func TestFullServerSaysHowMuchRoomItHas(t *testing.T) {
	st := newSite(t, func(_ *Config, f *fleet.Config) { f.Max = 1 })
	require.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "").Code)
	w := st.ask("POST", "/api/labs", "")
	assert.Equal(t, http.StatusTooManyRequests, w.Code)
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
	assert.Contains(t, reasonOf(t, w).Message, "room for 1 labs")
}

func FuzzActionBody(f *testing.F) {
	for _, seed := range []string{`"freeze"`, `{"crash":{"service":"payment"}}`, `[{"wait":"1s"}]`, `[`, `{"a":1,"b":2}`, "\x00", `[[[[`, `{"place_order":{"items":[{"qty":1e999}]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		st := newSite(t)
		st.decode = func(data []byte) ([]lab.Action, error) {
			list, err := lab.DecodeActions(data)
			for i := range list {
				list[i] = lab.Action{Name: "order"} // a fake lab would wait for a minute if told to
			}
			return list, err
		}
		id, _ := st.newLab()
		w := st.ask("POST", "/api/labs/"+id+"/actions", body)
		assert.NotEqual(t, http.StatusInternalServerError, w.Code)
		assert.True(t, json.Valid(w.Body.Bytes()))
		if w = st.ask("POST", "/api/labs", body); w.Code != http.StatusCreated {
			assert.NotEmpty(t, reasonOf(t, w).Message)
		}
	})
}
