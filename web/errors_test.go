package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestEveryCodeHasItsStatusAsJSONAndAsAPage(t *testing.T) {
	st := newSite(t)
	for code, status := range map[lab.Code]int{
		lab.Invalid: 400, lab.Forbidden: 403, lab.NotFound: 404, lab.Conflict: 409,
		lab.TooMany: 429, lab.Internal: 500, lab.Unavailable: 503, "unheard of": 500,
	} {
		h := st.handle(func(http.ResponseWriter, *http.Request) error {
			return fmt.Errorf("doing it: %w", lab.Errorf(code, "Why <b>not</b>."))
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/api/x", nil))
		assert.Equal(t, status, w.Code, code)
		assert.Equal(t, lab.Error{Code: code, Message: "Why <b>not</b>."}, *reasonOf(t, w))
		assert.Equal(t, status == 429, w.Header().Get("Retry-After") != "", code)

		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/lab/x", nil))
		assert.Equal(t, status, w.Code, code)
		assert.Contains(t, w.Header().Get("Content-Type"), "text/html")
		assert.Contains(t, w.Body.String(), "Why &lt;b&gt;not&lt;/b&gt;.")
	}
}

func TestFaultOfEddyIsLoggedAndNotTold(t *testing.T) {
	var log bytes.Buffer
	st := newSite(t, func(c *Config, _ *fleet.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	id, _ := st.newLab()
	for action, logged := range map[string]string{"break": "/secret/path", "panic": "a bug"} {
		w := st.ask("POST", "/api/labs/"+id+"/actions", `"`+action+`"`)
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Equal(t, broken, reasonOf(t, w))
		assert.Contains(t, log.String(), logged)
		assert.NotContains(t, log.String(), id, "an id is a right: it does not belong in a log")
	}
}

func TestUnknownPathsAreAnsweredInTheCallersLanguage(t *testing.T) {
	st := newSite(t)
	for _, path := range []string{"/api", "/api/", "/api/nothing", "/api/quizzes/x", "/api/classes", "/api/labs/x/y"} {
		w := st.ask("GET", path, "")
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.Equal(t, lab.NotFound, reasonOf(t, w).Code, path)
	}
	w := st.ask("GET", "/nothing", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Header().Get("Content-Type"), "text/html")
}

func TestWrongMethodIsToldTheRightOnes(t *testing.T) {
	st := newSite(t)
	for _, call := range []struct{ method, path, allow string }{
		{"GET", "/api/labs", "POST"}, {"PUT", "/api/labs/x", "GET, HEAD, DELETE"}, {"DELETE", "/api/labs/x/actions", "POST"}, {"POST", "/healthz", "GET, HEAD"},
	} {
		w := st.ask(call.method, call.path, "")
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, call.path)
		assert.Equal(t, call.allow, w.Header().Get("Allow"), call.path)
		assert.Equal(t, lab.Invalid, reasonOf(t, w).Code, call.path)
	}
}

func TestServerIsNotBuiltWithoutWhatItNeeds(t *testing.T) {
	f := fleet.New(fleet.Config{Open: func(context.Context, lab.Settings, lab.Options) (fleet.World, error) { return nil, nil }})
	defer f.Close()
	_, err := New(Config{TeacherKey: "k"})
	assert.Error(t, err)
	_, err = New(Config{Labs: f})
	assert.Error(t, err)
}

func TestHealthAndMetricsCount(t *testing.T) {
	st := newSite(t)
	id, _ := st.newLab()
	st.ask("POST", "/api/labs/"+id+"/actions", `["order","conflict"]`)

	var health map[string]any
	require.NoError(t, json.Unmarshal(st.ask("GET", "/healthz", "").Body.Bytes(), &health))
	assert.Equal(t, map[string]any{"status": "ok", "version": "test", "labs": 1.0, "max_labs": 250.0, "sockets": 0.0}, health)

	metrics := st.ask("GET", "/metrics", "").Body.String()
	for _, line := range []string{
		"eddy_labs 1", "eddy_sockets 0", `eddy_actions_total{result="ok"} 1`, `eddy_actions_total{result="refused"} 1`,
		`eddy_frames_total{kind="patch"} 0`, "go_goroutines ",
	} {
		assert.Contains(t, metrics, "\n"+line)
	}
	assert.False(t, strings.Contains(metrics, id))
}
