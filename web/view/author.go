package view

// AuthorPage is what the author studio starts with.
type AuthorPage struct {
	May     bool   // the visitor may have scenarios proven and played
	Nonce   string // under which the editor may write its style sheet
	Library []LibraryScenario
}

// LibraryScenario is a scenario to begin from.
type LibraryScenario struct {
	ID, Title string
}
