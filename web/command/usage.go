package command

// UsageError is a call that can never work as it stands: exit code 2.
type UsageError struct{ Cause error }

func (e UsageError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e UsageError) Unwrap() error { return e.Cause }
