package web

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/fleet"
)

func TestSourceIsListedAndShownAsItStands(t *testing.T) {
	st := newSite(t)
	w := st.ask("GET", "/api/code", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var list []listedFile
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
	require.Equal(t, "shop/order.go", list[0].ID)

	for _, f := range list {
		w = st.ask("GET", "/api/code/"+f.ID, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var shown shownFile
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &shown))
		var text strings.Builder
		for _, line := range shown.Lines {
			for _, p := range line {
				text.WriteString(p[1])
			}
			text.WriteByte('\n')
		}
		source, _ := code.Find(f.ID)
		require.Equal(t, source.Text, text.String(), "%s: cutting into pieces loses nothing", f.ID)
	}
}

func TestSourceKnowsKeywordsAndComments(t *testing.T) {
	f, _ := code.Find("pattern/retry.go")
	var c colours
	lines, err := c.lines(f)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, line := range lines {
		for _, p := range line {
			if p[0] == "k" && p[1] == "package" || p[0] == "c" && strings.HasPrefix(p[1], "//") || p[0] == "f" && p[1] == "Delay" {
				seen[p[0]] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{"k": true, "c": true, "f": true}, seen)
}

func TestEveryExperimentHasItsSource(t *testing.T) {
	w := newSite(t).ask("GET", "/api/experiments", "")
	require.Equal(t, http.StatusOK, w.Code)
	var all []offered
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
	require.Len(t, all, 4)
	for _, e := range all {
		f, ok := code.Find(e.File)
		require.True(t, ok, e.File)
		assert.Equal(t, code.Beyond, f.Group)
	}
}

func TestRawSourceIsAFileAndNothingElseIsSent(t *testing.T) {
	st := newSite(t)
	w := st.ask("GET", "/api/code/pattern/retry.go?raw", "")
	require.Equal(t, http.StatusOK, w.Code)
	onDisk, err := os.ReadFile(filepath.Join("..", "lab", "pattern", "retry.go"))
	require.NoError(t, err)
	assert.Equal(t, string(onDisk), w.Body.String())
	assert.Equal(t, `attachment; filename="retry.go"`, w.Header().Get("Content-Disposition"))
	for _, id := range []string{"pattern/retry_test.go", "lab.go", "pattern/../lab.go", "pattern/none.go"} {
		assert.NotEqual(t, http.StatusOK, st.ask("GET", "/api/code/"+id, "").Code, id)
	}
}

func TestRunningSaysWhereInstancesStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Open = fleet.OpenLab })
		id, err := st.cfg.Labs.Create(t.Context(), "", lab.DefaultSettings(), lab.Options{})
		require.NoError(t, err)
		synctest.Wait() // every instance waits for records by then
		w := st.ask("GET", "/api/labs/"+id+"/running", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var all []lab.Standing
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
		require.Len(t, all, 5)
		for _, s := range all {
			require.NotEmpty(t, s.Frames, "%s-%d", s.Service, s.Instance)
			_, ok := code.Find(s.Frames[0].File)
			assert.True(t, ok)
		}
		assert.Equal(t, http.StatusNotFound, st.ask("GET", "/api/labs/none/running", "").Code)
	})
}
