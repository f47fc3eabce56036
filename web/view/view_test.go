package view_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"eddy/web/view"
)

// hostile breaks out of text, of an attribute and of a script, if it can.
const hostile = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>`

func html(t *testing.T, page templ.Component) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, page.Render(t.Context(), &out))
	return out.String()
}

// The generated files are kept so that a build needs no generator. They must
// say what the templates say.
func TestGeneratedPagesAreThoseOfTheTemplates(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator")
	}
	out, err := exec.CommandContext(t.Context(), "go", "tool", "templ", "generate", "-check", "-path", filepath.Join("..", "..")).CombinedOutput()
	require.NoError(t, err, "run: go tool templ generate\n%s", out)
}

func TestHomeLeadsToALabOfOnesOwn(t *testing.T) {
	page := html(t, view.Home(view.HomePage{Version: "v1.2.3"}))
	require.Contains(t, page, `href="/lab/free"`)
	require.Contains(t, page, "Place your first order")
	require.Contains(t, page, "v1.2.3")
	require.Contains(t, page, `href="/learn"`)
	require.Contains(t, page, "Begin to learn")
}

func TestHomeLeadsBackToALabThatIsThere(t *testing.T) {
	page := html(t, view.Home(view.HomePage{Continue: "/lab/~abc"}))
	require.Contains(t, page, `href="/lab/~abc"`)
	require.Contains(t, page, "Start a new lab")
}

func TestHomeLeadsBackToWhatIsBeingLearned(t *testing.T) {
	page := html(t, view.Home(view.HomePage{Learn: "/lab/first-order", LearnAt: "Your first order, step 2 of 3"}))
	require.Contains(t, page, `href="/lab/first-order"`)
	require.Contains(t, page, "You are at Your first order, step 2 of 3.")
}

func TestErrorSaysWhatToDo(t *testing.T) {
	page := html(t, view.Error(view.ErrorPage{Status: 404, Title: "No such lab", Message: "It is gone.", ActionText: "Start a new lab", ActionHref: "/lab/free"}))
	for _, want := range []string{"404", "No such lab", "It is gone.", `href="/lab/free"`, "Start a new lab"} {
		require.Contains(t, page, want)
	}
}

func TestErrorWithoutAnActionHasNoButton(t *testing.T) {
	require.NotContains(t, html(t, view.Error(view.ErrorPage{Status: 500, Title: "Broken"})), "btn go")
}

func TestLabCarriesItsBoardForTheFirstPaint(t *testing.T) {
	board := json.RawMessage(`{"seq":7,"orders":{}}`)
	page := html(t, view.Lab(view.LabPage{ID: "abc", Title: "Free lab", Board: board}))
	require.Contains(t, page, `data-lab="abc"`)
	found := regexp.MustCompile(`(?s)<script id="board" type="application/json">(.*?)</script>`).FindStringSubmatch(page)
	require.Len(t, found, 2)
	require.JSONEq(t, string(board), found[1])
}

func TestLabWithoutABoardWaitsForTheSocket(t *testing.T) {
	require.NotContains(t, html(t, view.Lab(view.LabPage{ID: "abc", Title: "Free lab"})), `id="board"`)
}

func TestOpenLabSaysWhereItListens(t *testing.T) {
	page := html(t, view.Lab(view.LabPage{ID: "open", Title: "Open lab", Open: true, Addrs: []string{"127.0.0.1:9092"}}))
	require.Contains(t, page, "127.0.0.1:9092")
}

// What a learner put into an event comes back in the board. It stays text.
func TestWhatAPageIsGivenStaysText(t *testing.T) {
	text, err := json.Marshal(map[string]string{"value": hostile})
	require.NoError(t, err)
	pages := map[string]templ.Component{
		"home":  view.Home(view.HomePage{Continue: hostile, Version: hostile}),
		"error": view.Error(view.ErrorPage{Status: 400, Title: hostile, Message: hostile, ActionText: hostile, ActionHref: "javascript:alert(3)"}),
		"lab":   view.Lab(view.LabPage{ID: hostile, Title: hostile, Open: true, Addrs: []string{hostile}, Board: text}),
		// A board that was not escaped where it was made.
		"raw board": view.Lab(view.LabPage{ID: "abc", Title: "Free lab", Board: json.RawMessage(`{"value":"</script><script>alert(2)</script>"}`)}),
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			got := html(t, page)
			require.NotContains(t, got, "<img src=x")
			require.NotContains(t, got, "<script>alert")
			require.NotContains(t, got, "javascript:alert")
		})
	}
}

// The server's content security policy allows neither.
func TestNoPageHasInlineScriptOrStyle(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|<script(>| [^>]*type="text/javascript")`)
	for name, page := range map[string]templ.Component{
		"home": view.Home(view.HomePage{Continue: "/lab/~a", Version: "v1"}), "error": view.Error(view.ErrorPage{Status: 404, ActionText: "a", ActionHref: "/"}),
		"lab": view.Lab(view.LabPage{ID: "a", Title: "Free lab", Board: json.RawMessage(`{}`), Open: true, Addrs: []string{"a"}}),
	} {
		require.Empty(t, inline.FindString(html(t, page)), name)
	}
}
