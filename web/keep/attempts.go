package keep

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"eddy/lab"
	"eddy/quiz"
)

// LearnerID is what attempts and tables know a learner by: it is not the
// secret, and the secret cannot be found from it.
func LearnerID(secret string) string { return hash(secret) }

// CreateAttempt implements quiz.Store. The attempt's Learner is a LearnerID.
func (s *Store) CreateAttempt(ctx context.Context, a quiz.Attempt) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write an attempt at %s: %w", a.Quiz, err)
	}
	return s.together(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO attempts (id, learner, quiz, class, attempt) VALUES (?, ?, ?, ?, ?)`,
			a.ID, a.Learner, a.Quiz, a.Class, string(raw)); err != nil {
			return fmt.Errorf("keep an attempt at %s: %w", a.Quiz, err)
		}
		return nil
	})
}

// Attempt implements quiz.Store.
func (s *Store) Attempt(ctx context.Context, id string) (quiz.Attempt, error) {
	return readAttempt(s.db.QueryRowContext(ctx, `SELECT attempt FROM attempts WHERE id = ?`, id), id)
}

func readAttempt(row *sql.Row, id string) (a quiz.Attempt, err error) {
	var raw string
	switch err := row.Scan(&raw); {
	case errors.Is(err, sql.ErrNoRows):
		return a, lab.Errorf(lab.NotFound, "There is no attempt %q.", id)
	case err != nil:
		return a, fmt.Errorf("read an attempt: %w", err)
	}
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		return a, fmt.Errorf("read an attempt: %w", err)
	}
	return a, nil
}

// ChangeAttempt implements quiz.Store.
func (s *Store) ChangeAttempt(ctx context.Context, id string, change func(*quiz.Attempt) error) (a quiz.Attempt, err error) {
	err = s.together(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if a, err = readAttempt(tx.QueryRowContext(ctx, `SELECT attempt FROM attempts WHERE id = ?`, id), id); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		raw, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("write an attempt at %s: %w", a.Quiz, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE attempts SET attempt = ? WHERE id = ?`, string(raw), id); err != nil {
			return fmt.Errorf("keep an attempt at %s: %w", a.Quiz, err)
		}
		return nil
	})
	return a, err
}

// AttemptsOf lists a learner's attempts, the oldest first.
func (s *Store) AttemptsOf(ctx context.Context, secret string) ([]quiz.Attempt, error) {
	return s.attempts(ctx, `SELECT attempt FROM attempts WHERE learner = ? ORDER BY attempt ->> '$.began'`, hash(secret))
}

// AttemptsAt lists everybody's attempts at a quiz, the oldest first.
func (s *Store) AttemptsAt(ctx context.Context, quizID string) ([]quiz.Attempt, error) {
	return s.attempts(ctx, `SELECT attempt FROM attempts WHERE quiz = ? ORDER BY attempt ->> '$.began'`, quizID)
}

// Graded counts the learners who have a graded result, by quiz.
func (s *Store) Graded(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT quiz, count(DISTINCT learner) FROM attempts
		WHERE attempt ->> '$.mode' = ? AND attempt ->> '$.result' IS NOT NULL GROUP BY quiz`, quiz.Graded)
	if err != nil {
		return nil, fmt.Errorf("count graded attempts: %w", err)
	}
	defer rows.Close()
	graded := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fmt.Errorf("count graded attempts: %w", err)
		}
		graded[id] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count graded attempts: %w", err)
	}
	return graded, nil
}

func (s *Store) attempts(ctx context.Context, query string, args ...any) (all []quiz.Attempt, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var raw string
		var a quiz.Attempt
		if err := errors.Join(rows.Scan(&raw), json.Unmarshal([]byte(raw), &a)); err != nil {
			return nil, fmt.Errorf("read attempts: %w", err)
		}
		all = append(all, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return all, nil
}

// Forget deletes everything that is kept of a learner.
func (s *Store) Forget(ctx context.Context, secret string) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"progress", "finished", "attempts", "lessons"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE learner = ?`, hash(secret)); err != nil {
				return fmt.Errorf("delete what is kept of a learner: %w", err)
			}
		}
		return nil
	})
}
