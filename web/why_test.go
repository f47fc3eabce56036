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

func TestWhyHandsTheQuestionOn(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	for query, want := range map[string]lab.Question{
		"seq=7": {Seq: 7}, "order=A": {Order: "A"}, "service=payment": {Service: "payment"},
		"invariant=no-oversell": {Invariant: "no-oversell"}, "record=orders/0/7": {Record: "orders/0/7"}, "order=A&at=9": {Order: "A", At: 9},
	} {
		w := st.ask("GET", "/api/labs/"+id+"/why?"+query, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		var a lab.Answer
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		expected, _ := st.labs[0].Why(want)
		assert.Equal(t, expected, a, query)
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/"+strings.Repeat("0", 32)+"/why?seq=1", "").Code, "nobody asks about a lab without its id")
}

// The whole way: an answer of a real lab ends at what the caller did.
func TestWhyOfARealLabEndsAtTheAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		w := st.ask("POST", "/api/labs/"+id+"/actions", `[{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}],"method":"declined-card"}},{"wait_until":"settled"}]`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		w = st.ask("GET", "/api/labs/"+id+"/why?order=A", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var a lab.Answer
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		assert.Equal(t, "action", a.Ends)
		assert.Regexp(t, `^order A is CANCELLED: the card was declined; because .*; because you placed order A: .* at 0\.0 s\.$`, a.Sentence)
	})
}
