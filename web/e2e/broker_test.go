package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pick sets a field of the palette.
func (v *page) pick(name, value string) {
	v.t.Helper()
	require.True(v.t, ask[bool](v, fmt.Sprintf(`(() => { const e = document.querySelector('#palette [name=%s]'); e.value = %q;
		e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value === %q })()`, name, value, value)))
}

const ledBy1 = `Object.values(window.__lab.board().topics).flatMap(t => t.partitions).filter(p => p.leader === 1).length`

// The broker's chip says how much it leads: that goes to the others, and comes
// back, and orders go on all the while.
func TestABrokerTakenDownFromThePaletteIsSeenToLoseItsLeadersAndToGetThemBack(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.until(`document.querySelectorAll('.brokerchip').length === 3`)
	before := ask[float64](v, ledBy1)
	require.Positive(t, before)
	chip := ask[string](v, `document.querySelector('[data-broker="1"]').textContent`)

	v.click("#break")
	v.click(`[data-what="Take a broker down"]`)
	v.pick("id", "1")
	v.click(`#palette [type=submit]`)
	v.until(`document.querySelector('[data-broker="1"]').dataset.state === 'failed'`)
	v.until(`[...document.querySelectorAll('[data-cause-for="broker-1"]')].some(e => e.offsetParent !== null && /because you took it down/.test(e.textContent))`)
	v.until(ledBy1 + ` === 0`)
	v.until(`![...document.querySelectorAll('.row .leader')].some(e => e.textContent === 'b1')`)
	v.click("#place")
	v.until(`Object.values(window.__lab.board().orders)[0]?.status === "COMPLETED"`)

	// The button stands in the bar, beside what is wrong.
	v.until(`[...document.querySelectorAll('#faults button')].some(b => b.textContent === 'Repair' && (b.click(), true))`)
	v.until(`document.querySelector('[data-broker="1"]').dataset.state === 'ok'`)
	v.until(fmt.Sprintf(`%s === %v`, ledBy1, before))
	v.until(fmt.Sprintf(`document.querySelector('[data-broker="1"]').textContent === %q`, chip))
	v.until(`![...document.querySelectorAll('[data-cause-for="broker-1"]')].some(e => e.offsetParent !== null)`)
	p.act(v.labID(), settled)
	v.same(p, v.labID())
	v.quiet()
}

func TestALostAnswerAndAddedPartitionsAreSeenOnTheTapes(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	for _, s := range []string{"order", "payment", "inventory", "notification", "projector"} {
		p.act(id, fmt.Sprintf(`{"set":{"service":%q,"work":"0s"}}`, s))
	}
	p.act(id, `{"set":{"service":"order","idempotent_producer":false}}`)
	v.click("#break")
	v.click(`[data-what="Lose an answer"]`)
	v.click(`#palette [type=submit]`)
	v.until(`/answer to whoever writes to orders is lost/.test(document.querySelector('#faults').textContent)`)
	v.click("#place")
	v.until(`[...document.querySelectorAll('[data-topic="orders"] .note')].some(n => /is #0 again: its producer never heard the answer/.test(n.textContent))`)

	p.act(id, `{"burst":{"orders":20,"rate":50}}`, settled)
	v.click("#break")
	v.click(`[data-what="Add partitions"]`)
	v.pick("to", "5")
	v.click(`#palette [type=submit]`)
	v.until(`window.__lab.board().topics.orders.partitions.length === 5`)
	v.until(`/5 partitions now. That stays so/.test(document.querySelector('#said').textContent)`)
	p.act(id, `{"burst":{"orders":20,"rate":50}}`, settled)
	v.until(`[...document.querySelectorAll('[data-topic="orders"] .note')].some(n => /its order is kept no longer/.test(n.textContent))`)
	v.same(p, id)
	v.quiet()
}

func TestHelpSaysWhatTheSimulationLeavesOut(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.click("#help-open")
	v.click("#help .leftout summary")
	v.until(`document.querySelector('#help .limits').offsetParent !== null`)
	assert.Greater(t, ask[float64](v, `document.querySelectorAll('#help .limits dt').length`), 10.0)
	assert.Contains(t, ask[string](v, `document.querySelector('#help .limits').textContent`), "There is one copy of every partition")
	v.quiet()
}
