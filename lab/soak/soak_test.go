package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangs is in the environment of a test process that is to be a child whose
// plan never ends.
const hangs = "EDDY_SOAK_HANGS"

func TestMain(m *testing.M) {
	if os.Getenv(hangs) == "" {
		os.Exit(m.Run())
	}
	fmt.Println(child(Plan{Length: time.Minute}, waitForEver)) // it does not return
}

func waitForEver(context.Context, Plan) error { select {} }

// Its own clock keeps the bubble of a child from finding that nothing can go on.
func TestAPlanThatNeverEndsIsEndedWithItsGoroutines(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), hangs+"=1")
	said, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(said), "it hangs: not through after 24h1m0s of virtual time")
	assert.Contains(t, string(said), "waitForEver", "who waits is named")
}

// A short soak. Where it fails: eddy bench --soak --soak-from SEED --soak-seeds 1
// --soak-time 1m shrinks it.
func TestLabsKeepTheirPromisesWhateverIsDone(t *testing.T) {
	for seed := range uint64(8) {
		p := NewPlan(1000+seed, time.Minute)
		synctest.Test(t, func(t *testing.T) {
			require.NoError(t, Play(t.Context(), p), "seed %d\n%s", p.Seed, p)
		})
	}
}

// Every action that changes a lab is made, and can be decoded.
func TestAPlanMakesEveryAction(t *testing.T) {
	made := map[string]bool{}
	for _, m := range NewPlan(1, 3*time.Hour).Moves {
		a, err := lab.DecodeAction(m.Action)
		require.NoError(t, err, "%s", m.Action)
		made[a.Name] = true
	}
	for _, spec := range lab.ActionSpecs() {
		if !slices.Contains([]string{"wait", "wait_until", "expect"}, spec.Name) {
			assert.True(t, made[spec.Name], "no plan does %s", spec.Name)
		}
	}
	assert.Equal(t, NewPlan(7, time.Minute), NewPlan(7, time.Minute), "a seed decides everything")
	assert.NotEqual(t, NewPlan(7, time.Minute).Moves, NewPlan(8, time.Minute).Moves)
}

// What it is for: a lab that does not settle is found.
func TestWhatNeverSettlesIsFound(t *testing.T) {
	p := Plan{Length: time.Second, Labs: []json.RawMessage{[]byte(`{"services":{"payment":{"dead_letter":false}}}`)},
		Moves: []Move{{Action: json.RawMessage(`{"publish":{"topic":"orders","value":"{"}}`)}}}
	synctest.Test(t, func(t *testing.T) {
		err := Play(t.Context(), p)
		require.Error(t, err)
		assert.Contains(t, err.Error(), "healed, it does not settle")
		assert.Contains(t, err.Error(), "payment is blocked with lag 1")
	})
}

// A rebuild that takes long is answered late, and nothing is wrong with it.
func TestARebuildMayTakeAsLongAsItsRecords(t *testing.T) {
	p := Plan{Length: 2 * time.Minute, Labs: []json.RawMessage{[]byte(`{}`)}, Moves: []Move{
		{At: 0, Action: json.RawMessage(`{"burst":{"orders":20,"rate":50}}`)},
		{At: time.Minute, Action: json.RawMessage(`{"slow":{"service":"projector","by":"30s"}}`)},
		{At: time.Minute, Action: json.RawMessage(`{"rebuild":{"projection":"orders"}}`)},
	}}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.NoError(t, Play(t.Context(), p))
		assert.Greater(t, time.Since(began), time.Minute+answerWithin)
	})
}

