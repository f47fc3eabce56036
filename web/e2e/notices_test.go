package e2e

import "testing"

func TestThePageSaysWhatWaitsForAPersonAndWhatForItsNextTry(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"work":"0s","services":{"payment":{"backoff":"30s"}}}`)
	v := browse(t, p, "/lab/~"+id, 1440, 900)
	v.live()
	p.act(id, `{"fail":{"service":"payment","times":1,"error":"the bank is closed"}}`, orderA)
	v.until(`document.querySelector('.notice .chip.waiting')?.textContent === 'TRY 2 OF 4'`)
	v.until(`/ in \d+\.\d s, because the bank is closed/.test(document.querySelector('.notices').textContent)`)
	p.act(id, `"heal"`, `{"publish":{"topic":"inventory","key":"user-1","value":"{oops"}}`)
	v.until(`/\d DEAD LETTER/.test(document.querySelector('.notice .chip.dead')?.textContent)`)
	v.click(`.notice [data-do="letters"]`)
	v.until(`document.querySelector('#inspector h1').textContent === 'inventory.dlq'`)
	v.quiet()
}
