package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/scenarios"
)

// learner walks through a scenario in a browser with nothing but the keyboard.
// What is answered stands in the scenario's file; what is done is the step's
// solution, by the controls of the page.
type learner struct {
	*page
	p *program
	s *scenarios.Scenario
}

// learned are the scenarios that are walked from the learner's door to the end.
var learned = []string{"first-order", "partition-keys", "double-charge"}

func bundled(t *testing.T, id string) *scenarios.Scenario {
	t.Helper()
	i := slices.IndexFunc(scenarios.Bundled(), func(s *scenarios.Scenario) bool { return s.ID == id })
	require.GreaterOrEqual(t, i, 0, "there is no scenario %s", id)
	return scenarios.Bundled()[i]
}

// press presses a key so many times.
func (l *learner) press(key string, times ...int) {
	l.t.Helper()
	n := 1
	if len(times) > 0 {
		n = times[0]
	}
	for range n {
		l.do(chromedp.KeyEvent(key))
	}
}

// tabTo presses Tab until the focus is on what a selector names.
func (l *learner) tabTo(selector string) {
	l.t.Helper()
	for range 250 {
		if ask[bool](l.page, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		l.press(kb.Tab)
	}
	require.Fail(l.t, "the focus never came to "+selector, ask[string](l.page, "document.activeElement.outerHTML.slice(0, 300)"))
}

// onPage waits until single keys reach the page: while somebody writes, they
// do not.
func (l *learner) onPage(key string) {
	l.t.Helper()
	if ask[bool](l.page, "document.activeElement.matches('input, select, textarea')") {
		l.press(kb.Tab)
		for range 20 {
			if !ask[bool](l.page, "document.activeElement.matches('input, select, textarea')") {
				break
			}
			l.press(kb.Tab)
		}
	}
	l.press(key)
}

// phase waits for a phase of a step.
func (l *learner) phase(step int, phase scenarios.Phase) {
	l.t.Helper()
	l.until(fmt.Sprintf(`document.documentElement.dataset.guide === %q && (%q === 'finished' || document.querySelector('.stepnames summary').textContent.startsWith('Step %d '))`, phase, phase, step+1))
}

// choose picks an option of the question that has the focus.
func (l *learner) choose(option int) {
	l.t.Helper()
	l.press(" ")
	l.press(kb.ArrowDown, option)
}

// pick sets a select that has the focus.
func (l *learner) pick(value string) {
	l.t.Helper()
	at := ask[int](l.page, fmt.Sprintf("[...document.activeElement.options].findIndex((o) => o.value === %q)", value))
	require.GreaterOrEqual(l.t, at, 0, "there is no %s to choose", value)
	l.press(kb.Home)
	l.press(kb.ArrowDown, at)
}

// acts does an action by the controls of the page.
func (l *learner) acts(a lab.Action) {
	l.t.Helper()
	raw, err := json.Marshal(a)
	require.NoError(l.t, err)
	var named map[string]struct {
		User, Method, Service, At, On, Expr, Event, Order string
		Items                                             []struct{ SKU string }
		Seats                                             int `json:"instances"`
	}
	if a.Name != "set" { // whose arguments are read where it is done
		require.NoError(l.t, json.Unmarshal(raw, &named), string(raw))
	}
	args := named[a.Name]
	switch a.Name {
	case "place_order":
		if !ask[bool](l.page, "document.getElementById('orderbox').open") {
			l.tabTo("#orderbox > summary")
			l.press(kb.Enter)
		}
		for name, value := range map[string]string{"user": args.User, "sku": args.Items[0].SKU, "method": args.Method} {
			if value != "" {
				l.tabTo("#order-form [name=" + name + "]")
				l.pick(value)
			}
		}
		before := ask[int](l.page, "Object.keys(window.__lab.board().orders).length")
		l.onPage("o")
		l.until(fmt.Sprintf("Object.keys(window.__lab.board().orders).length > %d", before))
	case "scale":
		l.breaks("Number of seats", [][2]string{{"service", args.Service}}, "instances", args.Seats)
	case "crash":
		titles := map[string]string{"": "Crash it now", "now": "Crash it now", "before_handle": "Crash before the work", "after_handle": "Crash after the work", "after_write": "Crash after the write"}
		l.breaks(titles[args.At], [][2]string{{"service", args.Service}, {"on", args.On}}, "", 0)
	case "set":
		l.sets(raw)
	case "duplicate":
		l.duplicates(args.Event, args.Order)
	case "restart", "heal":
		l.until("document.querySelector('#faults [data-act]')")
		l.tabTo("#faults [data-act]")
		l.press(kb.Enter)
	case "wait_until":
		require.Eventually(l.t, func() bool { return l.p.eval(l.labID(), args.Expr) == true }, 30*time.Second, 100*time.Millisecond, args.Expr)
	case "wait":
	default:
		require.Fail(l.t, "the test does not know how a learner does this by keyboard", string(raw))
	}
}

// breaks does an item of the palette. A number field comes last.
func (l *learner) breaks(title string, fields [][2]string, number string, value int) {
	l.t.Helper()
	// A key that comes while the page is busy with the step is not heard: a
	// person would press it again.
	open := "document.getElementById('palette').matches(':popover-open')"
	for range 20 {
		l.onPage("f")
		if ask[bool](l.page, "new Promise((done) => setTimeout(() => done("+open+"), 300))") {
			break
		}
	}
	l.until(open)
	l.tabTo(fmt.Sprintf("#palette .pick[data-what=%q]", title))
	l.press(kb.Enter)
	for _, field := range fields {
		if field[1] != "" {
			l.tabTo("#palette .how [name=" + field[0] + "]")
			l.pick(field[1])
		}
	}
	if number != "" {
		l.tabTo("#palette .how [name=" + number + "]")
		l.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(2))) // all of it
		l.press(fmt.Sprint(value))
	}
	l.tabTo("#palette .how [type=submit]")
	l.press(kb.Enter)
	l.until("!document.getElementById('palette').matches(':popover-open')")
}

