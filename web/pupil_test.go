package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/scenarios"
	"eddy/web/keep"
)

// school is a site with real labs, and a data folder in memory that outlives
// it.
func school(t *testing.T, store *keep.Store) *site {
	t.Helper()
	st := newSite(t, func(c *Config, f *fleet.Config) { c.Keep, f.Open = store, fleet.OpenLab })
	st.decode = lab.DecodeActions
	return st
}

func memory(t *testing.T) *keep.Store {
	t.Helper()
	store, err := keep.Open(t.Context(), keep.Memory)
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

// pupil is a learner in a guided lab.
type pupil struct {
	*site
	cookie string
	lab    string
	seen   []string // every body that the pupil was sent
}

func (st *site) pupil(cookie string) *pupil { return &pupil{site: st, cookie: cookie} }

// send makes a request as the learner, and remembers who that is.
func (p *pupil) send(method, path, body string) (int, string, http.Header) {
	p.t.Helper()
	w := p.ask(method, path, body, func(r *http.Request) {
		if p.cookie != "" {
			r.AddCookie(&http.Cookie{Name: learnerCookie, Value: p.cookie})
		}
	})
	for _, c := range w.Result().Cookies() {
		if c.Name == learnerCookie {
			p.cookie = c.Value
		}
	}
	p.seen = append(p.seen, w.Body.String())
	return w.Code, w.Body.String(), w.Header()
}

// enter goes to the page of a scenario, and from there into its lab.
func (p *pupil) enter(scenario string) {
	p.t.Helper()
	code, body, header := p.send("GET", "/lab/"+scenario, "")
	require.Equal(p.t, http.StatusSeeOther, code, body)
	p.lab = strings.TrimPrefix(header.Get("Location"), "/lab/~")
	synctest.Wait()
}

func (p *pupil) guide() (v guideView) {
	p.t.Helper()
	code, body, _ := p.send("GET", "/api/labs/"+p.lab+"/guide", "")
	require.Equal(p.t, http.StatusOK, code, body)
	require.NoError(p.t, json.Unmarshal([]byte(body), &v))
	return v
}

// does does something in the guide that must work.
func (p *pupil) does(body string) (answer struct {
	guideView
	Right *bool
	Parts []bool `json:"right_parts"`
	Page  string
}) {
	p.t.Helper()
	code, text, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", body)
	require.Equal(p.t, http.StatusOK, code, "%s: %s", body, text)
	require.NoError(p.t, json.Unmarshal([]byte(text), &answer))
	if answer.Page != "" {
		p.lab = strings.TrimPrefix(answer.Page, "/lab/~")
	}
	synctest.Wait()
	return answer
}

// acts does actions in the lab.
func (p *pupil) acts(actions string) {
	p.t.Helper()
	code, body, _ := p.send("POST", "/api/labs/"+p.lab+"/actions", actions)
	require.Equal(p.t, http.StatusOK, code, body)
}

// until asks until the guide is in a phase.
func (p *pupil) until(phase scenarios.Phase) guideView {
	p.t.Helper()
	for range 600 {
		v := p.guide()
		if v.Phase == phase && !v.Opening {
			return v
		}
		time.Sleep(100 * time.Millisecond)
	}
	v := p.guide()
	require.Failf(p.t, "never got there", "%s is not %s: %+v", v.Phase, phase, v.Verdict)
	return v
}

// predicts answers the question before the step, as the file says or not.
func (p *pupil) predicts(st scenarios.Step, right bool) {
	p.t.Helper()
	if st.Predict == nil {
		return
	}
	p.until(scenarios.Predicting)
	option := st.Predict.Answer
	if !right {
		option = (option + 1) % len(st.Predict.Options)
	}
	p.does(fmt.Sprintf(`{"do":"predict","option":%d,"confidence":"sure"}`, option))
}

// solves does what the file has as the step's solution, and waits for the goal.
func (p *pupil) solves(st scenarios.Step) {
	p.t.Helper()
	for _, a := range st.Solution {
		raw, err := json.Marshal(a.Action)
		require.NoError(p.t, err)
		p.acts(string(raw))
	}
	if st.Observe != nil {
		p.until(scenarios.Observing)
		return
	}
	p.until(scenarios.Explaining)
}

// sees answers what was observed.
func (p *pupil) sees(st scenarios.Step) {
	p.t.Helper()
	if st.Observe == nil {
		return
	}
	a := p.does(fmt.Sprintf(`{"do":"observe","option":%d}`, st.Observe.Answer))
	require.True(p.t, *a.Right)
}

// explains puts the sentence together, and goes on.
func (p *pupil) explains(st scenarios.Step) {
	p.t.Helper()
	var parts []string
	for _, part := range st.Because {
		if len(part) > 1 {
			parts = append(parts, part[0])
		}
	}
	if len(parts) > 0 {
		raw, err := json.Marshal(map[string]any{"do": "because", "parts": parts})
		require.NoError(p.t, err)
		p.does(string(raw))
	}
	p.does(`{"do":"next"}`)
}

func firstOrder(t *testing.T) *scenarios.Scenario {
	t.Helper()
	for _, s := range scenarios.Bundled() {
		if s.ID == "first-order" {
			return s
		}
	}
	require.Fail(t, "first-order is bundled")
	return nil
}
