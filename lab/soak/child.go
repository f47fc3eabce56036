package soak

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
)

// Child plays a plan in virtual time and ends the process: with 0 where nothing
// was found, else with what was found on standard output. Virtual time is to be
// had inside a test alone, so the process becomes one.
func Child(p Plan) error {
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.timeout=0"}); err != nil {
		return fmt.Errorf("set the flags of a test: %w", err)
	}
	played := testing.InternalTest{Name: fmt.Sprintf("seed %d", p.Seed), F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if err := Play(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		})
	}}
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{played}, nil, nil)
	return nil
}
