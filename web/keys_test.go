package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who guesses is held up, by whichever door, and cannot tell a right key from a
// wrong one then. Nobody else is.
func TestGuessingTheTeacherKeyIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := quizSite(t)
		guesser, colleague := from("203.0.113.7"), from("203.0.113.8")
		right := header("Authorization", "Bearer the-key")
		doors := []func(key string) int{
			func(key string) int {
				return st.ask("GET", "/api/quizzes/secretive/gradebook.csv", "", guesser, header("Authorization", "Bearer "+key)).Code
			},
			func(key string) int { return st.ask("GET", "/author?key="+key, "", guesser).Code },
			func(key string) int { return st.ask("GET", "/teach?key="+key, "", guesser).Code },
			func(key string) int {
				return st.ask("POST", "/teach", "key="+key, guesser, header("Content-Type", "application/x-www-form-urlencoded")).Code
			},
		}
		looked := 0
		for i := range 100 {
			if doors[i%len(doors)]("guess") != http.StatusTooManyRequests {
				looked++
			}
		}
		assert.Equal(t, keysBurst, looked)
		for _, door := range doors {
			assert.Equal(t, http.StatusTooManyRequests, door("the-key"), "nothing tells that it is right")
		}
		assert.Equal(t, http.StatusOK, st.ask("GET", "/api/quizzes/secretive/gradebook.csv", "", colleague, right).Code)
		time.Sleep(10 * time.Second)
		assert.Equal(t, http.StatusOK, st.ask("GET", "/api/quizzes/secretive/gradebook.csv", "", guesser, right).Code)
	})
}

func TestTheTeachersDoorTakesTheKeyFromTheAddress(t *testing.T) {
	st := quizSite(t)
	w := st.ask("GET", "/teach?key=the-key", "")
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	assert.Equal(t, "/teach", w.Header().Get("Location"))
	cookie := header("Cookie", w.Result().Cookies()[0].Name+"="+w.Result().Cookies()[0].Value)
	assert.Contains(t, st.ask("GET", "/teach", "", cookie).Body.String(), "gradebook.csv")
}

// A form is small. A large one is not read into memory or onto the disk.
func TestALargeFormIsNotTaken(t *testing.T) {
	st := quizSite(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	filler, err := form.CreateFormField("filler")
	require.NoError(t, err)
	filler.Write(make([]byte, 2*maxBody))
	require.NoError(t, form.WriteField("key", "the-key"))
	require.NoError(t, form.Close())
	w := st.ask("POST", "/teach", body.String(), header("Content-Type", form.FormDataContentType()))
	assert.Equal(t, http.StatusForbidden, w.Code, "the key was beyond what is read")
}
