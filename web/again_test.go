package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

// What was done in a lab is done in two more, and the server says what came
// out differently.
func TestTwinsAreTwoRealLabsAndTheirDifferenceIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id := st.make(`{"services":{"payment":{"idempotent":false}}}`)
		st.acts(id, `[{"crash":{"service":"payment","at":"after_handle"}},{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},
			{"wait_until":"service(\"payment\").state == \"crashed\""},{"restart":"payment"},{"wait_until":"settled"}]`)

		w := st.ask("POST", "/api/labs/"+id+"/twins", `{"but":{"set":{"service":"payment","idempotent":true}}}`)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		var pair struct{ Left, Right, But, Page string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &pair))
		assert.Equal(t, "payment: idempotent = true", pair.But)
		assert.NotContains(t, []string{id, pair.Right}, pair.Left, "three labs")
		for _, twin := range []string{pair.Left, pair.Right} {
			require.Eventually(t, func() bool { return st.value(twin, "settled") == true && st.value(twin, `len(orders)`) == 1.0 }, time.Minute, 100*time.Millisecond)
		}
		w = st.ask("GET", "/api/labs/"+pair.Left+"/compare?with="+pair.Right, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var found struct {
			Settings, Outcome []lab.Difference
			Reruns            [2]*lab.Rerun
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
		assert.Equal(t, []lab.Difference{{What: "payment idempotent", Left: "false", Right: "true"}}, found.Settings)
		assert.Contains(t, found.Outcome, lab.Difference{What: "charges of order A", Left: "2", Right: "1"})
		assert.True(t, found.Reruns[0].Over && found.Reruns[1].Over)
		assert.Equal(t, 2.0, st.value(id, `order("A").charges`), "the first lab is as it was")

		w = st.ask("GET", pair.Page, "")
		require.Equal(t, http.StatusOK, w.Code)
		assert.Contains(t, w.Body.String(), "/lab/~"+pair.Left+"?part=1")
		assert.Contains(t, w.Body.String(), "payment: idempotent = true")
	})
}

func TestALabIsRestartedFromAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		st.decode = lab.DecodeActions
		id := st.make("")
		at := st.acts(id, `[{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},{"wait_until":"settled"}]`)
		st.acts(id, `[{"place_order":{"as":"B","items":[{"sku":"mouse","qty":1}]}},{"wait_until":"settled"}]`)

		w := st.ask("POST", "/api/labs/"+id+"/again", `{"at":`+at+`}`)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		var answer struct{ ID, Page string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		assert.Equal(t, "/lab/~"+answer.ID, answer.Page)
		board := func() (b lab.Board) {
			require.NoError(t, json.Unmarshal(st.ask("GET", "/api/labs/"+answer.ID, "").Body.Bytes(), &b))
			return b
		}
		require.Eventually(t, func() bool { return board().Rerun != nil && board().Rerun.Over }, time.Minute, 100*time.Millisecond)
		assert.Equal(t, "frozen", board().State)
		assert.Equal(t, 1, board().Counts.Orders)
		st.acts(answer.ID, `["thaw",{"place_order":{"as":"C","items":[{"sku":"mouse","qty":1}]}},{"wait_until":"settled"}]`)
		assert.Equal(t, 2, board().Counts.Completed)
	})
}

func TestWhatCannotBeDoneAgainIsRefusedWithASentence(t *testing.T) {
	st := newSite(t)
	id, fake := st.newLab()
	fake.add(5)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/again", `{"at":99}`, 404, "ends at"},
		{"POST", "/again", `{"at":"soon"}`, 400, `{"at": 120}`},
		{"POST", "/twins", `{}`, 400, "one setting that differs"},
		{"POST", "/twins", `{"but":{"set":{"service":"payment","idempotent":true}}}`, 400, "all the time"},
		{"POST", "/twins", `{"but":{"set":{"service":"kitchen","idempotent":true}}}`, 400, "payment"},
		{"GET", "/compare", ``, 400, "with must be"},
		{"GET", "/compare?with=nobody", ``, 404, "no lab"},
	} {
		w := st.ask(c.method, "/api/labs/"+id+c.path, c.body)
		assert.Equal(t, c.status, w.Code, "%s %s", c.path, c.body)
		assert.Contains(t, w.Body.String(), strings.ReplaceAll(c.want, `"`, `\"`), "%s %s", c.path, c.body)
	}
	assert.Len(t, st.labs, 1, "no lab was opened in vain")
	for _, path := range []string{"/api/labs/nobody/again", "/api/labs/nobody/twins"} {
		assert.Equal(t, 404, st.ask("POST", path, "").Code, path)
	}
	assert.Equal(t, 404, st.ask("GET", "/twins/"+id+"/nobody", "").Code)
	elsewhere := func(r *http.Request) { r.RemoteAddr = "192.0.2.7:5555" }
	assert.Equal(t, 403, st.ask("GET", "/api/labs/"+id+"/compare?with=open", "", elsewhere).Code, "the open lab needs the key")
}

// make opens a lab and returns its id.
func (st *site) make(settings string) string {
	st.t.Helper()
	w := st.ask("POST", "/api/labs", settings)
	require.Equal(st.t, http.StatusCreated, w.Code, w.Body)
	var answer struct{ ID string }
	require.NoError(st.t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.ID
}

// acts does a list of actions, none of which may be refused, and returns the
// seq that they led to.
func (st *site) acts(id, list string) string {
	st.t.Helper()
	w := st.ask("POST", "/api/labs/"+id+"/actions", list)
	require.Equal(st.t, http.StatusOK, w.Code, w.Body)
	require.NotContains(st.t, w.Body.String(), `"ok":false`)
	var answer struct{ Seq json.Number }
	require.NoError(st.t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Seq.String()
}

// value evaluates an expression.
func (st *site) value(id, expr string) any {
	st.t.Helper()
	r := st.ask("GET", "/api/labs/"+id+"/eval", "", func(r *http.Request) { r.URL.RawQuery = "expr=" + url.QueryEscape(expr) })
	var answer struct{ Value any }
	require.NoError(st.t, json.Unmarshal(r.Body.Bytes(), &answer), r.Body)
	return answer.Value
}
