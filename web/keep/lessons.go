package keep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MarkLesson keeps that a learner has read a lesson, or takes that back. One
// that is marked already keeps the time of its first mark.
func (s *Store) MarkLesson(ctx context.Context, learner, lesson string, done bool, at time.Time) error {
	query, args := `DELETE FROM lessons WHERE learner = ? AND lesson = ?`, []any{hash(learner), lesson}
	if done {
		query, args = `INSERT OR IGNORE INTO lessons (learner, lesson, done) VALUES (?, ?, ?)`, append(args, at.UTC().Format(time.RFC3339))
	}
	if _, err := s.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("keep that the lesson %s was read: %w", lesson, err)
	}
	return nil
}

// Lessons is when a learner marked lessons as read, by lesson.
func (s *Store) Lessons(ctx context.Context, learner string) (map[string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT lesson, done FROM lessons WHERE learner = ?`, hash(learner))
	if err != nil {
		return nil, fmt.Errorf("read a learner's lessons: %w", err)
	}
	defer rows.Close()
	all := map[string]time.Time{}
	for rows.Next() {
		var lesson, done string
		err := rows.Scan(&lesson, &done)
		at, parsed := time.Parse(time.RFC3339, done)
		if err = errors.Join(err, parsed); err != nil {
			return nil, fmt.Errorf("read a learner's lessons: %w", err)
		}
		all[lesson] = at
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read a learner's lessons: %w", err)
	}
	return all, nil
}
