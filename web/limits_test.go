package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestActionsOfOneAddressAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		id, fake := st.newLab()
		post := func(addr string) int {
			return st.ask("POST", "/api/labs/"+id+"/actions", `"order"`, from(addr)).Code
		}
		for range actionsBurst {
			require.Equal(t, http.StatusOK, post("192.0.2.1"))
		}
		w := st.ask("POST", "/api/labs/"+id+"/actions", `"order"`, from("192.0.2.1"))
		assert.Equal(t, http.StatusTooManyRequests, w.Code)
		assert.Equal(t, lab.TooMany, reasonOf(t, w).Code)
		assert.Len(t, fake.did, actionsBurst)
		assert.Equal(t, http.StatusOK, post("192.0.2.2"), "others are not held up")

		after, err := strconv.Atoi(w.Header().Get("Retry-After"))
		require.NoError(t, err)
		time.Sleep(time.Duration(after) * time.Second)
		assert.Equal(t, http.StatusOK, post("192.0.2.1"))
	})
}

// A class sits behind one address. What it answers at once is taken; a single
// attempt that floods is held up, and costs the others nothing.
func TestAClassBehindOneAddressIsNotHeldUp(t *testing.T) {
	st := quizSite(t)
	school := from("192.0.2.1")
	answer := func(id string) int {
		return st.ask("PUT", "/api/attempts/"+id+"/answers/number", `{"answer":1}`, school).Code
	}
	var class []string
	for range actionsBurst / 2 {
		w := st.ask("POST", "/api/quizzes/secretive/attempts", `{"mode":"graded"}`, school)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		class = append(class, strings.TrimPrefix(w.Header().Get("Location"), "/api/attempts/"))
	}
	for range 10 {
		for _, id := range class {
			require.Equal(t, http.StatusOK, answer(id))
		}
	}
	held := false
	for range 2 * answersBurst {
		held = held || answer(class[0]) == http.StatusTooManyRequests
	}
	assert.True(t, held)
	assert.Equal(t, http.StatusOK, answer(class[1]))
}

func TestListOfActionsCostsItsLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(10, 100)
		assert.Zero(t, l.take("a", 60))
		assert.Positive(t, l.take("a", 60))
		assert.Zero(t, l.take("a", 40), "what was refused costs nothing")
		time.Sleep(10 * time.Second)
		assert.Zero(t, l.take("a", 500), "more than a bucket costs a bucket")
		assert.Equal(t, 100*time.Millisecond, l.take("a", 1))
	})
}

func TestNewLabsOfOneAddressAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.PerClient = 1000 })
		made := 0
		for range 100 { // as a browser that looks ahead over and over would
			w := st.ask("GET", "/lab/free?new=1", "", from("192.0.2.1"))
			if w.Code == http.StatusSeeOther {
				made++
				continue
			}
			assert.Equal(t, http.StatusTooManyRequests, w.Code)
			assert.NotEmpty(t, w.Header().Get("Retry-After"))
		}
		assert.Equal(t, labsBurst, made)
		time.Sleep(5 * time.Second)
		assert.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "", from("192.0.2.1")).Code)
	})
}

func TestOpenLabsOfOneAddressAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		for range 20 {
			require.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "", from("192.0.2.1")).Code)
		}
		w := st.ask("POST", "/api/labs", "", from("192.0.2.1"))
		assert.Contains(t, reasonOf(t, w).Message, "20 open labs from your address")
		assert.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "", from("192.0.2.2")).Code)
	})
}

func TestSocketActionsShareTheLimit(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		fake.add(1)
		st.limits.ownActions.take("127.0.0.1", ownFactor*actionsBurst)
		c := st.connect(p, id, "?from=1")
		c.say(`{"id":1,"action":"order"}`)
		assert.Equal(t, lab.TooMany, c.next().Error.Code)
	})
}

func TestWhoeverSitsAtTheMachineMayFillIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		for range 250 {
			require.Equal(t, http.StatusCreated, st.ask("POST", "/api/labs", "").Code)
		}
	})
}

func TestLimiterForgetsFullBucketsAndNeverGrowsBeyondItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 5)
		for i := range maxLimiters + 100 {
			l.take(fmt.Sprint(i), 1)
		}
		assert.Len(t, l.byAddr, maxLimiters)
		assert.Positive(t, l.take("a newcomer", 1), "those beyond share one bucket")
		time.Sleep(10 * time.Second)
		assert.Zero(t, l.take("a newcomer", 1))
		assert.Len(t, l.byAddr, 1, "all others were full again")
	})
}
