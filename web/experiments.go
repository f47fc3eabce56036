package web

import (
	"net/http"

	"eddy/lab/beyond"
)

// offered is an experiment as a page offers it.
type offered struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Switch  string `json:"switch"`
	Ask     string `json:"ask"`
	File    string `json:"file"` // id of its source
	Explain string `json:"explain"`
}

// experiments lists what can be tried beyond the shop's patterns; the action
// experiment runs one.
func (s *Server) experiments(w http.ResponseWriter, r *http.Request) error {
	all := []offered{}
	for _, e := range beyond.Experiments {
		all = append(all, offered{Name: e.Name, Title: e.Title, Switch: e.Switch, Ask: e.Ask, File: "pattern/" + e.File, Explain: e.Explain})
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}
