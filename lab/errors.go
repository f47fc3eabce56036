package lab

import (
	"errors"
	"fmt"
)

// Code classes an error by what the caller can do about it. The web package
// has the only table from a code to an HTTP status.
type Code string

// The codes, as the API tells them.
const (
	Invalid     Code = "invalid"     // the request can never work as it stands
	NotFound    Code = "not_found"   // the thing named is not there
	Conflict    Code = "conflict"    // it would work in another state of the lab
	Forbidden   Code = "forbidden"   // the caller has no right to it
	TooMany     Code = "too_many"    // a quota or rate limit; try less or later
	Unavailable Code = "unavailable" // the lab is closed, or cannot do it now
	Internal    Code = "internal"    // a fault of Eddy itself
)

// Error is a refusal in one sentence that says what was wrong and what would
// be valid. It is meant to be shown to a learner as it stands.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error of a code.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError finds the Error in err's chain. Anything else is Internal, with the
// text of err.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: err.Error()}
}
