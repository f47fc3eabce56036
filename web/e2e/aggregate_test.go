package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// The events of an order, the state of every version, and what the event store
// does not let happen.
func TestTheAggregateLensShowsEveryVersionAndWhatIsRefused(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	v.do(chromedp.KeyEvent("4"))
	v.until(`/Place order/.test(document.querySelector('.aggempty').innerText)`)
	v.click("#place")
	v.until(`document.querySelectorAll('#lens-aggregate .ev').length === 4`)
	cells := func(name string) []string {
		return ask[[]string](v, `[...document.querySelectorAll('.foldt [data-value="`+name+`"]')].map(e => e.textContent)`)
	}
	assert.Equal(t, []string{"CREATED", "PAID", "RESERVED", "COMPLETED"}, cells("status"))
	assert.Equal(t, []string{"0.00", "49.00", "49.00", "49.00"}, cells("charged"))
	assert.Equal(t, []string{"CREATED", "PAID", "RESERVED", "COMPLETED"}, ask[[]string](v, `[...document.querySelectorAll('.foldt td.ch [data-value="status"]')].map(e => e.textContent)`), "bold is what changed")

	// The slider, by keys.
	ask[bool](v, `(document.querySelector('.vslide').focus(), true)`)
	v.do(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight))
	v.until(`document.querySelector('#lens-aggregate').dataset.version === "2"`)
	v.until(`document.querySelector('.vslide').getAttribute('aria-valuetext') === "v2 of 4, OrderPaid"`)
	v.until(`document.querySelectorAll('.ev.after').length === 2 && /PAST/.test(document.querySelector('.agghead').innerText) && document.activeElement.matches('.vslide')`)
	v.until(`/Because v2 OrderPaid says so, at .*caused by payments p\d #0, PaymentCompleted\./s.test(document.querySelector('[data-why-value="status"]').innerText)`)
	v.until(`[...document.querySelectorAll('.foldcode .run')].map(e => e.textContent).join(' ').includes('case "OrderPaid"')`)
	v.until(`/When was it paid/.test(document.querySelector('.forgot').innerText)`)

	// A value says why, and leads to the version that set it.
	v.click(`[data-f="total4"]`)
	v.until(`/v1 OrderCreated says so/.test(document.querySelector('[data-why-value="total"]').innerText)`)
	v.click(`[data-why-value] .link`)
	v.until(`document.querySelector('#lens-aggregate').dataset.version === "1"`)
	v.click("#agg-newest")

	// Of two writers one is refused, and it stands where it wanted to be.
	v.click("#try-race")
	v.until(`document.querySelectorAll('#lens-aggregate .ev').length === 5 && document.querySelectorAll('#lens-aggregate .late').length === 1`)
	v.until(`[...document.querySelectorAll('.writers li')].map(e => e.dataset.state).sort().join() === "ok,refused" && /is at version 5, not 4/.test(document.querySelector('.writers').innerText)`)
	v.click("#try-tamper")
	v.until(`/events are never changed; append a new one[^]*events are never deleted[^]*v5 is as it was/.test(document.querySelector('[data-out=tamper]').innerText)`)
	v.click("#try-ask")
	v.until(`/5 events of 1 order were read/.test(document.querySelector('[data-out=ask]').innerText)`)
	v.click("#try-load")
	v.until(`/no snapshot: all 5 events are read/.test(document.querySelector('[data-out=load]').innerText)`)

	// As a table it is the rows of the event store.
	v.click("#table")
	v.until(`document.querySelectorAll('.foldtable tbody tr').length === 5 && /OrderAmended[^]*(Quay|Mill|Harbour|Station)/.test(document.querySelector('.foldtable').innerText)`)
	v.click("#table")

	// The past of the lab is the past of the stream, and nothing is tried there.
	v.until(`document.querySelectorAll('#lens-aggregate .ev').length === 5`) // the columns are back, and may still be scrolling
	ask[bool](v, `(document.querySelector('.ev[data-version="2"]').click(), true)`)
	v.until(`document.querySelector('#lens-aggregate').dataset.version === "2"`)
	ask[bool](v, `([...document.querySelectorAll('.agg aside .link')].find(e => /whole lab/.test(e.textContent)).click(), true)`)
	v.until(`document.documentElement.dataset.past !== undefined && document.querySelectorAll('.ev').length === 5 && document.querySelectorAll('.ev.after').length === 3`)
	v.until(`/status\s*PAID/.test(document.querySelector('.crud').innerText) && document.querySelector('#try-race').disabled`)
	v.quiet()
}
