package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/quiz"
)

// A program that was killed after it took the submission, and before it had the
// result, works that out when the learner looks.
func TestASubmissionWithoutResultGetsOne(t *testing.T) {
	st := quizSite(t)
	begun := st.json("POST", "/api/quizzes/secretive/attempts", `{"mode":"graded"}`, http.StatusCreated)
	id := begun["id"].(string)
	st.json("PUT", "/api/attempts/"+id+"/answers/one", `{"answer":"`+choiceOf(t, begun, "one", "right one")+`"}`, http.StatusOK)
	assert.NotContains(t, st.json("GET", "/api/attempts/"+id, "", http.StatusOK), "result", "it is not submitted")
	_, err := st.cfg.Keep.ChangeAttempt(t.Context(), id, func(a *quiz.Attempt) error {
		a.Submitted = time.Now()
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 1.0, st.json("GET", "/api/attempts/"+id, "", http.StatusOK)["result"].(map[string]any)["score"])
}
