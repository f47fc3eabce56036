package web

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/scenarios"
	"eddy/web/keep"
)

// From the first prediction to the end, over HTTP alone.
func TestALearnerIsLedThroughAScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := school(t, memory(t)).pupil("")
		p.enter("first-order")
		s := firstOrder(t)
		for i, st := range s.Steps {
			p.predicts(st, i > 0)
			p.solves(st)
			if st.Observe != nil {
				wrong := (st.Observe.Answer + 1) % len(st.Observe.Options)
				a := p.does(fmt.Sprintf(`{"do":"observe","option":%d}`, wrong))
				assert.False(t, *a.Right)
				assert.Nil(t, a.Observe.Answer, "a wrong answer does not tell the right one")
				assert.Equal(t, scenarios.Observing, a.Phase)
				_, board, _ := p.send("GET", "/api/labs/"+p.lab, "")
				assert.Contains(t, board, `"state":"frozen"`, "the lab stands still while something is asked about it")
			}
			p.sees(st)
			p.explains(st)
		}
		v := p.until(scenarios.Finished)
		require.NotNil(t, v.Finish)
		assert.Len(t, v.Finish.Learned, len(s.Steps))
		require.Len(t, v.Finish.Review, 1, "sure and wrong in the first step")
		assert.Equal(t, s.Steps[0].Title, v.Finish.Review[0].Step)

		_, body, _ := p.send("GET", "/learn", "")
		assert.Contains(t, body, `data-scenario="first-order" data-state="review due"`)
	})
}

// watch opens a live socket and collects what it is sent.
func (p *pupil) watch(net *pipes) (frames func() []string) {
	p.t.Helper()
	c := p.connect(net, p.lab, "")
	var mu sync.Mutex
	var all []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, string(data))
			mu.Unlock()
		}
	}()
	p.t.Cleanup(func() { c.Close(); <-ended })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// secrets are texts of a step that must not be there before their time.
func secrets(st scenarios.Step) (always, untilMet, untilExplained []string) {
	always = st.Hints
	if st.Observe != nil {
		untilMet = append(untilMet, st.Observe.Ask)
	}
	untilExplained = append(untilExplained, firstLine(st.Explain), firstLine(st.InProduction))
	for _, part := range st.Because {
		untilMet = append(untilMet, part...)
	}
	return always, untilMet, untilExplained
}

// firstLine is a piece of a text that is the same in markdown and in HTML.
func firstLine(md string) string {
	line, _, _ := strings.Cut(md, "\n")
	line, _, _ = strings.Cut(line, "*")
	line, _, _ = strings.Cut(line, "`")
	return strings.TrimSpace(line)
}

// Nothing that a learner is sent, by HTTP, as a page or over the socket, holds
// what has not been answered yet.
func TestNoAnswerIsThereBeforeItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := school(t, memory(t))
		net, _ := st.serve()
		p := st.pupil("")
		p.enter("first-order")
		frames := p.watch(net)
		s := firstOrder(t)
		everything := func() string {
			for _, path := range []string{"/lab/~" + p.lab, "/learn", "/", "/api/scenarios", "/api/scenarios/first-order", "/api/labs/" + p.lab + "/guide", "/api/labs/" + p.lab, "/api/labs/" + p.lab + "/journal"} {
				code, body, _ := p.send("GET", path, "")
				require.Equal(t, http.StatusOK, code, path)
				require.NotEmpty(t, body)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			return strings.Join(append(p.seen, frames()...), "\n")
		}
		never := func(when string, texts []string) {
			t.Helper()
			said := everything()
			for _, text := range texts {
				if len(text) > 12 { // a word such as "time" stands everywhere
					raw, err := json.Marshal(text)
					require.NoError(t, err)
					assert.NotContains(t, said, strings.Trim(string(raw), `"`), "%s", when)
					assert.NotContains(t, said, html.EscapeString(text), "%s", when)
				}
			}
		}
		for i, step := range s.Steps {
			hints, untilMet, untilExplained := secrets(step)
			p.until(scenarios.Predicting)
			never("before the prediction", slices.Concat(hints, untilMet, untilExplained))
			assert.Nil(t, p.guide().Predict.Answer, "step %d", i)
			for _, later := range s.Steps[i+1:] {
				never("in an earlier step", []string{later.Predict.Ask, firstLine(later.Explain), firstLine(later.Say)})
			}
			p.predicts(step, true)
			assert.Nil(t, p.guide().Predict.Answer, "the prediction is not judged before its time")
			never("before the goal is met", slices.Concat(hints, untilMet, untilExplained))
			p.solves(step)
			if step.Observe != nil {
				assert.Nil(t, p.guide().Predict.Answer)
				assert.Nil(t, p.guide().Observe.Answer)
				p.does(fmt.Sprintf(`{"do":"observe","option":%d}`, (step.Observe.Answer+1)%len(step.Observe.Options)))
				assert.Nil(t, p.guide().Observe.Answer, "a wrong answer does not tell the right one")
				never("before it was seen", append(untilExplained, step.Hints...))
			}
			p.sees(step)
			if len(step.Because) > 0 {
				never("before the sentence is right", untilExplained)
				var wrong []string
				for _, part := range step.Because {
					if len(part) > 1 {
						wrong = append(wrong, part[len(part)-1])
					}
				}
				raw, _ := json.Marshal(map[string]any{"do": "because", "parts": wrong})
				a := p.does(string(raw))
				assert.NotContains(t, a.Parts, true)
				never("after a wrong sentence", untilExplained)
			}
			p.explains(step)
		}
		assert.Contains(t, everything(), firstLine(s.Steps[0].Explain), "what the test looks for is found once it may be there")
	})
}

