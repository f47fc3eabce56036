package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/web/view"
)

// freeCookie names the free lab that a browser opened last.
const freeCookie = "eddy_free"

const cookieAge = 7 * 24 * time.Hour

// freeWork slows the services of a free lab down until people can follow.
const freeWork = lab.Duration(500 * time.Millisecond)

// home is the front door.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	page := view.HomePage{Version: s.cfg.Version}
	if id, ok := s.ownFreeLab(r); ok {
		page.Continue = "/lab/~" + id
	}
	if one, at, err := s.inTheMiddle(r); err != nil {
		return err
	} else if one != nil {
		page.Learn, page.LearnAt = "/lab/"+one.ID, at
	}
	s.render(w, r, http.StatusOK, view.Home(page))
	return nil
}

// labPage is every page below /lab/. A name is a scenario, "free", "open", or
// "~" and the id of a lab.
func (s *Server) labPage(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	switch id, isID := strings.CutPrefix(name, "~"); {
	case name == "free":
		return s.freeLab(w, r)
	case name == openID || isID && id == openID:
		return s.openLab(w, r)
	case isID:
		return s.drawLab(w, r, id, s.labTitle(id))
	}
	return s.scenarioLab(w, r, name)
}

// freeLab leads to the visitor's own free lab, or to a new one. This GET makes
// something, so browsers that only look ahead get nothing.
func (s *Server) freeLab(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead || looksAhead(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	id, ok := s.ownFreeLab(r)
	if !ok || r.URL.Query().Get("new") != "" {
		settings := lab.DefaultSettings()
		for name, svc := range settings.Services {
			svc.Work = freeWork
			settings.Services[name] = svc
		}
		var err error
		if id, err = s.newLab(r, settings, lab.Options{}); err != nil {
			return err
		}
	}
	s.setCookie(w, r, freeCookie, id, cookieAge)
	to := url.URL{Path: "/lab/~" + id}
	if lens := r.URL.Query().Get("lens"); lens != "" { // a link may name what is open
		to.RawQuery = url.Values{"lens": {lens}}.Encode()
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

func looksAhead(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch")
}

// ownFreeLab is the living lab that the visitor's cookie names.
func (s *Server) ownFreeLab(r *http.Request) (id string, ok bool) {
	c, err := r.Cookie(freeCookie)
	if err != nil || c.Value == openID {
		return "", false
	}
	_, err = s.cfg.Labs.Get(c.Value)
	return c.Value, err == nil
}

// openLab is the page of the lab that listens for any Kafka client. A teacher
// elsewhere hands the key over once, in the address, and is sent on without it.
func (s *Server) openLab(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.cfg.Labs.Get(openID); err != nil {
		return lab.Errorf(lab.NotFound, "There is no open lab on this server. Start it with: eddy serve --kafka-listen 127.0.0.1:9092")
	}
	if s.tookKey(w, r) {
		return nil
	}
	return s.drawLab(w, r, openID, "Open lab")
}

func (s *Server) drawLab(w http.ResponseWriter, r *http.Request, id, title string) error {
	if err := s.mayUse(r, id); err != nil {
		return err
	}
	world, err := s.cfg.Labs.Get(id)
	if err != nil {
		return s.orGoOn(w, r, id, err)
	}
	board, _ := world.Snapshot()
	var limits []view.Limit
	for _, l := range lab.Limits() {
		limits = append(limits, view.Limit(l))
	}
	page := view.LabPage{
		ID: id, Title: title, Open: id == openID, Addrs: world.Addrs(), Board: board, Teacher: s.fromTeacher(r), Part: r.URL.Query().Has("part"), Figure: r.URL.Query().Get("part") == "figure", Limits: limits,
	}
	if g := s.guides.in(id); g != nil {
		if page.Guide, err = json.Marshal(g.view()); err != nil {
			return fmt.Errorf("write the guide: %w", err)
		}
		page.Scenario = g.guide.Scenario().ID
	}
	s.render(w, r, http.StatusOK, view.Lab(page))
	return nil
}

func (s *Server) labTitle(id string) string {
	if g := s.guides.in(id); g != nil {
		return g.guide.Scenario().Title
	}
	return "Free lab"
}

// orGoOn leads a learner whose guided lab is no longer open to where the
// learner goes on; everybody else gets the error.
func (s *Server) orGoOn(w http.ResponseWriter, r *http.Request, id string, err error) error {
	run, ok, kept := s.cfg.Keep.RunIn(r.Context(), knownLearner(r), id)
	if kept != nil || !ok {
		return errors.Join(kept, err)
	}
	to := url.URL{Path: "/lab/" + run.Progress.Scenario}
	if run.Progress.Phase == scenarios.Finished {
		to.Path = "/learn"
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

// render sends a page. It is drawn first, so that half a page is never sent.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var body bytes.Buffer
	if err := page.Render(r.Context(), &body); err != nil {
		s.cfg.Log.Error("drawing a page", "route", r.Pattern, "error", err)
		http.Error(w, broken.Message, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body.Bytes()) // an error here means that the client is gone
}

// setCookie keeps a right in the browser: no script reads it, no other site's
// form or picture sends it.
// An age below 0 takes it away.
func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
}