func TestShrinkKeepsWhatFails(t *testing.T) {
	p := NewPlan(3, 5*time.Minute)
	crash := func(m Move) bool { return strings.Contains(string(m.Action), "crash") }
	order := func(m Move) bool { return strings.Contains(string(m.Action), "place_order") }
	fails := func(p Plan) bool { return slices.ContainsFunc(p.Moves, crash) && slices.ContainsFunc(p.Moves, order) }
	require.True(t, fails(p))
	small := Shrink(p, 1000, fails)
	assert.Len(t, small.Moves, 2)
	assert.True(t, fails(small))
	asked := 0
	Shrink(p, 5, func(Plan) bool { asked++; return false })
	assert.Equal(t, 5, asked, "it ends when it may ask no more")
}

// A goroutine that waits for a mutex stops the time of its bubble. It is found,
// and it alone is shown.
func TestTimeThatStandsStillIsFound(t *testing.T) {
	var at atomic.Int64
	var told time.Duration
	var stacks string
	var inside bool
	var mu sync.Mutex
	mu.Lock()
	over := make(chan struct{})
	go func() {
		defer close(over)
		watch(&at, time.Second, func(now time.Duration) {
			held := waiting(allStacks())
			told, stacks, inside = now, strings.Join(held, "\n\n"), inClient(held)
			mu.Unlock() // by which time goes on
		})
	}()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go tell(ctx, &at)
		time.Sleep(3 * time.Second)
		mu.Lock()
		time.Sleep(time.Second)
	})
	<-over
	assert.GreaterOrEqual(t, told, 2900*time.Millisecond)
	assert.LessOrEqual(t, told, 3*time.Second)
	assert.Contains(t, stacks, "TestTimeThatStandsStillIsFound")
	assert.Contains(t, stacks, "sync.Mutex")
	assert.NotContains(t, stacks, "soak.tell(")
	assert.False(t, inside, "the test holds it, not the client")
	assert.True(t, inClient([]string{"goroutine 7 [sync.Mutex.Lock, synctest bubble 1]:\ninternal/sync.(*Mutex).lockSlow(0x1)\n\t/go/mutex.go:149\nsync.(*Mutex).Lock(...)\n\t/go/mutex.go:46\ngithub.com/twmb/franz-go/pkg/kgo.(*consumer).doOnMetadataUpdate.func1()\n\t/go/consumer.go:1520"}))
}

// What fails once by chance is reported with what it said, and is not shrunk:
// shorter plans that pass would say nothing.
func TestWhatFailsByChanceIsSaidAndNotShrunk(t *testing.T) {
	once := filepath.Join(t.TempDir(), "once")
	var out strings.Builder
	failures, err := Run(t.Context(), Config{Seeds: 1, From: 5, Jobs: 1, Length: time.Minute, Out: &out,
		Child: []string{"sh", "-c", "cat >/dev/null; mkdir " + once + " || exit 0; echo it was late; exit 1"}})
	require.NoError(t, err)
	require.Len(t, failures, 1)
	assert.Equal(t, "it was late", failures[0].Report)
	assert.Equal(t, NewPlan(5, time.Minute), failures[0].Plan)
	assert.Contains(t, out.String(), "it depends on which of two goroutines is first")
}

// A plan that came to stand still in the client is played anew; one that always
// does is reported.
func TestWhatStandsStillInTheClientIsPlayedAnew(t *testing.T) {
	tries := filepath.Join(t.TempDir(), "tries")
	run := func(fails string) (failures []Failure, said string) {
		var out strings.Builder
		failures, err := Run(t.Context(), Config{Seeds: 1, From: 5, Jobs: 1, Length: time.Minute, Out: &out,
			Child: []string{"sh", "-c", "cat >/dev/null; echo x >>" + tries + "; [ $(wc -l <" + tries + ") -gt " + fails + " ] && exit 0; echo stood still; exit 3"}})
		require.NoError(t, err)
		require.NoError(t, os.Remove(tries))
		return failures, out.String()
	}
	failures, said := run("2")
	assert.Empty(t, failures)
	assert.Equal(t, 2, strings.Count(said, "is played anew"))
	failures, _ = run("1000")
	require.Len(t, failures, 1)
	assert.Equal(t, "stood still", failures[0].Report)
}
