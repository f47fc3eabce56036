package e2e

import "testing"

func TestAChangeOfSchemaIsCheckedBeforeItIsDeployed(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{"work":"0s"}`)
	p.act(id, orderA, settled)
	v := browse(t, p, "/lab/~"+id, 1440, 900)
	v.live()
	v.click(`#lens-topics .cell[data-offset="0"]`)
	v.click(`//section[@id='inspector']//button[starts-with(text(),'version ')]`)
	v.click(`//section[@id='inspector']//button[text()='a field more, required']`)
	v.until(`document.querySelector('#inspector .verdict[data-ok="false"]')?.textContent.includes('vat')`)
	v.until(`document.querySelector('#inspector [role=status]').textContent.includes('1 of 1 event on the log cannot be read')`)
	v.click(`//section[@id='inspector']//button[text()='a field more, with a default']`)
	v.until(`document.querySelectorAll('#inspector .verdict[data-ok="true"]').length === 2`)
	v.quiet()
}
