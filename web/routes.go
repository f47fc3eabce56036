package web

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"eddy/lab"
)

// routes is every route of Eddy.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, h handlerFunc) { mux.Handle(pattern, s.handle(h)) }

	on("GET /{$}", s.home)
	on("GET /lab/{name}", s.labPage)
	on("GET /twins/{id}/{right}", s.twinsPage)
	on("GET /me", s.mePage)
	on("POST /me/delete", s.forgetMe)
	on("GET /api/me", s.myData)
	on("DELETE /api/me", s.forgetMe)
	on("GET /quiz", s.quizzesPage)
	on("GET /quiz/{id}", s.quizPage)
	on("GET /learn", s.learnPage)
	on("GET /learn/{lesson}", s.lessonPage)
	on("GET /learn/glossary", s.glossaryPage)
	on("GET /api/lessons", s.lessonList)
	on("PUT /api/lessons/{lesson}/done", s.lessonDone)
	on("POST /api/lessons/{lesson}/lab", s.lessonLab)
	on("POST /api/lessons/{lesson}/compare/{n}/{side}", s.compareLab)
	on("GET /static/{file...}", s.static)

	on("GET /healthz", s.healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))

	on("POST /api/labs", s.orDraft(s.createLab))
	on("GET /api/labs/{id}", s.board(s.labPast))
	on("DELETE /api/labs/{id}", s.deleteLab)
	on("GET /api/labs/{id}/board", s.board(s.labPast))
	on("GET /api/labs/{id}/journal", s.journal(s.labPast))
	on("GET /api/labs/{id}/timeline", s.timeline(s.labPast))
	on("POST /api/labs/{id}/actions", s.actions)
	on("GET /api/labs/{id}/eval", s.eval)
	on("GET /api/labs/{id}/why", s.why(s.labPast))
	on("GET /api/labs/{id}/story", s.story(s.labPast))
	on("GET /api/labs/{id}/orders", s.orders)
	on("GET /api/labs/{id}/orders/{order}", s.order)
	on("GET /api/labs/{id}/staleness", s.staleness(s.labPast))
	on("GET /api/labs/{id}/stream", s.stream(s.labPast))
	on("POST /api/labs/{id}/stream/load", s.loadStream)
	on("POST /api/labs/{id}/stream/tamper", s.tamper)
	on("POST /api/labs/{id}/ask", s.ask)
	on("GET /api/fold", s.foldCode)
	on("GET /api/labs/{id}/live", s.live)
	on("POST /api/labs/{id}/again", s.again)
	on("POST /api/labs/{id}/twins", s.twins)
	on("GET /api/labs/{id}/compare", s.compare)

	on("GET /api/scenarios", s.scenarioList)
	on("GET /api/scenarios/{id}", s.scenarioOutline)
	on("GET /api/labs/{id}/guide", s.guideView)
	on("POST /api/labs/{id}/guide", s.guideDo)
	on("GET /api/labs/{id}/scenario", s.saveScenario)
	on("GET /author/smallest", s.smallestPage)
	on("POST /api/smallest", s.smallestFault)
	on("GET /author", s.authorPage)
	on("GET /api/schema/scenario", s.scenarioSchema)
	on("POST /api/scenarios/check", s.checkScenario)
	on("POST /api/scenarios/prove", s.proveScenario)
	on("POST /api/scenarios/play", s.playDraft)
	on("GET /api/scenarios/{id}/file", s.scenarioFile)

	on("GET /api/experiments", s.experiments)
	on("GET /api/schemas", s.schemas)
	on("POST /api/labs/{id}/schema", s.checkSchema)
	on("GET /api/code", s.codeList)
	on("GET /api/code/{file...}", s.codeFile)
	on("GET /api/labs/{id}/running", s.codeRunning)

	on("GET /api/quizzes", s.quizList)
	on("GET /api/quizzes/{id}", s.quizSheet)
	on("POST /api/quizzes/{id}/attempts", s.beginAttempt)
	on("GET /teach", s.teachPage)
	on("POST /teach", s.teachEnter)
	on("GET /teach/quiz/{id}", s.resultsPage)
	on("GET /teach/attempt/{id}", s.attemptPage)
	on("POST /teach/attempt/{id}/marks/{question}", s.markOnPage)
	on("POST /teach/attempt/{id}/extra", s.extraOnPage)
	on("POST /api/quizzes/import", s.importQuiz)
	on("GET /api/quizzes/{id}/export", s.exportQuiz)
	on("GET /api/quizzes/{id}/results", s.quizResults)
	on("GET /api/quizzes/{id}/gradebook.csv", s.quizGradebook)
	on("GET /api/attempts/{id}", s.showAttempt)
	on("PUT /api/attempts/{id}/answers/{question}", s.answer)
	on("POST /api/attempts/{id}/questions/{question}/again", s.questionAgain)
	on("POST /api/attempts/{id}/questions/{question}/lab", s.questionLab)
	on("POST /api/attempts/{id}/submit", s.submitAttempt)
	on("POST /api/attempts/{id}/extra", s.extraTime)
	on("PUT /api/attempts/{id}/marks/{question}", s.markByHand)

	on("GET /run/{id}", s.runPage)
	on("GET /api/labs/{id}/run", s.saveRun(s.labPast))
	on("POST /api/runs", s.openRun)
	on("GET /api/runs/{id}", s.board(s.runPast))
	on("DELETE /api/runs/{id}", s.closeRun)
	on("GET /api/runs/{id}/board", s.board(s.runPast))
	on("GET /api/runs/{id}/journal", s.journal(s.runPast))
	on("GET /api/runs/{id}/timeline", s.timeline(s.runPast))
	on("GET /api/runs/{id}/run", s.saveRun(s.runPast))
	on("GET /api/runs/{id}/why", s.why(s.runPast))
	on("GET /api/runs/{id}/story", s.story(s.runPast))
	on("GET /api/runs/{id}/staleness", s.staleness(s.runPast))
	on("GET /api/runs/{id}/stream", s.stream(s.runPast))
	on("POST /api/runs/{id}/stream/{what}", s.noStore)
	on("POST /api/runs/{id}/ask", s.noStore)

	// Without this one the mux would answer a known path with an unknown
	// method in words of its own.
	on("/", func(w http.ResponseWriter, r *http.Request) error {
		if allowed := methodsOf(mux, r); len(allowed) > 0 {
			allow := strings.Join(allowed, ", ")
			return &wrongMethod{lab.Errorf(lab.Invalid, "%s does not take %s: it takes %s.", r.URL.Path, r.Method, allow), allow}
		}
		return lab.Errorf(lab.NotFound, "There is no %s %s.", r.Method, r.URL.Path)
	})
	return mux
}

// methodsOf lists the methods that have a route of their own for a path.
func methodsOf(mux *http.ServeMux, r *http.Request) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := *r
		probe.Method = method
		if _, pattern := mux.Handler(&probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// healthz says that the server lives, and how much it carries.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	stats := s.cfg.Labs.Stats()
	writeJSON(w, http.StatusOK, struct {
		Status  string `json:"status"`
		Version string `json:"version"`
		Labs    int    `json:"labs"`
		MaxLabs int    `json:"max_labs"`
		Sockets int    `json:"sockets"`
	}{"ok", s.cfg.Version, stats.Labs, stats.Max, s.openSockets()})
	return nil
}