// sets changes a setting, by the item of the palette that is about it.
func (l *learner) sets(raw []byte) {
	l.t.Helper()
	var set struct{ Set map[string]any }
	require.NoError(l.t, json.Unmarshal(raw, &set))
	titles := map[string]string{"idempotent": "Deduplication", "dead_letter": "Dead letters", "outbox": "Outbox", "upcast": "Upcaster", "retries": "Retries", "commit": "When it saves its position"}
	for name, value := range set.Set {
		switch {
		case name == "service":
		case name == "key" || name == "saga":
			l.breaks(map[string]string{"key": "Record key", "saga": "Who leads an order"}[name], [][2]string{{name, fmt.Sprint(value)}}, "", 0)
		default:
			l.breaks(titles[name], [][2]string{{"service", fmt.Sprint(set.Set["service"])}, {"value", fmt.Sprint(value)}}, "", 0)
		}
	}
}

// duplicates opens the newest record of an event on its tape, and has it written
// a second time.
func (l *learner) duplicates(event, order string) {
	l.t.Helper()
	at := ask[string](l.page, fmt.Sprintf(`(() => { const b = window.__lab.board(); const id = Object.values(b.orders).find((o) => o.handle === %q).id;
		for (const [t, tape] of Object.entries(b.tapes)) for (const [p, one] of Object.entries(tape)) for (const r of Object.values(one.records)) if (r.event_type === %q && r.order === id) return t + ' ' + p + ' ' + r.offset; })()`, order, event))
	var topic string
	var partition, offset int
	_, err := fmt.Sscan(at, &topic, &partition, &offset)
	require.NoError(l.t, err, at)
	row := fmt.Sprintf(`[data-topic=%s] [data-partition=p%d] `, topic, partition)
	l.tabTo(row + ".cell")
	for range 60 {
		now := ask[int](l.page, "Number(document.activeElement.dataset.offset)")
		if now == offset {
			break
		}
		if now < offset {
			l.press(kb.ArrowRight)
		} else {
			l.press(kb.ArrowLeft)
		}
	}
	l.press(kb.Enter)
	l.until("!document.getElementById('inspector').hidden")
	l.until("[...document.querySelectorAll('#inspector button')].some((b) => b.textContent === 'Duplicate this record')")
	for range 60 {
		if ask[bool](l.page, "document.activeElement.textContent === 'Duplicate this record'") {
			break
		}
		l.press(kb.Tab)
	}
	l.press(kb.Enter)
	l.press(kb.Escape)
}

