package trial_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"eddy/lab/labtest"
	"eddy/scenarios"
	"eddy/scenarios/trial"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test program is its own child for what is tried in virtual time.
func TestMain(m *testing.M) {
	if os.Getenv(trial.Env) != "" {
		err := trial.Serve(map[string]trial.Job{scenarios.RehearseJob: scenarios.Rehearsed, "sleep": sleep, "hang": hang, "panic": panics, "leak": leak, "eat": eat})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func sleep(_ context.Context, in json.RawMessage) (any, error) {
	var d time.Duration
	if err := json.Unmarshal(in, &d); err != nil {
		return nil, err
	}
	began := time.Now()
	time.Sleep(d)
	return time.Since(began), nil
}

// hang waits for a mutex: time stands still meanwhile. It makes the file that it
// is given, if any, once it is there.
func hang(_ context.Context, in json.RawMessage) (any, error) {
	var file string
	if json.Unmarshal(in, &file) == nil && file != "" {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return nil, err
		}
	}
	var mu sync.Mutex
	mu.Lock()
	go func() {
		time.Sleep(time.Hour)
		mu.Unlock()
	}()
	mu.Lock()
	return nil, nil
}

func panics(context.Context, json.RawMessage) (any, error) { panic("oh no") }

// eat takes more memory than a process may, and hangs.
func eat(ctx context.Context, in json.RawMessage) (any, error) {
	much := make([]byte, 1100<<20)
	out, err := hang(ctx, in)
	runtime.KeepAlive(much)
	return out, err
}

// leak leaves a goroutine behind that never ends.
func leak(context.Context, json.RawMessage) (any, error) {
	go func() { select {} }()
	return nil, nil
}

func TestAnHourTakesNoTime(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	defer pool.Close()
	began := time.Now()
	for range 3 {
		var took time.Duration
		require.NoError(t, pool.Do(t.Context(), "sleep", time.Hour, &took))
		assert.Equal(t, time.Hour, took)
	}
	assert.Less(t, time.Since(began), 30*time.Second)
}

// What goes wrong in a job is its own affair: the next one is done.
func TestAJobThatHangsOrPanicsTakesNothingWithIt(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, 2*time.Second)
	defer pool.Close()
	var took time.Duration
	require.ErrorIs(t, pool.Do(t.Context(), "hang", nil, &took), trial.ErrHangs)
	require.ErrorContains(t, pool.Do(t.Context(), "panic", nil, &took), "oh no")
	require.Error(t, pool.Do(t.Context(), "leak", nil, &took), "a goroutine that outlives its job ends the process")
	require.ErrorContains(t, pool.Do(t.Context(), "nonsense", nil, &took), `there is no job "nonsense"`)
	require.ErrorContains(t, pool.Do(t.Context(), "sleep", "soon", &took), "cannot unmarshal")
	require.NoError(t, pool.Do(t.Context(), "sleep", time.Minute, &took))
	assert.Equal(t, time.Minute, took)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, pool.Do(ctx, "hang", nil, &took), context.DeadlineExceeded)
	require.Error(t, trial.NewPool([]string{"/there/is/none"}, time.Second).Do(t.Context(), "sleep", 1, &took))
}

func TestAClosedPoolDoesNothingAnyMore(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	var took time.Duration
	require.NoError(t, pool.Do(t.Context(), "sleep", time.Hour, &took))
	ended := make(chan error)
	dir := t.TempDir()
	for i := range 2 {
		file := filepath.Join(dir, strconv.Itoa(i))
		go func() { ended <- pool.Do(t.Context(), "hang", file, new(any)) }()
		require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, 10*time.Second, time.Millisecond)
	}
	began := time.Now()
	pool.Close()
	assert.Empty(t, labtest.Children(t), "Close returns when they have ended")
	require.ErrorIs(t, <-ended, trial.ErrClosed)
	require.ErrorIs(t, <-ended, trial.ErrClosed)
	assert.Less(t, time.Since(began), 10*time.Second, "it does not wait for what hangs")
	require.ErrorIs(t, pool.Do(t.Context(), "sleep", 1, &took), trial.ErrClosed)
	pool.Close() // once more does nothing
}

// A process ends with whoever started it, and before it takes all memory.
func TestAProcessIsNoBurden(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), trial.Env+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	file := filepath.Join(t.TempDir(), "hangs")
	_, err = fmt.Fprintf(in, "{\"job\":\"hang\",\"in\":%q}\n", file)
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, in.Close())
	kill := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	require.Error(t, cmd.Wait())
	require.True(t, kill.Stop(), "it lives on although nobody listens")

	pool := trial.NewPool([]string{os.Args[0]}, 20*time.Second)
	defer pool.Close()
	require.ErrorContains(t, pool.Do(t.Context(), "eat", nil, new(any)), "more than 1024 MiB of memory")
}