// The same order of parts on every visit, and not the right one first each time.
func TestPartsOfASentenceAreShuffled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := school(t, memory(t)).pupil("")
		p.enter("first-order")
		s := firstOrder(t)
		first := 0
		for i := range 2 {
			st := s.Steps[i]
			p.predicts(st, true)
			p.solves(st)
			p.sees(st)
			for n, part := range p.guide().Because {
				if len(part.Choices) > 0 && part.Choices[0] == st.Because[n][0] {
					first++
				}
			}
			p.explains(st)
		}
		assert.Less(t, first, 4)
	})
}

func TestAFreeLabHasNoGuide(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	for _, method := range []string{"GET", "POST"} {
		w := st.ask(method, "/api/labs/"+id+"/guide", `{"do":"next"}`)
		require.Equal(t, http.StatusNotFound, w.Code)
		assert.Contains(t, reasonOf(t, w).Message, "free one")
	}
	assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/nobody-knows/guide", "").Code)
	w := st.ask("GET", "/lab/no-such", "")
	require.Equal(t, http.StatusNotFound, w.Code)
	w = st.ask("GET", "/api/scenarios/no-such", "")
	require.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, reasonOf(t, w).Message, "no-such")
}

func TestWhatCannotBeDoneInAGuideIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := school(t, memory(t)).pupil("")
		p.enter("first-order")
		for body, want := range map[string]string{
			`{`:            "The body must be like",
			`{"do":"fly"}`: `no "fly" in a guide`,
			`{"do":"predict","option":9,"confidence":"sure"}`: "no option 9",
			`{"do":"predict","option":1,"confidence":"very"}`: "how sure are you",
			`{"do":"predict","confidence":"sure"}`:            "no option -1",
			`{"do":"observe","option":1}`:                     "nothing is asked",
			`{"do":"because","parts":["x"]}`:                  "no sentence",
			`{"do":"next"}`:                                   "lock in a prediction first",
			`{"do":"show"}`:                                   "nothing to show",
			`{"do":"undo"}`:                                   "not done anything",
		} {
			code, text, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", body)
			assert.GreaterOrEqual(t, code, 400, body)
			assert.Less(t, code, 500, body)
			assert.Contains(t, text, strings.ReplaceAll(want, `"`, `\"`), body)
		}
		p.does(`{"do":"predict","option":0,"confidence":"guess"}`)
		code, text, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", `{"do":"predict","option":1,"confidence":"sure"}`)
		assert.Equal(t, http.StatusConflict, code)
		assert.Contains(t, text, "locked in")
	})
}

