package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The orchestrator takes its place on the map when orders are led, and what it
// cannot put right it asks a person for, with the reason and a way to help.
func TestAnOrchestratorIsOnTheMapAndAsksForAPerson(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"work":"0s","saga_timeout":"600ms"}`)
	v := browse(t, p, "/lab/~"+id, wide, high)
	v.live()
	v.until(`document.querySelector('#lens-map [data-service="orchestrator"]').hidden`)
	assert.True(t, ask[bool](v, `document.querySelector('#lens-map [data-topic="payment-commands"]').hidden`), "nobody sends commands")

	p.act(id, `{"set":{"saga":"orchestration"}}`, orderA, settled)
	v.until(`!document.querySelector('#lens-map [data-service="orchestrator"]').disabled`)
	v.until(`/1 record/.test(document.querySelector('#lens-map [data-topic="payment-commands"]').textContent)`)
	v.until(`document.querySelector('#lens-map [data-edge="s:orchestrator>t:payment-commands"]')`)
	v.until(`document.querySelector('#lens-topics .topic') && /saga-replies/.test(document.querySelector('#lens-topics').textContent)`)

	p.act(id, `{"decline":{"stock_out":"mouse"}}`, `{"fail":{"service":"payment","kind":"permanent","on":"RefundPayment","times":3}}`,
		`{"place_order":{"as":"B","items":[{"sku":"mouse","qty":1}]}}`, `{"wait_until":{"expr":"saga(\"B\").state == \"needs_person\"","within":"10s"}}`)
	v.until(`[...document.querySelectorAll('[data-cause-for^="saga-"]')].some(e => e.offsetParent !== null && /needs a person, because payment did not answer RefundPayment/.test(e.textContent))`)
	v.until(`[...document.querySelectorAll('button')].some(b => b.textContent === 'Resend' && b.offsetParent !== null && (b.click(), true))`)
	v.until(`Object.values(window.__lab.board().sagas).every(s => s.state !== "needs_person") && Object.values(window.__lab.board().orders).some(o => o.status === "CANCELLED" && o.net === 0)`)
	v.until(`![...document.querySelectorAll('[data-cause-for^="saga-"]')].some(e => e.offsetParent !== null)`)
	v.quiet()
}
