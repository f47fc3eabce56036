package lab_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moves are what a random run is made of.
var moves = []string{
	`{"place_order":{"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`,
	`{"place_order":{"user":"user-2","items":[{"sku":"monitor","qty":40}]}}`,
	`{"place_order":{"user":"user-3","items":[{"sku":"cable","qty":2}],"method":"declined-card"}}`,
	`{"burst":{"orders":6,"rate":40}}`,
	`{"cancel_order":"o-2"}`,
	`{"publish":{"topic":"orders","value":"broken"}}`,
	`{"publish":{"topic":"payments","partition":1,"value":""}}`,
	`{"publish":{"event":"OrderCreated"}}`,
	`{"duplicate":{"event":"OrderCreated"}}`,
	`{"crash":{"service":"payment","at":"after_handle"}}`,
	`{"crash":{"service":"order","at":"after_write"}}`,
	`{"crash":"inventory"}`,
	`{"restart":"order"}`,
	`{"restart":"notification"}`,
	`{"pause":"projector"}`,
	`{"resume":"projector"}`,
	`{"slow":{"service":"inventory","by":"100ms"}}`,
	`{"fail":{"service":"payment","times":2}}`,
	`{"fail":{"service":"notification","kind":"permanent"}}`,
	`{"decline":{"times":1}}`,
	`{"decline":{"stock_out":"cable"}}`,
	`{"set":{"service":"payment","idempotent":false}}`,
	`{"set":{"service":"inventory","dead_letter":false}}`,
	`{"set":{"key":"none"}}`,
	`{"scale":{"service":"notification","instances":0}}`,
	`{"scale":{"service":"notification","instances":1}}`,
	`{"speed":2}`, `"freeze"`, `"thaw"`, `"step"`, `"heal"`,
	`{"wait":"50ms"}`, `{"wait":"300ms"}`, `{"wait":"2s"}`, `{"note":"a note"}`,
}

// run makes random moves, and calls after each of them.
func run(w *labtest.World, t *testing.T, seed uint64, n int, after func()) {
	random := rand.New(rand.NewPCG(seed, 1))
	for range n {
		move := moves[random.IntN(len(moves))]
		a, err := lab.DecodeAction([]byte(move))
		require.NoError(t, err, move)
		if _, err := w.Lab.Do(t.Context(), a); err != nil {
			require.NotEqual(t, lab.Internal, lab.AsError(err).Code, "%s: %v", move, err)
		}
		after()
	}
}

const runs = 5

func eachRun(t *testing.T, o lab.Options, test func(t *testing.T, w *labtest.World, seed uint64)) {
	t.Helper()
	for seed := range uint64(runs) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			labtest.BubbleWith(t, `{"work":"20ms","stock":{"monitor":100}}`, o, func(t *testing.T, w *labtest.World) { test(t, w, seed) })
		})
	}
}

// The journal is the only thing that a lab says: it must not contradict itself.
func TestTheJournalHasNoHolesAndEveryCauseComesFirst(t *testing.T) {
	eachRun(t, lab.Options{}, func(t *testing.T, w *labtest.World, seed uint64) {
		run(w, t, seed, 40, func() {})
		w.Do(`"thaw"`)
		w.Do(`"heal"`)
		w.Later(5 * time.Second)
		next := map[string]int64{}
		produced := map[string]int64{}
		at := int64(0)
		for i, e := range w.Entries() {
			require.EqualValues(t, i+1, e.Seq, "the journal has a hole")
			require.Less(t, e.Cause, e.Seq, "%s: its cause comes later", e.Text)
			require.GreaterOrEqual(t, e.At, at, "%s: time went back", e.Text)
			require.NotEmpty(t, e.Text, "entry %d says nothing", e.Seq)
			at = e.At
			place := fmt.Sprintf("%s/%d", e.Topic, e.Partition)
			record := fmt.Sprintf("%s/%d", place, e.Offset)
			switch e.Kind {
			case lab.KindProduced:
				require.Equal(t, next[place], e.Offset, "%s: offsets of a partition have no holes", e.Text)
				next[place]++
				produced[record] = e.Seq
			case lab.KindDelivered:
				require.Positive(t, produced[record], "%s: it was never produced", e.Text)
				require.Equal(t, produced[record], e.Cause, "%s", e.Text)
			case lab.KindHandling, lab.KindHandled, lab.KindFailed, lab.KindSkipped:
				if e.Topic != "" {
					require.Positive(t, produced[record], "%s: it was never produced", e.Text)
				}
			}
		}
		for place, end := range next {
			topic, partition := place[:len(place)-2], int(place[len(place)-1]-'0')
			require.EqualValues(t, end, w.Eval(fmt.Sprintf(`topic(%q).partitions[%d].end`, topic, partition)))
		}
	})
}