// A learner is a cookie that no script reads; without it nobody learns how far
// somebody else is, or goes on in their place.
func TestProgressBelongsToItsLearner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := school(t, memory(t))
		ann := st.pupil("")
		w := st.ask("GET", "/lab/first-order", "")
		cookie := w.Result().Cookies()[0]
		assert.Equal(t, learnerCookie, cookie.Name)
		assert.True(t, cookie.HttpOnly)
		assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
		assert.GreaterOrEqual(t, len(cookie.Value)*5, 128)

		ann.enter("first-order")
		ann.predicts(firstOrder(t).Steps[0], true)
		lab := ann.lab
		for _, other := range []*pupil{st.pupil(""), st.pupil("short"), st.pupil(keep.NewLearner())} {
			_, body, _ := other.send("GET", "/learn", "")
			assert.Contains(t, body, `data-scenario="first-order" data-state="new"`)
			assert.NotContains(t, body, lab)
			other.enter("first-order")
			assert.NotEqual(t, lab, other.lab)
			assert.Equal(t, scenarios.Predicting, other.guide().Phase)
		}
		_, body, _ := ann.send("GET", "/learn", "")
		assert.Contains(t, body, `data-scenario="first-order" data-state="started"`)
		ann.enter("first-order")
		assert.Equal(t, lab, ann.lab)
		assert.Equal(t, scenarios.Doing, ann.guide().Phase)

		// A lab that is gone leads its learner on, and nobody else anywhere.
		require.Equal(t, http.StatusNoContent, st.ask("DELETE", "/api/labs/"+lab, "").Code)
		code, _, header := ann.send("GET", "/lab/~"+lab, "")
		assert.Equal(t, http.StatusSeeOther, code)
		assert.Equal(t, "/lab/first-order", header.Get("Location"))
		assert.Equal(t, http.StatusNotFound, st.ask("GET", "/lab/~"+lab, "").Code)
	})
}

// Browsers that only look ahead make no lab, and no learner.
func TestLookingAheadBeginsNothing(t *testing.T) {
	st := newSite(t)
	for _, w := range []*httptest.ResponseRecorder{
		st.ask("HEAD", "/lab/first-order", ""),
		st.ask("GET", "/lab/first-order", "", header("Sec-Purpose", "prefetch;prerender")),
	} {
		assert.Equal(t, http.StatusNoContent, w.Code)
		assert.Empty(t, w.Result().Cookies())
	}
	assert.Empty(t, st.labs)
	assert.Empty(t, st.ask("GET", "/learn", "").Result().Cookies(), "nor does looking at the way")
}

// A server that is started anew on the same data has the learner go on at the
// same step, in a lab that was brought there.
func TestTheWayGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory(t)
		s := firstOrder(t)
		p := school(t, store).pupil("")
		p.enter("first-order")
		p.predicts(s.Steps[0], true)
		p.solves(s.Steps[0])
		p.sees(s.Steps[0])
		p.explains(s.Steps[0])
		p.predicts(s.Steps[1], true)
		at := p.guide()

		p = school(t, store).pupil(p.cookie)
		p.enter("first-order")
		v := p.until(scenarios.Doing)
		assert.Equal(t, 1, v.Step)
		assert.Equal(t, at.Predict.Chosen, v.Predict.Chosen)
		assert.Equal(t, "COMPLETED", p.value(p.lab, `order("A").status`))
		p.solves(s.Steps[1])

		// While a question is asked about the moment at which the lab stands.
		p = school(t, store).pupil(p.cookie)
		p.enter("first-order")
		v = p.until(scenarios.Observing)
		assert.Equal(t, true, p.value(p.lab, s.Steps[1].Goal))
		_, board, _ := p.send("GET", "/api/labs/"+p.lab, "")
		assert.Contains(t, board, `"state":"frozen"`)
		p.sees(s.Steps[1])

		// And while the sentence is put together: what follows stands on it.
		p = school(t, store).pupil(p.cookie)
		p.enter("first-order")
		p.until(scenarios.Explaining)
		p.explains(s.Steps[1])
		p.predicts(s.Steps[2], true)
		p.solves(s.Steps[2])
		p.sees(s.Steps[2])
		p.explains(s.Steps[2])
		p.until(scenarios.Finished)
	})
}

func TestAStepIsBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := school(t, memory(t)).pupil("")
		p.enter("first-order")
		s := firstOrder(t)
		p.predicts(s.Steps[0], true)
		p.solves(s.Steps[0])
		p.sees(s.Steps[0])
		p.explains(s.Steps[0])
		p.predicts(s.Steps[1], false)

		// Undo takes the last thing back that was done in this step, and no more.
		p.acts(`{"scale":{"service":"payment","instances":0}}`)
		p.acts(`{"place_order":{"as":"Z","user":"user-9","items":[{"sku":"mouse","qty":1}]}}`)
		p.until(scenarios.Observing)
		before := p.lab
		p.does(`{"do":"undo"}`)
		assert.NotEqual(t, before, p.lab)
		v := p.until(scenarios.Doing)
		assert.Equal(t, 0.0, p.value(p.lab, `service("payment").instances`))
		assert.Equal(t, "", p.value(p.lab, `order("Z").status`))
		assert.True(t, v.Predict.Locked, "the prediction stays")
		assert.Equal(t, 0, v.Restarts)
		p.does(`{"do":"undo"}`)
		assert.Equal(t, 1.0, p.value(p.lab, `service("payment").instances`))
		code, text, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", `{"do":"undo"}`)
		assert.Equal(t, http.StatusConflict, code, "the step before is no part of it")
		assert.Contains(t, text, "not done anything")
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusNotFound, p.ask("GET", "/api/labs/"+before, "").Code, "the old lab is closed")

		p.acts(`{"place_order":{"as":"Y","user":"user-9","items":[{"sku":"mouse","qty":1}]}}`)
		p.does(`{"do":"restart_step"}`)
		v = p.until(scenarios.Doing)
		assert.Equal(t, 1, v.Step)
		assert.Equal(t, 1, v.Restarts)
		assert.True(t, v.Predict.Locked)
		assert.Equal(t, 1.0, p.value(p.lab, `len(orders)`))

		p.does(`{"do":"restart"}`)
		v = p.until(scenarios.Predicting)
		assert.Equal(t, 0, v.Step)
		assert.Equal(t, 0.0, p.value(p.lab, `len(orders)`))
		p.enter("first-order")
		assert.Equal(t, 0, p.guide().Step, "that is where the learner goes on")
	})
}

func TestHintsOpenOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := school(t, memory(t)).pupil("")
		p.enter("first-order")
		st := firstOrder(t).Steps[0]
		p.predicts(st, true)
		assert.Len(t, p.does(`{"do":"hint"}`).Hints, 1)
		code, text, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", `{"do":"hint"}`)
		assert.Equal(t, http.StatusConflict, code)
		assert.Contains(t, text, "tried something, or in 20 seconds")
		time.Sleep(hintAfter)
		assert.Len(t, p.does(`{"do":"hint"}`).Hints, 2)
		p.acts(`{"note":"something was tried"}`)
		v := p.does(`{"do":"hint"}`)
		assert.Len(t, v.Hints, 3)
		assert.False(t, v.Helped)

		p.does(`{"do":"show"}`)
		v2 := p.until(scenarios.Observing)
		assert.True(t, v2.Helped)
	})
}

func TestCaptionsSayWhatIsShown(t *testing.T) {
	for action, want := range map[string]string{
		`{"scale":{"service":"payment","instances":0}}`:                                "Scale: service payment, instances 0",
		`{"place_order":{"as":"A","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`: "Place order: as A, user user-1",
		`"freeze"`: "Freeze", `{"wait":"500ms"}`: "Wait: 500ms", `{"heal":"all"}`: "Heal: all", ``: "", `{`: "",
	} {
		assert.Equal(t, want, caption(action), action)
	}
}

// What a lab is brought back to where sessions must end is prepared beforehand.
func TestASpareLabIsReadyWhereARerunWouldBeSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := school(t, memory(t))
		p := st.pupil("")
		p.enter("first-order")
		s := firstOrder(t)
		p.predicts(s.Steps[0], true)
		p.acts(`{"crash":{"service":"payment"}}`)
		p.acts(`{"restart":{"service":"payment"}}`)
		p.solves(s.Steps[0])
		p.sees(s.Steps[0])
		p.explains(s.Steps[0])
		g := st.guides.in(p.lab)
		g.mu.Lock()
		spare := g.spare
		g.mu.Unlock()
		require.NotNil(t, spare)
		<-spare.ready
		require.NoError(t, spare.err)
		p.predicts(s.Steps[1], true)
		began := time.Now()
		p.does(`{"do":"restart_step"}`)
		assert.Equal(t, spare.id, p.lab)
		assert.Less(t, time.Since(began), 2*time.Second)
		p.until(scenarios.Doing)
		_, board, _ := p.send("GET", "/api/labs/"+p.lab, "")
		assert.Contains(t, board, `"state":"live"`)
		p.solves(s.Steps[1])
		assert.Equal(t, 2.0, p.value(p.lab, `len(orders)`))
	})
}

func TestATaskHasAPlaceOnThePage(t *testing.T) {
	for expr, place := range map[string]string{
		`service("payment").crashes >= 1 && any(orders, .charges >= 1)`: "service/payment",
		`members("notification") == 2`:                                  "service/notification",
		`dead_letters("payment-commands") > 0`:                          "topic/payment-commands",
		`read("B").version >= order("B").version`:                       "lens/read",
		`len(orders) >= 20`:                                             "place",
		`settled`:                                                       "",
	} {
		assert.Equal(t, place, where(expr), expr)
	}
}
