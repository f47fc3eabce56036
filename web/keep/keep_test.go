package keep_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/web/keep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *keep.Store {
	t.Helper()
	s, err := keep.Open(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// at is a run of the bundled scenario first-order that is in a step.
func at(step int, phase scenarios.Phase) keep.Run {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	action, _ := lab.DecodeAction([]byte(`{"scale":{"service":"payment","instances":0}}`))
	return keep.Run{
		Progress: scenarios.Progress{Scenario: "first-order", Step: step, Phase: phase, Began: began, Steps: []scenarios.StepProgress{
			{ID: "place", Predicted: 1, Confidence: "sure", Observed: -1, Tasks: []bool{true, false}, Because: []string{"so"}, Start: 12}}},
		Step:  step,
		Start: &lab.Recording{Settings: lab.DefaultSettings(), Seq: 12, End: time.Second, Steps: []lab.Recorded{{Seq: 9, At: time.Millisecond, Action: action}}},
	}
}

// A learner finds everything again after the program has ended, however it did.
func TestProgressOutlivesTheProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := keep.Open(t.Context(), dir)
	require.NoError(t, err)
	ann := keep.NewLearner()
	require.NoError(t, first.Save(t.Context(), ann, "lab-1", at(1, scenarios.Doing)))

	// The second one opens what is on the disk: the first one has not closed it.
	second := open(t, dir)
	found, ok, err := second.Run(t.Context(), ann, "first-order")
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, at(1, scenarios.Doing), found)
	found, ok, err = second.RunIn(t.Context(), ann, "lab-1")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, 1, found.Progress.Step)
	require.NoError(t, first.Close())
}

func TestAFinishedRunIsRememberedWhenTheScenarioIsBegunAgain(t *testing.T) {
	s := open(t, keep.Memory)
	ann := keep.NewLearner()
	require.NoError(t, s.Save(t.Context(), ann, "lab-1", at(2, scenarios.Finished)))
	require.NoError(t, s.Save(t.Context(), ann, "lab-2", at(0, scenarios.Predicting)))
	runs, err := s.Runs(t.Context(), ann)
	require.NoError(t, err)
	assert.Equal(t, scenarios.Predicting, runs["first-order"].Phase)
	done, err := s.Finished(t.Context(), ann)
	require.NoError(t, err)
	assert.Equal(t, scenarios.Finished, done["first-order"].Phase)
	_, ok, err := s.RunIn(t.Context(), ann, "lab-1")
	require.NoError(t, err)
	assert.False(t, ok, "the run has moved to lab-2")
}

func TestNobodyReachesAnothersProgress(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ann, bob := keep.NewLearner(), keep.NewLearner()
	assert.NotEqual(t, ann, bob)
	assert.GreaterOrEqual(t, len(ann)*5, 128, "bits of a secret in base 32")
	require.NoError(t, s.Save(t.Context(), ann, "lab-1", at(1, scenarios.Finished)))

	for _, other := range []string{bob, "", "%", ann + " ", "' OR 1=1 --"} {
		_, ok, err := s.Run(t.Context(), other, "first-order")
		require.NoError(t, err)
		assert.False(t, ok, other)
		_, ok, err = s.RunIn(t.Context(), other, "lab-1")
		require.NoError(t, err)
		assert.False(t, ok, other)
		runs, err := s.Runs(t.Context(), other)
		require.NoError(t, err)
		assert.Empty(t, runs)
		done, err := s.Finished(t.Context(), other)
		require.NoError(t, err)
		assert.Empty(t, done)
	}
	require.NoError(t, s.Close())
	for _, name := range []string{"eddy.db", "eddy.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		assert.NotContains(t, string(raw), ann, "the file does not hold a learner's secret")
		assert.NotContains(t, string(raw), "lab-1", "nor the id of a lab")
	}
}

func TestOnlyTheOwnerReadsTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder", "eddy?#%41")
	open(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "eddy.db"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestNothingIsKeptInMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	s := open(t, keep.Memory)
	require.NoError(t, s.Save(t.Context(), "ann", "lab-1", at(0, scenarios.Doing)))
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, files)
	_, ok, err := open(t, keep.Memory).Run(t.Context(), "ann", "first-order")
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestAFileOfANewerVersionIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, open(t, dir).Close())
	db, err := sql.Open("sqlite", filepath.Join(dir, "eddy.db"))
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA user_version = 999")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = keep.Open(context.Background(), dir)
	assert.ErrorContains(t, err, "newer Eddy")
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "eddy.db"), []byte("this is a letter to my aunt, long enough to be looked at"), 0o600))
	_, err := keep.Open(context.Background(), dir)
	assert.ErrorContains(t, err, dir)
}

func TestEveryCommitIsOnTheDiskWhenItIsAnswered(t *testing.T) {
	assert.Equal(t, "2", open(t, t.TempDir()).Pragma(t, "synchronous"), "FULL")
}
