package lab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// saved is a lab's run as a file.
func saved(t testing.TB, l interface{ File() (*lab.RunFile, error) }) []byte {
	t.Helper()
	f, err := l.File()
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, f.Write(&file))
	return file.Bytes()
}

func opened(t testing.TB, file []byte) *lab.Run {
	t.Helper()
	run, err := lab.OpenRun(t.Context(), bytes.NewReader(file))
	require.NoError(t, err)
	return run
}

// sameRun asserts that a run shows what its lab shows, at every so manieth
// entry and around it.
func sameRun(t *testing.T, w *labtest.World, run *lab.Run, every int64) {
	t.Helper()
	_, first := w.Lab.Entries(0, 0, 0)
	require.Equal(t, w.Head(), run.Head())
	for at := first - 1; at <= w.Head(); at += every {
		want, err := w.BoardAt(at)
		require.NoError(t, err)
		got, err := run.BoardAt(at)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got), "the board at %d", at)
	}
	want, _ := w.Lab.Entries(0, w.Head(), 1_000_000)
	got, from := run.Entries(0, run.Head(), 1_000_000)
	require.Equal(t, first, from)
	wantJSON, err := json.Marshal(want)
	require.NoError(t, err)
	gotJSON, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(wantJSON), string(gotJSON))
	require.Equal(t, w.Outline().Last, run.Outline().Last)
	require.Equal(t, w.Outline().First, run.Outline().First)
	require.Equal(t, len(w.Outline().Marks), len(run.Outline().Marks))
}

func TestARunThatWasSavedAndOpenedShowsTheSameBoards(t *testing.T) {
	for name, keep := range map[string]int{"all is kept": 0, "the journal is trimmed": 80} {
		t.Run(name, func(t *testing.T) {
			eachRun(t, lab.Options{Keep: keep}, func(t *testing.T, w *labtest.World, seed uint64) {
				run(w, t, seed, 40, func() {})
				w.Do(`{"wait":"1s"}`)
				w.Do(`"freeze"`)
				w.Later(time.Second)
				file := saved(t, w)
				again := opened(t, file)
				sameRun(t, w, again, 7)
				require.Empty(t, firstDifference(file, saved(t, again)), "a run that is saved again is the same file")
				if keep > 0 {
					_, first := again.Entries(0, 0, 0)
					require.Greater(t, first, int64(1), "the journal was to be trimmed")
				}
				_, err := again.BoardAt(again.Head() + 1)
				require.Equal(t, lab.NotFound, lab.AsError(err).Code)
			})
		})
	}
}

// firstDifference shows where two texts part, with what stands before.
func firstDifference(a, b []byte) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%d:\n%s\n%s", i, a[max(0, i-200):min(len(a), i+100)], b[max(0, i-200):min(len(b), i+100)])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("one has %d bytes, the other %d", len(a), len(b))
	}
	return ""
}

// A run of several segments, all of them packed but the last.
func TestALongRunShowsTheSameBoards(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		for w.Head() < 9000 {
			w.Do(`{"burst":{"orders":40,"rate":1000}}`)
			w.Settled()
		}
		w.Do(`"freeze"`)
		w.Later(time.Second)
		again := opened(t, saved(t, w))
		sameRun(t, w, again, 511)
		for _, ms := range []int64{0, 30, 200, 1 << 40} {
			assert.Equal(t, w.SeqAt(ms), again.SeqAt(ms))
		}
		entries := w.Entries()
		for _, e := range []lab.Entry{entries[0], entries[len(entries)/3], entries[len(entries)-1]} {
			at := w.SeqAt(e.At)
			require.GreaterOrEqual(t, at, e.Seq)
			assert.LessOrEqual(t, entries[at-1].At, e.At)
			if int(at) < len(entries) {
				assert.Greater(t, entries[at].At, e.At)
			}
		}
	})
}

