package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestFreeLabIsTheVisitorsOwnUntilANewOneIsAskedFor(t *testing.T) {
	var settings lab.Settings
	st := newSite(t, func(_ *Config, f *fleet.Config) {
		open := f.Open
		f.Open = func(ctx context.Context, s lab.Settings, o lab.Options) (fleet.World, error) {
			settings = s
			return open(ctx, s, o)
		}
	})
	w := st.ask("GET", "/lab/free", "")
	require.Equal(t, http.StatusSeeOther, w.Code)
	first := w.Header().Get("Location")
	assert.True(t, strings.HasPrefix(first, "/lab/~"))
	for name, svc := range settings.Services {
		assert.Equal(t, freeWork, svc.Work, name)
	}
	cookie := w.Result().Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	mine := header("Cookie", cookie.Name+"="+cookie.Value)

	assert.Equal(t, http.StatusOK, st.ask("GET", first, "").Code)
	assert.Equal(t, first, st.ask("GET", "/lab/free", "", mine).Header().Get("Location"))
	other := st.ask("GET", "/lab/free?new=1", "", mine).Header().Get("Location")
	assert.NotEqual(t, first, other)
	require.NoError(t, st.cfg.Labs.Delete(cookie.Value))
	again := st.ask("GET", "/lab/free", "", mine).Header().Get("Location")
	assert.NotEqual(t, first, again, "a lab that ended is replaced")
	assert.Equal(t, 2, st.cfg.Labs.Stats().Labs)
}

func TestLookingAheadMakesNoLab(t *testing.T) {
	st := newSite(t)
	st.ask("HEAD", "/lab/free", "")
	st.ask("GET", "/lab/free", "", header("Sec-Purpose", "prefetch;prerender"))
	st.ask("GET", "/lab/free", "", header("Purpose", "prefetch"))
	st.ask("GET", "/lab/free", "", header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "no-cors"))
	assert.Zero(t, st.cfg.Labs.Stats().Labs)
}

func TestCookieCannotNameTheOpenLabAsOnesOwn(t *testing.T) {
	st := newSite(t)
	require.NoError(t, st.cfg.Labs.Adopt(openID, newFakeLab()))
	w := st.ask("GET", "/lab/free", "", header("Cookie", freeCookie+"=open"))
	assert.NotEqual(t, "/lab/~open", w.Header().Get("Location"))
}

func TestPageOfALabThatIsNotThereOffersANewOne(t *testing.T) {
	st := newSite(t)
	w := st.ask("GET", "/lab/~gone", "")
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), "/lab/free")
	assert.Contains(t, w.Body.String(), "no lab with this id")
	assert.Contains(t, st.ask("GET", "/lab/open", "").Body.String(), "--kafka-listen")
	assert.Contains(t, st.ask("GET", "/lab/no-such", "").Body.String(), "no-such")
}

func TestTextFromTheAddressIsNeverMarkup(t *testing.T) {
	st := newSite(t)
	for _, path := range []string{"/lab/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/static/%3Cscript%3E", "/%22%3E%3Cscript%3E", "/lab/~%3Cscript%3E"} {
		w := st.ask("GET", path, "")
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		assert.NotContains(t, w.Body.String(), "<script>", path)
	}
	w := st.ask("GET", "/lab/%3Cscript%3E", "", func(r *http.Request) { r.Host = "<script>" })
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.NotContains(t, w.Body.String(), "<script>")
}

func TestStaticFilesAreSentTypedZippedAndAskedForAgain(t *testing.T) {
	module := strings.Repeat("export const answer = 42;\n", 200)
	st := newSite(t, func(c *Config, _ *fleet.Config) {
		c.Static = fstest.MapFS{"lab/main.js": {Data: []byte(module)}, "icon.svg": {Data: []byte("<svg/>")}, ".keep": {}}
	})
	w := st.ask("GET", "/static/lab/main.js", "")
	assert.Equal(t, module, w.Body.String())
	assert.Equal(t, "text/javascript; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))

	w = st.ask("GET", "/static/lab/main.js", "", header("Accept-Encoding", "br, gzip;q=0.8"))
	assert.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	assert.Less(t, w.Body.Len(), 500)
	tag := w.Header().Get("ETag")
	w = st.ask("GET", "/static/lab/main.js", "", header("Accept-Encoding", "gzip"), header("If-None-Match", tag))
	assert.Equal(t, http.StatusNotModified, w.Code)
	assert.Zero(t, w.Body.Len())
	w = st.ask("GET", "/static/lab/main.js", "", header("Accept-Encoding", "gzip;q=0"), header("If-None-Match", tag))
	assert.Equal(t, http.StatusOK, w.Code, "another encoding is another tag")
	assert.Empty(t, w.Header().Get("Content-Encoding"))

	w = st.ask("GET", "/static/icon.svg", "", header("Accept-Encoding", "gzip"))
	assert.Equal(t, "image/svg+xml", w.Header().Get("Content-Type"))
	assert.Empty(t, w.Header().Get("Content-Encoding"), "too small to gain anything")
	for _, path := range []string{"/static/", "/static/lab", "/static/.keep", "/static/lab/../../main.go"} {
		assert.NotEqual(t, http.StatusOK, st.ask("GET", path, "").Code, path)
	}
}

func TestPageIsDrawnWholeOrNotAtAll(t *testing.T) {
	st := newSite(t)
	w := httptest.NewRecorder()
	st.render(w, httptest.NewRequest("GET", "/", nil), http.StatusOK, brokenPage{})
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.NotContains(t, w.Body.String(), "half")
}

// brokenPage fails after it has begun.
type brokenPage struct{}

func (brokenPage) Render(_ context.Context, w io.Writer) error {
	io.WriteString(w, "half a page")
	return errors.New("no more")
}
