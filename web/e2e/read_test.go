package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

const placeB = `{"place_order":{"as":"B","user":"user-2","items":[{"sku":"mouse","qty":1}]}}`

// The copy is late, the lens says how late and why, the user's page shows it as
// a real query is answered, and each cure does what it can.
func TestTheReadLensShowsALateCopyAndItsCures(t *testing.T) {
	p := serve(t, 3)
	v := browse(t, p, "/lab/free", wide, high)
	v.live()
	id := v.labID()
	v.do(chromedp.KeyEvent("5"))
	v.until(`/Place an order/.test(document.querySelector('#lens-read .empty').textContent)`)
	p.act(id, `{"set":{"service":"projector","work":"10ms"}}`)
	v.until(`!document.querySelector('#lens-read').hidden`)
	p.act(id, `{"pause":"projector"}`, placeB, `{"wait_until":{"expr":"order(\"B\").status == \"COMPLETED\"","within":"20s"}}`)

	v.until(`document.querySelector('.readside').dataset.state === 'stale' && /STALE, \d+\.\d s/.test(document.querySelector('.readside .chip').textContent)`)
	v.until(`/^Stale because you paused the projector: \d events of B are not applied yet\.$/.test(document.querySelector('[data-cause-for^="read-"]').textContent)`)
	v.until(`document.querySelectorAll('.transit .cell[data-order=B][data-state=waiting]').length === 5`)
	v.until(`/404/.test(document.querySelector('.seen header').textContent) && /not in the read model yet, because you paused/.test(document.querySelector('.seen').textContent)`)
	v.until(`/now 5, most 5/.test(document.querySelector('.stalefig').textContent)`)

	ask[bool](v, `(document.querySelector("[data-cure=own]").click(), true)`) // what the user's own command was answered with
	v.until(`document.querySelector('.seen').dataset.source === 'own_write' && /Waiting for payment/.test(document.querySelector('.seen').textContent)`)
	ask[bool](v, `(document.querySelector("[data-cure=own]").click(), true)`)
	ask[bool](v, `(document.querySelector("[data-cure=wait]").click(), true)`) // the query is answered when the copy has it
	v.until(`/waits for version 4/.test(document.querySelector('.seen header').textContent)`)
	v.click(`[data-do=projector]`)
	v.until(`/Answered after .* with version 4/.test(document.querySelector('.outcome').textContent)`)
	v.until(`document.querySelector('.seen').dataset.source === 'read_model' && document.querySelector('.readside').dataset.state === 'ok'`)
	v.until(`document.querySelectorAll('.readlist tbody tr').length === 1`)

	// Built anew while the old one answers.
	p.act(id, `{"set":{"service":"projector","work":"1s"}}`, `{"burst":{"orders":4,"rate":20}}`, `{"wait_until":{"expr":"settled","within":"60s"}}`)
	v.click(`[data-do=rebuild]`)
	v.until(`document.querySelector('.rebuildbar progress') && document.querySelector('.readside .bigstatus').textContent.trim() === 'COMPLETED'`)
	v.until(`document.querySelector('.rebuildbar').dataset.state === 'done'`)

	// The past is the board's: late again, and nothing to press.
	v.click(`.stream tbody:last-child tr:last-child .link`)
	v.click(`[data-do=show]`)
	v.until(`document.querySelector('.readside')?.dataset.state === 'stale' && /as it was/.test(document.querySelector('.seen header').textContent)`)
	v.until(`[...document.querySelectorAll('#lens-read [data-act]')].every(one => one.disabled)`)
	v.click("#table")
	v.until(`/COMPLETED/.test(document.querySelector('#lens-read .tscroll tbody').textContent) && !document.querySelector('#lens-read > .tscroll').hidden`)
	v.quiet()
}