// What the journal's own route sends can be opened too: its first entry has the
// settings.
func TestAJournalWithoutAHeadIsOpened(t *testing.T) {
	labtest.Bubble(t, `{"partitions":{"orders":2}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`"freeze"`)
		_, entries, _ := bytes.Cut(saved(t, w), []byte("\n"))
		again := opened(t, entries)
		raw, _ := again.Snapshot()
		want, _ := w.Snapshot()
		assert.Equal(t, timeless(labtest.Parse(t, want)), timeless(labtest.Parse(t, raw)))
		_, rest, _ := bytes.Cut(entries, []byte("\n"))
		_, err := lab.OpenRun(t.Context(), bytes.NewReader(rest))
		assert.ErrorContains(t, err, "line 1: a file without a head must begin with entry 1 of a lab")
	})
}

func TestAFileThatIsNoRunIsRefusedByItsLine(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`"freeze"`)
		lines := strings.SplitAfter(string(saved(t, w)), "\n")
		n := len(lines) - 1 // the last one is empty
		change := func(line int, old, new string) string {
			changed := append([]string{}, lines...)
			require.Contains(t, changed[line-1], old)
			changed[line-1] = strings.Replace(changed[line-1], old, new, 1)
			return strings.Join(changed, "")
		}
		for name, c := range map[string]struct{ file, says string }{
			"nothing":          {"", "the file has no journal entries"},
			"no JSON":          {"hello\n", "line 1: this is neither the head of a run"},
			"a broken entry":   {change(3, `"kind"`, `"kind`), `line 3: this is no journal entry, like {"seq":2,`},
			"another format":   {change(1, `"format":1`, `"format":9`), `line 1: the head must say "eddy":"run" and "format":1; it says "run" and 9`},
			"a hole":           {strings.Join(append(append([]string{}, lines[:4]...), lines[5:]...), ""), "line 5: this is entry 5, and 4 was expected"},
			"an unknown kind":  {change(4, `"kind":"`, `"kind":"un`), "line 4: there is no kind"},
			"cut off":          {strings.Join(lines[:n-1], ""), fmt.Sprintf("line %d: the file ends with entry %d, and its first line promises entries up to %d: it was cut off", n-1, n-2, n-1)},
			"bad settings":     {change(1, `"key":"user"`, `"key":"colour"`), "line 1: settings: key"},
			"too many pieces":  {change(1, `"orders":3`, `"orders":3000000`), "line 1: settings: partitions of orders"},
			"time goes back":   {strings.Join(lines, "") + fmt.Sprintf(`{"seq":%d,"at":9999,"kind":"note"}`+"\n"+`{"seq":%d,"at":9998,"kind":"note"}`, n, n+1), fmt.Sprintf("line %d: at is lab time in milliseconds and never goes back", n+2)},
			"effect first":     {change(n, `"cause":`, `"cause":9`), fmt.Sprintf("line %d: the cause of entry %d must be an earlier entry", n, n-1)},
			"no such line":     {strings.Join(lines[:2], "") + strings.Repeat(" ", 10) + `{"seq":2,"text":"` + strings.Repeat("x", 2<<20) + "\"}\n", "line 3: an entry may have 1024 KiB"},
			"no such base":     {change(1, `"first":1`, `"first":7`), "line 1: a run that begins with entry 7 needs the board below it"},
			"a hostile number": {strings.Join(lines, "") + fmt.Sprintf(`{"seq":%d,"at":99999,"kind":"produced","topic":"orders","partition":-1,"data":{"record":{}}}`, n) + "\n", "no lab can have written this"},
		} {
			_, err := lab.OpenRun(t.Context(), strings.NewReader(c.file))
			if assert.Error(t, err, name) {
				assert.Equal(t, lab.Invalid, lab.AsError(err).Code, name)
				assert.Contains(t, lab.AsError(err).Message, c.says, name)
			}
		}
		late, cancel := context.WithCancel(t.Context())
		cancel()
		long := strings.Join(lines[:2], "")
		for seq := 2; seq < 600; seq++ {
			long += fmt.Sprintf(`{"seq":%d,"at":99999,"kind":"note"}`, seq) + "\n"
		}
		_, err := lab.OpenRun(late, strings.NewReader(long))
		assert.Equal(t, lab.Unavailable, lab.AsError(err).Code, "%v", err)
	})
}

// Whatever a file says, opening it ends with a run that can be looked at, or
// with a sentence.
func FuzzOpenRun(f *testing.F) {
	l, err := lab.Open(f.Context(), lab.DefaultSettings(), lab.Options{Keep: 60})
	require.NoError(f, err)
	for _, text := range []string{`{"crash":"payment"}`, `{"place_order":{"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, `{"restart":"payment"}`, `{"publish":{"topic":"orders","value":"broken"}}`, `{"wait_until":{"expr":"settled","within":"20s"}}`} {
		a, err := lab.DecodeAction([]byte(text))
		require.NoError(f, err)
		_, err = l.Do(f.Context(), a)
		require.NoError(f, err)
	}
	trimmed := saved(f, l)
	l.Close()
	f.Add(trimmed)
	_, rest, _ := bytes.Cut(trimmed, []byte("\n"))
	for line := range bytes.Lines(rest) {
		f.Add(append([]byte(`{"seq":1,"kind":"note","data":{"settings":`+settingsJSON(f)+"}}\n"), line...))
	}
	f.Fuzz(openAnything)
}

// openAnything opens a file that may say anything, and looks at what it gets.
func openAnything(t *testing.T, file []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	run, err := lab.OpenRun(ctx, bytes.NewReader(file))
	if err != nil {
		require.NotEqual(t, lab.Internal, lab.AsError(err).Code, "%v", err)
		return
	}
	_, first := run.Entries(0, 0, 0)
	for _, at := range []int64{first - 1, run.Head()} {
		_, err := run.BoardAt(at)
		require.NoError(t, err)
	}
	run.Outline()
	opened(t, saved(t, run))
}

// Whatever is changed in a file that a lab wrote: numbers, names, whole values.
func TestAFileWithAnythingChangedDoesNoHarm(t *testing.T) {
	labtest.BubbleWith(t, "", lab.Options{Keep: 40}, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":"payment"}`)
		w.Place("A")
		w.Do(`{"publish":{"topic":"orders","value":"broken"}}`)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		w.Do(`"freeze"`)
		file := saved(t, w)
		tokens := regexp.MustCompile(`"[^"]*"|-?\d+|null|true|false|\{\}|\[\]`).FindAllIndex(file, -1)
		instead := []string{`null`, `-1`, `7`, `99999999999`, `"x"`, `"orders"`, `{}`, `[]`, `[null]`, `{"x":null}`, `true`, ``}
		random := rand.New(rand.NewPCG(1, 2))
		opened, tries := 0, 1500
		if testing.Short() {
			tries = 300
		}
		for range tries {
			at := tokens[random.IntN(len(tokens))]
			changed := slices.Concat(file[:at[0]], []byte(instead[random.IntN(len(instead))]), file[at[1]:])
			if _, err := lab.OpenRun(context.Background(), bytes.NewReader(changed)); err == nil {
				opened++
			}
			openAnything(t, changed)
		}
		require.Greater(t, opened, tries/15, "some changes leave a run that can be looked at")
	})
}

func settingsJSON(t testing.TB) string {
	t.Helper()
	raw, err := json.Marshal(lab.DefaultSettings())
	require.NoError(t, err)
	return string(raw)
}
