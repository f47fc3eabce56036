package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
)

// runFile is a small run of two entries.
func runFile(t *testing.T) string {
	t.Helper()
	settings, err := json.Marshal(lab.DefaultSettings())
	require.NoError(t, err)
	return `{"seq":1,"at":0,"kind":"note","text":"the lab is open","data":{"settings":` + string(settings) + "}}\n" +
		`{"seq":2,"at":10,"kind":"note","text":"<b>hello</b>"}` + "\n"
}

func (st *site) openRun(file string) string {
	st.t.Helper()
	w := st.ask("POST", "/api/runs", file)
	require.Equal(st.t, http.StatusCreated, w.Code, w.Body)
	var opened struct {
		ID          string
		First, Last int64
	}
	require.NoError(st.t, json.Unmarshal(w.Body.Bytes(), &opened))
	assert.Equal(st.t, "/run/"+opened.ID, w.Header().Get("Location"))
	assert.EqualValues(st.t, 1, opened.First)
	return opened.ID
}

func TestARunIsOpenedLookedAtSavedAndClosed(t *testing.T) {
	st := newSite(t)
	id := st.openRun(runFile(t))
	assert.Len(t, id, 26, "128 random bits are the right to a run")
	run := "/api/runs/" + id

	for path, want := range map[string]string{"": `"seq":2`, "/board": `"seq":2`, "/board?at=1": `"seq":1`, "/board?time=9": `"seq":1`, "/board?time=10": `"seq":2`,
		"/timeline": `"last":{"seq":2,"at":10}`, "/journal?from=2": `"kind":"note"`} {
		w := st.ask("GET", run+path, "")
		assert.Equal(t, http.StatusOK, w.Code, path)
		assert.Contains(t, w.Body.String(), want, path)
	}
	for path, status := range map[string]int{"/board?at=3": 404, "/board?at=x": 400, "/board?time=-1": 400, "/eval?expr=1": 404, "/actions": 404, "/live": 404} {
		assert.Equal(t, status, st.ask("GET", run+path, "").Code, path)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/"+id, "").Code, "a run is no lab")

	w := st.ask("GET", "/run/"+id, "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.NotContains(t, w.Body.String(), "<b>hello", "what a file says is no markup")

	w = st.ask("GET", run+"/run", "")
	assert.Regexp(t, `^attachment; filename="eddy-run-[-0-9]+\.ndjson"$`, w.Header().Get("Content-Disposition"))
	st.openRun(w.Body.String())

	assert.Equal(t, http.StatusNoContent, st.ask("DELETE", run, "").Code)
	for _, path := range []string{run, run + "/board", run + "/journal", run + "/timeline", run + "/run", "/run/" + id} {
		assert.Equal(t, http.StatusNotFound, st.ask("GET", path, "").Code, path)
	}
}

func TestAFileThatIsNoRunIsRefusedWithItsLine(t *testing.T) {
	st := newSite(t)
	w := st.ask("POST", "/api/runs", runFile(t)+"{\"seq\":4}\n")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "line 3: this is entry 4, and 3 was expected")
	w = st.ask("POST", "/api/runs", strings.Repeat("x", 33<<20))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "longer than 32 MiB")
}

// A client that opens many runs loses its oldest; those of others stay.
func TestOpenRunsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rs := newRuns()
		run, err := lab.OpenRun(t.Context(), strings.NewReader(runFile(t)))
		require.NoError(t, err)
		add := func(client string) (string, error) {
			id, err := rs.add(run, client)
			time.Sleep(time.Microsecond) // so that one is older than the other
			return id, err
		}
		other, err := add("other")
		require.NoError(t, err)
		first, err := add("me")
		require.NoError(t, err)
		for range runsOwn {
			_, err := add("me")
			require.NoError(t, err)
		}
		_, err = rs.get(first)
		assert.Equal(t, lab.NotFound, lab.AsError(err).Code)
		_, err = rs.get(other)
		require.NoError(t, err)
		assert.Len(t, rs.byID, runsOwn+1)

		for n := len(rs.byID); n < runsMost; n++ {
			_, err := add(string(rune('a' + n)))
			require.NoError(t, err)
		}
		_, err = add("late")
		assert.Equal(t, lab.TooMany, lab.AsError(err).Code, "all of them are fresh")
		rs.byID[other].used = time.Now().Add(-2 * runFresh)
		_, err = add("late")
		require.NoError(t, err, "the one that nobody looked at makes room")
		_, err = rs.get(other)
		assert.Equal(t, lab.NotFound, lab.AsError(err).Code)
		assert.Len(t, rs.byID, runsMost)

		for _, o := range rs.byID {
			o.used = time.Now().Add(-runIdle)
		}
		_, err = add("late")
		require.NoError(t, err)
		assert.Len(t, rs.byID, 1, "what is idle is closed")
	})
}
