package web

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

// What a learner had deleted stays deleted, also where a guided lab is still
// open in another tab and goes on.
func TestNothingOfALearnerComesBackFromAnOpenLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		p := school(t, store).pupil("")
		p.enter("first-order")
		runs, err := store.Runs(t.Context(), p.cookie)
		require.NoError(t, err)
		require.Len(t, runs, 1)

		secret := p.cookie
		code, body, _ := p.send("DELETE", "/api/me", "")
		require.Equal(t, http.StatusNoContent, code, body)
		p.cookie = secret
		code, _, _ = p.send("POST", "/api/labs/"+p.lab+"/guide", `{"do":"predict","option":0,"confidence":"think"}`)
		assert.Equal(t, http.StatusNotFound, code, "its lab has no guide any more, or is closed")
		synctest.Wait()
		runs, err = store.Runs(t.Context(), secret)
		require.NoError(t, err)
		assert.Empty(t, runs)
	})
}

// Where no fresh lab can be had, the learner goes on in the one that is there.
func TestALabThatCannotBeReplacedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(c *Config, f *fleet.Config) { c.Keep, f.Open, f.Max = memory(t), fleet.OpenLab, 1 })
		st.decode = lab.DecodeActions
		p := st.pupil("")
		p.enter("first-order")
		code, body, _ := p.send("GET", "/lab/first-order?new=1", "")
		require.GreaterOrEqual(t, code, 400, body)
		synctest.Wait()
		p.does(`{"do":"predict","option":0,"confidence":"think"}`)
		before := p.lab
		code, _, h := p.send("GET", "/lab/first-order", "")
		require.Equal(t, http.StatusSeeOther, code)
		assert.Equal(t, "/lab/~"+before, h.Get("Location"))
	})
}

// A link on a foreign page may lead into a scenario, but not end a run.
func TestAForeignLinkEndsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := school(t, memory(t))
		p := st.pupil("")
		p.enter("first-order")
		w := st.ask("GET", "/lab/first-order?new=1", "", header("Cookie", learnerCookie+"="+p.cookie), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"))
		require.Equal(t, http.StatusSeeOther, w.Code)
		assert.Equal(t, "/lab/~"+p.lab, w.Header().Get("Location"))
		_, _, own := p.send("GET", "/lab/first-order?new=1", "")
		assert.NotEqual(t, "/lab/~"+p.lab, own.Get("Location"))
	})
}
