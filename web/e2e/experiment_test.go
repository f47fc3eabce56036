package e2e

import "testing"

func TestAnExperimentShowsBothRunsSideBySide(t *testing.T) {
	p := serve(t, 3)
	id := p.newLab(`{}`)
	v := browse(t, p, "/lab/~"+id+"?lens=code", 1440, 900)
	v.click(`//button[contains(@class,'cfile')][.//span[text()='Compacted changelog']]`)
	v.live()
	v.click(`.trial [data-do="without"]:not([disabled])`)
	v.until(`[...document.querySelectorAll('.trial tr')].some((row) => row.textContent.startsWith('records that had to be read') && row.children[1].textContent === '200' && row.children[2].textContent === '?')`)
	v.click(`.trial [data-do="with"]:not([disabled])`)
	v.until(`[...document.querySelectorAll('.trial tr')].some((row) => row.textContent.startsWith('records that had to be read') && Number(row.children[2].textContent) < 10)`)
	v.until(`document.querySelectorAll('.trial .because').length === 2`)
	v.quiet()
}
