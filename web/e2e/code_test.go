package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The line that is marked is the one at which the instance stands: a step moves
// it on, because the handler has moved.
func TestTheCodeLensMarksWhereAnInstanceStands(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"work":"5s"}`)
	v := browse(t, p, "/lab/~"+id+"?lens=code", 1440, 900)
	v.do(chromedp.WaitVisible(`.src li[data-line="1"]`))
	p.act(id, orderA)
	v.until(`window.__lab.board().services.payment.seats[0].doing?.event_type === 'OrderCreated'`)
	p.act(id, `"freeze"`)
	v.until(`document.querySelector('.src li[data-run="here"]')?.textContent.includes('Clock.Sleep(ctx, w.settings.Work)')`)
	v.until(`[...document.querySelectorAll('.src li[data-run="here"] .cwho b')].some((who) => who.textContent === 'pay-1')`)
	v.click(`.cseat .link`) // its handler
	v.until(`document.querySelector('.chead h2')?.textContent === 'Payment' && document.querySelector('.csrc').scrollTop > 0`)
	p.act(id, `"step"`)
	v.click(`//div[contains(@class,'cseat')]//button[text()='pay-1']`)
	v.until(`document.querySelector('.src li[data-run="here"]')?.textContent.includes('select') || document.querySelector('.chead .mono').textContent === 'consume.go'`)
	v.quiet()
}
