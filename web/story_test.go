package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestStoryNamesOneOrderAndAMoment(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	at := "/api/labs/" + id + "/story"
	w := st.ask("GET", at+"?order=A&at=7", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var told lab.Story
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &told))
	assert.Equal(t, "A", told.Order)
	assert.EqualValues(t, 7, told.Seq)

	for query, want := range map[string]struct {
		status int
		says   string
	}{
		"":                                   {http.StatusBadRequest, "name it by its handle"},
		"?order=" + strings.Repeat("x", 300): {http.StatusBadRequest, "300 bytes"},
		"?order=A&at=soon":                   {http.StatusBadRequest, "at must be"},
		"?order=Z":                           {http.StatusNotFound, "no order"},
	} {
		w := st.ask("GET", at+query, "")
		assert.Equal(t, want.status, w.Code, query)
		assert.Contains(t, reasonOf(t, w).Message, want.says)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/"+strings.Repeat("0", 32)+"/story?order=A", "").Code, "nobody hears a story of a lab without its id")
}

// The whole way: a lab, its past, and the same from a file.
func TestStoryOfALabAndOfItsRunAreTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		w := st.ask("POST", "/api/labs/"+id+"/actions", `[{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},{"wait_until":"settled"}]`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		tell := func(path string) (told lab.Story) {
			w := st.ask("GET", path, "")
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &told))
			return told
		}
		live := tell("/api/labs/" + id + "/story?order=A")
		assert.Equal(t, "COMPLETED", live.Status)
		assert.Len(t, live.Messages, 5)

		file := st.ask("GET", "/api/labs/"+id+"/run", "")
		require.Equal(t, http.StatusOK, file.Code)
		opened := st.ask("POST", "/api/runs", file.Body.String())
		require.Equal(t, http.StatusCreated, opened.Code, opened.Body)
		var run struct{ ID string }
		require.NoError(t, json.Unmarshal(opened.Body.Bytes(), &run))
		assert.Equal(t, live, tell("/api/runs/"+run.ID+"/story?order=A"))
		then := tell("/api/runs/" + run.ID + "/story?order=A&at=60")
		assert.Less(t, len(then.Messages), 5)
		assert.EqualValues(t, 60, then.Seq)
	})
}