// step walks through one step. The first answer to what was observed is wrong
// where there is a choice: it can be answered again.
func (l *learner) step(i int) {
	l.t.Helper()
	st := l.s.Steps[i]
	if st.Predict != nil {
		l.phase(i, scenarios.Predicting)
		l.until("document.getElementById('place').disabled && !document.getElementById('gate').hidden")
		l.onPage("p")
		l.choose(st.Predict.Answer)
		l.tabTo("[data-part=predict] [name=sure]")
		l.choose(2)
		l.tabTo("[data-part=predict] [type=submit]")
		l.press(kb.Enter)
	}
	l.phase(i, scenarios.Doing)
	for _, a := range st.Solution {
		l.acts(a.Action)
	}
	if o := st.Observe; o != nil {
		l.phase(i, scenarios.Observing)
		l.onPage("p")
		if o.Expr != "" {
			l.until("document.activeElement.name === 'value'")
			l.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(2))) // all of it
			l.press(fmt.Sprint(l.p.eval(l.labID(), o.Expr)))
		} else {
			l.choose((o.Answer + 1) % len(o.Options))
			l.tabTo("[data-part=observe] [type=submit]")
			l.press(kb.Enter)
			l.until("document.querySelector('[data-part=observe] .note')")
			l.onPage("p")
			l.choose(o.Answer)
		}
		l.tabTo("[data-part=observe] [type=submit]")
		l.press(kb.Enter)
	}
	l.phase(i, scenarios.Explaining)
	l.explains(st)
	l.tabTo("#continue")
	l.press(kb.Enter)
}

// explains puts the sentence together.
func (l *learner) explains(st scenarios.Step) {
	l.t.Helper()
	slot := 0
	for _, part := range st.Because {
		if len(part) < 2 {
			continue
		}
		name := fmt.Sprintf("because-%d", slot)
		if slot == 0 {
			l.onPage("p")
		}
		l.tabTo("[name=" + name + "]")
		l.choose(ask[int](l.page, fmt.Sprintf("[...document.querySelectorAll('[name=%s]')].findIndex((one) => one.value === %q)", name, part[0])))
		slot++
	}
	if slot > 0 {
		l.tabTo("[data-part=explain] [type=submit]")
		l.press(kb.Enter)
	}
	l.until("!document.getElementById('continue').disabled")
}

// A learner comes through the door and walks scenarios to their end without
// ever touching a mouse.
func TestLearnerWalksScenariosByKeyboardAlone(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/", wide, high)
	l := &learner{page: v, p: p}
	for n, id := range learned {
		l.s = bundled(t, id)
		if n == 0 {
			l.tabTo(`a[href="/learn"].btn`)
			l.press(kb.Enter)
		} else {
			l.tabTo(`.finish a[href="/learn"]`)
			l.press(kb.Enter)
		}
		v.until(`location.pathname === '/learn'`)
		v.until(fmt.Sprintf(`document.querySelector('[data-scenario=%s][data-state=new]')`, id))
		l.tabTo(fmt.Sprintf(`[data-scenario=%s] a`, id))
		l.press(kb.Enter)
		v.until(`location.pathname.startsWith('/lab/~')`)
		v.live()
		for i := range l.s.Steps {
			l.step(i)
		}
		l.phase(0, scenarios.Finished)
		v.until(`document.querySelector('.finish')`)
		require.Contains(t, ask[string](v, `document.querySelector('.finish').innerText`), l.s.Steps[len(l.s.Steps)-1].Title)
	}
	l.tabTo(`.finish a[href="/learn"]`)
	l.press(kb.Enter)
	for _, id := range learned {
		v.until(fmt.Sprintf(`document.querySelector('[data-scenario=%s][data-state=done]')`, id))
	}
	v.quiet()
}

// Where a task is to be done stands out on the figures, in a lens that was
// closed too, and not for ever.
func TestATaskIsShownItsPlace(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/at-least-once?lens=topics", wide, high)
	v.live()
	v.until(`document.documentElement.dataset.guide === 'predict'`)
	v.click(`.choices label`)
	v.click(`.sure label`)
	v.click(`[data-part=predict] [type=submit]`)
	v.click(`.ticks .where`)
	v.until(`document.querySelector('#lens-map .svc[data-service=payment]').matches('[data-where]') && !document.querySelector('#lens-map').hidden`)
	v.until(`!document.querySelector('[data-where]')`)

	// A minute and a half goes by, and nothing was reached.
	assert.True(t, ask[bool](v, `document.querySelector('.hintwait').hidden`))
	ask[bool](v, `((now) => { performance.now = () => now() + 91_000; return true; })(performance.now.bind(performance))`)
	v.until(`/A hint costs nothing/.test(document.querySelector('.hintwait').textContent) && document.querySelector('#hint').matches('[data-offer]')`)
	v.quiet()
}
