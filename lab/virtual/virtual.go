// Package virtual gives virtual time to a program that is no test.
//
// Guarantees:
//
//   - Main makes the process a test, which may then open bubbles of
//     testing/synctest: hours of a lab pass in the seconds that its work takes.
//   - Main does not return once it has begun: the process ends with 0 where the
//     test passed, else with 1. So it is for a process that was started for it.
//   - Such a process ends when its Lines do, and with BoundMemory before it takes
//     the machine's memory.
package virtual

import (
	"flag"
	"fmt"
	"testing"
)

// Main runs a test in this process and ends it. Virtual time is to be had
// inside a test alone. The error says why it could not begin.
func Main(name string, test func(t *testing.T)) error {
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.timeout=0"}); err != nil {
		return fmt.Errorf("set the flags of a test: %w", err)
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: name, F: test}}, nil, nil)
	return nil
}