// timeless takes away what is no event.
func timeless(board map[string]any) map[string]any {
	delete(board, "time")
	delete(board, "lab_time")
	return board
}

// The board is the fold of the journal: at every seq it can be had again.
func TestTheBoardAtASeqIsTheBoardThatWasShownThen(t *testing.T) {
	for name, keep := range map[string]int{"all is kept": 0, "the journal is trimmed": 150} {
		t.Run(name, func(t *testing.T) {
			eachRun(t, lab.Options{Keep: keep}, func(t *testing.T, w *labtest.World, seed uint64) {
				shown := map[int64]map[string]any{}
				n := 0
				run(w, t, seed, 40, func() {
					if n++; n%4 == 0 {
						raw, seq := w.Snapshot()
						shown[seq] = timeless(labtest.Parse(t, raw))
					}
				})
				checked := 0
				for seq, want := range shown {
					raw, err := w.BoardAt(seq)
					if err != nil {
						require.Equal(t, lab.NotFound, lab.AsError(err).Code)
						require.Positive(t, keep)
						continue
					}
					checked++
					got := timeless(labtest.Parse(t, raw))
					for section := range want {
						require.Equal(t, want[section], got[section], "%s of the board at %d", section, seq)
					}
					require.Len(t, got, len(want))
				}
				require.Positive(t, checked)
				_, err := w.BoardAt(w.Head() + 1)
				require.Equal(t, lab.NotFound, lab.AsError(err).Code)
			})
		})
	}
}

// A reader that has an old board and merges what it is sent has the new one.
func TestAPatchMergedOverAnOldBoardIsTheNewBoard(t *testing.T) {
	eachRun(t, lab.Options{}, func(t *testing.T, w *labtest.World, seed uint64) {
		raw, first := w.Snapshot()
		far, near := labtest.Parse(t, raw), labtest.Parse(t, raw)
		nearSeq := first
		check := func(from int64, board map[string]any) {
			patch, head, ok := w.Since(from)
			require.True(t, ok)
			merged := merge(board, labtest.Parse(t, patch))
			now, seq := w.Snapshot()
			require.Equal(t, seq, head, "the lab moved meanwhile")
			want := timeless(labtest.Parse(t, now))
			got := timeless(maps.Clone(merged))
			for section := range want {
				require.Equal(t, want[section], got[section], "%s, patched from %d to %d", section, from, head)
			}
		}
		run(w, t, seed, 40, func() {
			w.Later(0)
			check(nearSeq, near)
			now, seq := w.Snapshot()
			near, nearSeq = labtest.Parse(t, now), seq
		})
		check(first, far)
	})
}

// merge is RFC 7386.
func merge(into, patch map[string]any) map[string]any {
	for k, v := range patch {
		below, isObject := v.(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isObject:
			old, ok := into[k].(map[string]any)
			if !ok {
				old = map[string]any{}
			}
			into[k] = merge(old, below)
		default:
			into[k] = v
		}
	}
	return into
}

func TestTheJournalIsBounded(t *testing.T) {
	labtest.BubbleWith(t, `{"work":"0s"}`, lab.Options{Keep: 200}, func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":50,"rate":1000}}`)
		w.Settled()
		entries, first := w.Lab.Entries(1, w.Head(), 1_000_000)
		assert.LessOrEqual(t, len(entries), 250)
		assert.GreaterOrEqual(t, len(entries), 200)
		assert.Equal(t, first, entries[0].Seq)
		assert.Greater(t, first, int64(500))
		_, _, ok := w.Since(first - 2)
		assert.False(t, ok, "what is gone takes a snapshot")
		_, _, ok = w.Since(first - 1)
		assert.True(t, ok)
		_, err := w.BoardAt(first - 2)
		assert.Equal(t, lab.NotFound, lab.AsError(err).Code)
		few, _ := w.Lab.Entries(first, w.Head(), 7)
		assert.Len(t, few, 7)
	})
}
