package keep

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"eddy/lab"
	"eddy/scenarios"
)

// Run is a learner's way through one scenario, with what it takes to go on. The
// recordings are nil where there are none.
type Run struct {
	Progress scenarios.Progress
	Step     int            // the step that the recordings are of
	Start    *lab.Recording // leads to where it begins
	Met      *lab.Recording // leads to where its goal was met
}

// Save keeps a run that goes on in a lab, in place of an earlier one of the
// scenario. A finished one is also kept as the last one that was finished.
func (s *Store) Save(ctx context.Context, learner, lab string, r Run) error {
	progress, err := json.Marshal(r.Progress)
	if err != nil {
		return fmt.Errorf("write the progress in %s: %w", r.Progress.Scenario, err)
	}
	start, err := packed(r.Start)
	if err != nil {
		return err
	}
	met, err := packed(r.Met)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO progress (learner, scenario, lab, progress, step, start, met) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			hash(learner), r.Progress.Scenario, hash(lab), string(progress), r.Step, start, met)
		if err == nil && r.Progress.Phase == scenarios.Finished {
			_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO finished (learner, scenario, progress) VALUES (?, ?, ?)`,
				hash(learner), r.Progress.Scenario, string(progress))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the progress in %s: %w", r.Progress.Scenario, err)
	}
	return nil
}

func packed(r *lab.Recording) (string, error) {
	if r == nil {
		return "", nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("write a recording: %w", err)
	}
	return string(raw), nil
}

// unpacked is nil where there is no recording, and where it holds something
// that this version does not know: then the way begins anew.
func unpacked(text string) *lab.Recording {
	if text == "" {
		return nil
	}
	r := &lab.Recording{}
	if json.Unmarshal([]byte(text), r) != nil {
		return nil
	}
	return r
}

func (s *Store) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once it was committed
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Run finds a learner's run of a scenario; ok is false where there is none.
func (s *Store) Run(ctx context.Context, learner, scenario string) (r Run, ok bool, err error) {
	return s.run(ctx, `SELECT progress, step, start, met FROM progress WHERE learner = ? AND scenario = ?`, hash(learner), scenario)
}

// RunIn finds a learner's run that goes on in a lab, or did before that was
// closed.
func (s *Store) RunIn(ctx context.Context, learner, lab string) (r Run, ok bool, err error) {
	return s.run(ctx, `SELECT progress, step, start, met FROM progress WHERE learner = ? AND lab = ?`, hash(learner), hash(lab))
}

func (s *Store) run(ctx context.Context, query string, args ...any) (r Run, ok bool, err error) {
	var progress, start, met string
	err = s.db.QueryRowContext(ctx, query, args...).Scan(&progress, &r.Step, &start, &met)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Run{}, false, nil
	case err != nil:
		return Run{}, false, fmt.Errorf("read a learner's progress: %w", err)
	}
	if err := json.Unmarshal([]byte(progress), &r.Progress); err != nil {
		return Run{}, false, fmt.Errorf("read a learner's progress: %w", err)
	}
	r.Start, r.Met = unpacked(start), unpacked(met)
	return r, true, nil
}

// Runs is every run of a learner, by scenario, without the recordings.
func (s *Store) Runs(ctx context.Context, learner string) (map[string]scenarios.Progress, error) {
	return s.all(ctx, `SELECT scenario, progress FROM progress WHERE learner = ?`, learner)
}

// Finished is the last finished run of every scenario that a learner has
// finished, by scenario.
func (s *Store) Finished(ctx context.Context, learner string) (map[string]scenarios.Progress, error) {
	return s.all(ctx, `SELECT scenario, progress FROM finished WHERE learner = ?`, learner)
}

func (s *Store) all(ctx context.Context, query, learner string) (map[string]scenarios.Progress, error) {
	rows, err := s.db.QueryContext(ctx, query, hash(learner))
	if err != nil {
		return nil, fmt.Errorf("read a learner's progress: %w", err)
	}
	defer rows.Close()
	all := map[string]scenarios.Progress{}
	for rows.Next() {
		var scenario, raw string
		var p scenarios.Progress
		if err := errors.Join(rows.Scan(&scenario, &raw), json.Unmarshal([]byte(raw), &p)); err != nil {
			return nil, fmt.Errorf("read a learner's progress: %w", err)
		}
		all[scenario] = p
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read a learner's progress: %w", err)
	}
	return all, nil
}
