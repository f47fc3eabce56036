package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestTheStreamRoutesHandOnWhatIsAsked(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	at := "/api/labs/" + id
	long := strings.Repeat("x", maxAsked+1)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", at + "/stream?order=A&at=7", 200, `"order":"A","name":"","seq":7`},
		{"GET", at + "/stream?order=Z", 404, "there is no order"},
		{"GET", at + "/stream", 400, "order must name an order"},
		{"GET", at + "/stream?order=" + long, 400, "order must name an order"},
		{"GET", at + "/stream?order=A&at=soon", 400, "at must be the number"},
		{"POST", at + "/stream/load?order=A", 200, `"order":"A"`},
		{"POST", at + "/stream/load?order=A&at=7", 409, "not about a moment of the past"},
		{"POST", at + "/stream/load", 400, "order must name an order"},
		{"POST", at + "/stream/tamper?order=A&version=2", 200, `"version":2`},
		{"POST", at + "/stream/tamper?order=A&version=0", 400, "version must be"},
		{"POST", at + "/stream/tamper?order=A", 400, "version must be"},
		{"POST", at + "/stream/tamper?order=A&version=2&at=7", 409, "the past"},
		{"POST", at + "/ask?question=revenue", 200, `"id":"revenue"`},
		{"POST", at + "/ask?question=" + long, 400, "question has"},
		{"POST", at + "/ask?question=revenue&at=7", 409, "the past"},
		{"GET", "/api/fold", 200, `"OrderPaid":[`},
		{"GET", at + "/stream/load?order=A", 405, "it takes POST"},
	} {
		w := st.ask(c.method, c.path, "")
		assert.Equal(t, c.status, w.Code, "%s %s: %s", c.method, c.path, w.Body)
		assert.Contains(t, w.Body.String(), c.says, c.path)
	}
	other := "/api/labs/" + strings.Repeat("0", 32)
	for _, path := range []string{"/stream/load?order=A", "/stream/tamper?order=A&version=1", "/ask?question=revenue"} {
		assert.Equal(t, http.StatusNotFound, st.ask("POST", other+path, "").Code, "nobody asks a lab without its id: %s", path)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", other+"/stream?order=A", "").Code)

	run := "/api/runs/" + st.openRun(runFile(t))
	w := st.ask("GET", run+"/stream?order=A", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), "there is no order")
	for _, path := range []string{"/stream/load", "/stream/tamper", "/ask"} {
		w := st.ask("POST", run+path, "")
		assert.Equal(t, http.StatusConflict, w.Code, path)
		assert.Contains(t, w.Body.String(), "no event store")
	}
	assert.Equal(t, http.StatusNotFound, st.ask("POST", "/api/runs/none/ask", "").Code)
}

// A question may read the whole store, so it costs more than an action.
func TestQuestionsToTheStoreAreLimited(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	asked := 0
	for ; asked < 10_000; asked++ {
		if st.ask("POST", "/api/labs/"+id+"/ask?question=revenue", "").Code == http.StatusTooManyRequests {
			break
		}
	}
	assert.Less(t, asked, ownFactor*actionsBurst/storeCost*2)
}

// The whole way with a real lab.
func TestTheStreamOfARealLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		at := "/api/labs/" + id
		w := st.ask("POST", at+"/actions", `[{"set":{"snapshot_every":4}},{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},{"wait_until":"settled"},
			{"amend_order":{"order":"A","address":"1 Quay Street","if_version":4}}]`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.NotContains(t, w.Body.String(), `"ok":false`)
		w = st.ask("POST", at+"/actions", `{"amend_order":{"order":"A","address":"2 Quay Street","if_version":4}}`)
		assert.Equal(t, http.StatusConflict, w.Code, w.Body)

		get := func(method, path string, into any) {
			t.Helper()
			w := st.ask(method, at+path, "")
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), into))
		}
		var s lab.Stream
		get("GET", "/stream?order=A", &s)
		require.Len(t, s.Events, 5)
		require.Len(t, s.Refused, 1)
		var load lab.StreamLoad
		get("POST", "/stream/load?order=A", &load)
		assert.Equal(t, []int{4, 5, 1}, []int{load.Snapshot, load.Whole.Events, load.Quick.Events})
		var tried lab.Tampering
		get("POST", "/stream/tamper?order=A&version=5", &tried)
		assert.True(t, tried.Kept)
		var answer lab.StoreAnswer
		get("POST", "/ask?question=revenue", &answer)
		assert.Equal(t, [][]string{{"mouse", "1", "25.00"}}, answer.Rows)
		var again lab.Stream
		get("GET", fmt.Sprintf("/stream?order=A&at=%d", s.Events[1].Entry), &again)
		assert.Equal(t, 2, again.Version)
	})
}
