package labtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/require"
)

// World is an open lab in a test. Its helpers end the test when they fail.
type World struct {
	*lab.Lab
	t    *testing.T
	wall bool
	mark int64 // Expect and Never look at entries above it
}

// Bubble opens a lab in a bubble of its own and hands it to test. Settings are
// JSON as lab.ParseSettings reads it; "" is the default lab.
func Bubble(t *testing.T, settings string, test func(t *testing.T, w *World)) {
	t.Helper()
	BubbleWith(t, settings, lab.Options{}, test)
}

// BubbleWith is Bubble with options.
func BubbleWith(t *testing.T, settings string, o lab.Options, test func(t *testing.T, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := open(t, settings, o)
		defer w.Close()
		test(t, w)
	})
}

// Wall opens a lab that runs on the wall clock, where sessions end after a
// second. It is for members that join or leave while others commit: the Kafka
// client holds a commit back on a mutex then, and a bubble's time stands still
// while somebody waits for a mutex. A service with several instances may run in
// a bubble where its balancer is an eager one (range): then a member that joins
// has nothing to commit.
func Wall(t *testing.T, settings string, test func(t *testing.T, w *World)) {
	t.Helper()
	t.Parallel()
	w := open(t, settings, lab.Options{})
	w.wall = true
	defer w.Close()
	test(t, w)
}

// Open opens one more lab in the bubble that t runs in. The caller closes it.
func Open(t *testing.T, settings string, o lab.Options) *World {
	t.Helper()
	return open(t, settings, o)
}

func open(t *testing.T, settings string, o lab.Options) *World {
	t.Helper()
	s, err := lab.ParseSettings([]byte(settings))
	require.NoError(t, err)
	l, err := lab.Open(t.Context(), s, o)
	require.NoError(t, err)
	return &World{Lab: l, t: t}
}

// Do carries out an action, written as JSON, that must not be refused.
func (w *World) Do(action string) lab.Result {
	w.t.Helper()
	a, err := lab.DecodeAction([]byte(action))
	require.NoError(w.t, err, "decode %s", action)
	r, err := w.Lab.Do(w.t.Context(), a)
	require.NoError(w.t, err, "%s\n%s", action, w.tail())
	return r
}

// Place places an order of one mouse for user-1 by card, under a handle.
func (w *World) Place(handle string) lab.Result {
	w.t.Helper()
	return w.Do(fmt.Sprintf(`{"place_order":{"as":%q,"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`, handle))
}

// Refused carries out an action that must be refused, and returns why. What
// cannot be decoded is refused too. Nothing but a refusal may be journaled.
func (w *World) Refused(action string) (lab.Code, string) {
	w.t.Helper()
	before := w.Head()
	a, err := lab.DecodeAction([]byte(action))
	if err == nil {
		_, err = w.Lab.Do(w.t.Context(), a)
	}
	require.Error(w.t, err, "%s was not refused", action)
	for _, e := range w.After(before) {
		require.NotEqual(w.t, lab.KindAction, e.Kind, "%s was refused and has an action entry", action)
	}
	refusal := lab.AsError(err)
	require.Greater(w.t, len(refusal.Message), 10, "a refusal is a sentence")
	require.NotEqual(w.t, lab.Internal, refusal.Code, "%s: %s", action, refusal.Message)
	return refusal.Code, refusal.Message
}

// Eval evaluates an expression.
func (w *World) Eval(expr string) any {
	w.t.Helper()
	v, err := w.Lab.Eval(w.t.Context(), expr)
	require.NoError(w.t, err, "%s", expr)
	return v
}

// True asks that an expression is true now.
func (w *World) True(expr string) {
	w.t.Helper()
	require.Equal(w.t, true, w.Eval(expr), "%s\n%s\n%s", expr, w.parts(expr), w.tail())
}

// Until waits until an expression is true, at most for within.
func (w *World) Until(expr string, within time.Duration) {
	w.t.Helper()
	a, err := lab.DecodeAction(fmt.Appendf(nil, `{"wait_until":{"expr":%q,"within":%q}}`, expr, within))
	require.NoError(w.t, err)
	_, err = w.Lab.Do(w.t.Context(), a)
	require.NoError(w.t, err, "%s\n%s", w.parts(expr), w.tail())
}

