package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// choose sets a field of the palette as a person does.
func (v *page) choose(name, value string) {
	v.t.Helper()
	require.True(v.t, ask[bool](v, fmt.Sprintf(`(() => { const e = document.querySelector('#palette [name=%s]'); e.value = %q;
		e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value === %q })()`, name, value, value)))
}

// write replaces what stands in a text field.
func (v *page) write(selector, text string) {
	v.t.Helper()
	require.True(v.t, ask[bool](v, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); return true })()`, selector, text)))
}

// The lab stops before the handler; what is held is looked at, changed, let go,
// dropped.
func TestABreakpointHoldsAMessageThatIsChangedAndDropped(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	v.click("#break")
	v.click(`[data-what="Stop before a message"]`)
	v.choose("on", "OrderCreated")
	v.choose("when", "message.data.total_amount > 100 && nonsense")
	v.click(`#palette [type=submit]`)
	v.until(`/there are|valid are/.test(document.querySelector('#palette .refused').textContent)`)
	v.choose("when", "message.data.total_amount > 100")
	v.click(`#palette [type=submit]`)
	v.until(`/stops before OrderCreated at payment when/.test(document.querySelector('#faults').textContent)`)

	p.act(id, orderA)
	v.until(`!document.querySelector('#held').hidden`)
	v.until(`document.querySelector('#state').textContent.includes('FROZEN')`)
	require.Zero(t, p.eval(id, `order("A").charges`), "it stopped before the handler")
	shown := ask[string](v, `document.querySelector('#held').innerText + document.querySelector('#held textarea').value`)
	for _, want := range []string{"OrderCreated", "pay-1", "orders p", "user-7", `"total_amount": 2500`, "correlation-id"} {
		assert.Contains(t, shown, want)
	}

	v.write("#held textarea", "{oops")
	v.click(`[data-held="Change"]`)
	v.until(`/not JSON, at line 1/.test(document.querySelector('#held-wrong').textContent)`)
	require.Equal(t, "frozen", ask[string](v, `window.__lab.board().state`))
	changed := ask[string](v, `JSON.stringify({...JSON.parse(window.__lab.board().held[0].value), data: {...JSON.parse(window.__lab.board().held[0].value).data, total_amount: 9900}})`)
	v.write("#held textarea", changed)
	v.click(`[data-held="Change"]`)
	v.until(`document.querySelector('#held').hidden && window.__lab.board().state === "live"`)
	p.act(id, settled, `{"expect":"order(\"A\").charged == 9900 && order(\"A\").total == 2500"}`)

	p.act(id, `{"place_order":{"as":"B","user":"user-7","items":[{"sku":"mouse","qty":1}]}}`)
	v.until(`!document.querySelector('#held').hidden`)
	v.click(`[data-held="Drop"]`)
	p.act(id, settled, `{"expect":"order(\"B\").charges == 0 && lag(\"payment\") == 0"}`)
	v.until(`document.querySelector('#lens-topics .cell[data-state=lost]')`)

	v.click(`#faults .btn[data-act]`) // Remove
	v.until(`window.__lab.board().breakpoints.length === 0`)
	v.quiet()
}

// A letter is read with its reason, repaired and sent back, or thrown away.
func TestADeadLetterIsRepairedAndSentBackFromThePage(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, `{"fail":{"service":"payment","kind":"permanent","error":"the total is null","times":2}}`, orderA,
		`{"place_order":{"as":"B","user":"user-7","items":[{"sku":"mouse","qty":1}]}}`, `{"wait_until":"dead_letters(\"orders\") == 2"}`)

	v.click(".mapfig .dlq")
	v.until(`/because the total is null/.test(document.querySelector('#inspector').textContent) && /Discarding is final/.test(document.querySelector('#inspector').textContent)`)
	v.click(`#inspector .seatcard [data-do="Discard for good"]`)
	v.until(`window.__lab.board().dead_letters.filter(l => l.state === "discarded").length === 1`)
	v.until(`document.querySelectorAll('#inspector [data-do="Repair it"]').length === 1`) // drawn anew: the discarded one has no buttons
	v.click(`#inspector [data-do="Repair it"]`)
	v.write(`#inspector .repair:not([hidden]) textarea`, "{oops")
	v.click(`#inspector .repair:not([hidden]) .btn`)
	v.until(`/not JSON/.test(document.querySelector('#inspector > .inspb > .refused').textContent)`)
	v.write(`#inspector .repair:not([hidden]) textarea`, ask[string](v, `window.__lab.board().tapes["orders.dlq"][window.__lab.board().dead_letters.find(l => l.state === "waiting").partition].records[1].value`))
	v.click(`#inspector .repair:not([hidden]) .btn`)
	v.until(`window.__lab.board().dead_letters.some(l => l.state === "redriven")`)
	p.act(id, settled, `{"expect":"order(\"B\").status == \"COMPLETED\" && order(\"A\").status == \"CREATED\" && dead_letters(\"orders\") == 0"}`)
	v.quiet()
}

// Sent back, a group handles its records again; the read side is built anew.
func TestAGroupIsSentBackAndTheReadSideRebuiltFromThePalette(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	p.act(id, `{"set":{"service":"payment","idempotent":false}}`, orderA, settled)
	v.click("#break")
	v.click(`[data-what="Send a group back"]`)
	v.click(`#palette [type=submit]`)
	p.act(id, `{"wait_until":"order(\"A\").charges == 2"}`)
	v.until(`document.querySelector('#promises [data-state=broken]')`)
	p.act(id, settled, `{"set":{"service":"projector","work":"200ms"}}`, `{"speed":0.1}`) // so that it is seen while it is read again
	v.click("#break")
	v.click(`[data-what="Rebuild the read side"]`)
	v.click(`#palette [type=submit]`)
	v.until(`/a new one: \d+ of \d+ read/.test(document.querySelector('[data-place="read model"]').textContent)`)
	p.act(id, `{"speed":4}`)
	v.until(`window.__lab.board().read_model.rebuild.state === "done"`)
	v.quiet()
}

// A cut cable is seen on the map, with its reason, and is mended there.
func TestACutServiceIsSeenOnTheMapAndMended(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	v.click("#break")
	v.click(`[data-what="Cut it off"]`)
	v.click(`#palette [type=submit]`)
	v.until(`document.querySelectorAll('#lens-map .edge.cut').length >= 2`)
	v.until(`/Payment is cut off from Kafka, because you cut the connection/.test(document.querySelector('#lens-map').textContent)`)
	p.act(id, orderA, `{"wait_until":"members(\"payment\") == 0"}`)
	v.until(`Object.values(window.__lab.board().orders).some(o => /cut off from kafka/.test(o.waiting))`)
	v.until(`document.querySelector('#faults .btn[data-act]')?.textContent === "Mend"`)
	v.click(`#faults .btn[data-act]`)
	v.until(`!document.querySelector('#lens-map .edge.cut')`)
	p.act(id, settled, `{"expect":"order(\"A\").status == \"COMPLETED\" && order(\"A\").charges == 1"}`)
	v.quiet()
}
