package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

// merge applies a JSON merge patch (RFC 7386), as the page does.
func merge(board, patch map[string]any) {
	for k, v := range patch {
		inner, isObject := v.(map[string]any)
		old, had := board[k].(map[string]any)
		switch {
		case v == nil:
			delete(board, k)
		case isObject && had:
			merge(old, inner)
		case isObject:
			fresh := map[string]any{}
			merge(fresh, inner)
			board[k] = fresh
		default:
			board[k] = v
		}
	}
}

// The whole way with a real lab: what a page has after its patches, across
// lost connections, is what the server has.
func TestPatchedBoardIsTheBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		p, _ := st.serve()
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)

		c := st.connect(p, id, "")
		m := c.next()
		board, last := m.Snapshot, m.Seq
		w := st.ask("POST", "/api/labs/"+id+"/actions", `[{"burst":{"orders":40,"rate":20}},{"crash":{"service":"payment"}}]`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		for round := range 15 {
			if round == 7 {
				w = st.ask("POST", "/api/labs/"+id+"/actions", `"heal"`)
				require.Equal(t, http.StatusOK, w.Code, w.Body)
			}
			for range 5 {
				m = c.next()
				require.Nil(t, m.Snapshot)
				require.Equal(t, m.Seq-last, m.count())
				merge(board, m.Patch)
				last = m.Seq
			}
			c.Close()
			c = st.connect(p, id, fmt.Sprint("?from=", last))
		}
		var want map[string]any
		w = st.ask("GET", fmt.Sprintf("/api/labs/%s/board?at=%d", id, last), "")
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &want), w.Body)
		for _, clock := range []string{"time", "lab_time"} { // they move without the journal
			delete(want, clock)
			delete(board, clock)
		}
		assert.Equal(t, want, board)
	})
}