// Settled waits until nothing is in flight, at most for two minutes.
func (w *World) Settled() {
	w.t.Helper()
	w.Until("settled", 2*time.Minute)
}

// Await waits until an entry since the mark is as described (see Expect), at
// most for within, and returns it.
func (w *World) Await(want string, within time.Duration) lab.Entry {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	for seen := w.mark; ; {
		for _, e := range w.After(seen) {
			if matches(e, want) {
				return e
			}
			seen = e.Seq
		}
		if err := w.Wait(ctx, seen); err != nil {
			w.t.Fatalf("no entry %q within %s: %v\n%s", want, within, err, w.tail())
		}
	}
}

// Later lets time pass.
func (w *World) Later(d time.Duration) {
	time.Sleep(d)
	if !w.wall {
		synctest.Wait()
	}
}

// Mark makes Expect and Never forget what happened so far.
func (w *World) Mark() { w.mark = w.Head() }

// Entries returns every entry that is kept.
func (w *World) Entries() []lab.Entry { return w.After(0) }

// After returns the entries above seq.
func (w *World) After(seq int64) []lab.Entry {
	entries, _ := w.Lab.Entries(seq+1, w.Head(), 1_000_000)
	return entries
}

// Expect asks that entries stand in the journal since the mark, in this order,
// with anything between them. Each is written "kind service text": service and
// text may be left out, service may be "-" for any, and text is a part of the
// entry's text.
func (w *World) Expect(wants ...string) []lab.Entry {
	w.t.Helper()
	var found []lab.Entry
	entries := w.After(w.mark)
	for _, want := range wants {
		i := 0
		for i < len(entries) && !matches(entries[i], want) {
			i++
		}
		if i == len(entries) {
			w.t.Fatalf("no entry %q, after those before it in %q\n%s", want, wants, w.tail())
		}
		found = append(found, entries[i])
		entries = entries[i+1:]
	}
	return found
}

// Never asks that no entry since the mark is as described; see Expect.
func (w *World) Never(unwanted ...string) {
	w.t.Helper()
	for _, e := range w.After(w.mark) {
		for _, u := range unwanted {
			if matches(e, u) {
				w.t.Fatalf("an entry %q: %d %s\n%s", u, e.Seq, e.Text, w.tail())
			}
		}
	}
}

// Count counts the entries since the mark that are as described; see Expect.
func (w *World) Count(want string) (n int) {
	for _, e := range w.After(w.mark) {
		if matches(e, want) {
			n++
		}
	}
	return n
}

func matches(e lab.Entry, want string) bool {
	kind, rest, _ := strings.Cut(want, " ")
	service, text, _ := strings.Cut(rest, " ")
	return string(e.Kind) == kind && (service == "" || service == "-" || e.Service == service) && strings.Contains(e.Text, text)
}

// Board is the board as it is now, as a reader of its JSON sees it.
func (w *World) Board() map[string]any {
	w.t.Helper()
	raw, _ := w.Snapshot()
	return Parse(w.t, raw)
}

// At is the part of the board under keys; numbers in them index arrays.
func (w *World) At(keys ...any) any {
	w.t.Helper()
	var at any = w.Board()
	for _, k := range keys {
		switch of := at.(type) {
		case map[string]any:
			at = of[fmt.Sprint(k)]
		case []any:
			i, ok := k.(int)
			require.True(w.t, ok && i < len(of), "no element %v in %v", k, of)
			at = of[i]
		default:
			return nil
		}
	}
	return at
}

// Parse reads JSON.
func Parse(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(raw, &m))
	return m
}

// parts says what the parts of a failed conjunction are.
func (w *World) parts(expr string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(expr, "&&") {
		for side := range strings.SplitSeq(part, "==") {
			if v, err := w.Lab.Eval(w.t.Context(), strings.TrimSpace(side)); err == nil {
				fmt.Fprintf(&out, "%s is %v\n", strings.TrimSpace(side), v)
			}
		}
	}
	return out.String()
}

// tail prints the newest entries.
func (w *World) tail() string {
	var out strings.Builder
	head := w.Head()
	for _, e := range w.After(head - 80) {
		fmt.Fprintf(&out, "%4d %6d %-13s %-14s <%d %s\n", e.Seq, e.At, e.Kind, e.Service, e.Cause, e.Text)
	}
	return out.String()
}
