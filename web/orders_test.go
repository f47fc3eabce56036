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

func TestQueriesHandOnWhatIsAsked(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	for path, want := range map[string]lab.OrderQuery{
		"A": {Order: "A"}, "o-1?min_version=3": {Order: "o-1", MinVersion: 3}, "A?own=1": {Order: "A", Own: true}, "A?own=0&min_version=2": {Order: "A", MinVersion: 2},
		"a%2Fb": {Order: "a/b"},
	} {
		w := st.ask("GET", "/api/labs/"+id+"/orders/"+path, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		var a lab.OrderAnswer
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		assert.Equal(t, fmt.Sprintf("%+v", want), a.OrderID, path)
	}
	w := st.ask("GET", "/api/labs/"+id+"/orders?user=user-2&page=3&size=5", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var list lab.OrdersAnswer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
	assert.Equal(t, []any{"user-2", 3, 5}, []any{list.Orders[0].UserID, list.Page, list.Size})
}

func TestBadQueriesAreRefusedWithASentence(t *testing.T) {
	st := newSite(t)
	id, fake := st.newLab()
	fake.add(3)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"orders":                             {400, "by user"},
		"orders?user=u&page=x":               {400, "whole number"},
		"orders?user=u&page=0":               {400, "1 or more"},
		"orders?user=u&size=0":               {400, "1 or more"},
		"orders/A?min_version=x":             {400, "whole number"},
		"orders/A?own=yes":                   {400, "1 or 0"},
		"orders/Z":                           {404, "no order"},
		"staleness?at=99":                    {404, "ends at 3"},
		"staleness?at=x":                     {400, "journal entry"},
		"staleness?last=-1":                  {400, "milliseconds"},
		"staleness?last=99999999":            {400, "milliseconds"},
		"staleness?to=x":                     {400, "whole number"},
		"orders/" + strings.Repeat("x", 300): {400, "200 bytes"},
	} {
		w := st.ask("GET", "/api/labs/"+id+"/"+path, "")
		assert.Equal(t, want.status, w.Code, path)
		assert.Contains(t, reasonOf(t, w).Message, want.says, path)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/"+strings.Repeat("0", 32)+"/orders/A", "").Code, "nobody asks about a lab without its id")
	assert.Equal(t, http.StatusMethodNotAllowed, st.ask("POST", "/api/labs/"+id+"/orders", "").Code, "commands are actions")
}

// The whole way with a real lab: the copy is late, can be waited for, and the
// line of its staleness can be had.
func TestAnOrderIsAskedForUntilTheCopyHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		w := st.ask("POST", "/api/labs/"+id+"/actions", `[{"slow":{"service":"projector","by":"500ms"}},{"place_order":{"as":"A","user":"user-2","items":[{"sku":"mouse","qty":1}]}}]`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		w = st.ask("GET", "/api/labs/"+id+"/orders/A", "")
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Contains(t, reasonOf(t, w).Message, "not in the read model yet")
		w = st.ask("GET", "/api/labs/"+id+"/orders/A?own=1", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		assert.Contains(t, w.Body.String(), `"source":"own_write"`)
		w = st.ask("GET", "/api/labs/"+id+"/orders/A?min_version=2", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var a lab.OrderAnswer
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		assert.GreaterOrEqual(t, a.Version, 2)
		assert.Greater(t, a.WaitedMS, int64(500))
		w = st.ask("GET", "/api/labs/"+id+"/orders/A?min_version=9", "")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		w = st.ask("GET", "/api/labs/"+id+"/orders?user=user-2", "")
		assert.Contains(t, w.Body.String(), `"total":1`)
		w = st.ask("GET", "/api/labs/"+id+"/staleness", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var s lab.Staleness
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s))
		assert.Positive(t, s.Most)
		assert.Zero(t, s.Points[len(s.Points)-1].Lag)
	})
}
