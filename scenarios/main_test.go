package scenarios_test

import (
	"fmt"
	"os"
	"testing"

	"eddy/scenarios"
	"eddy/scenarios/trial"
)

// The test program is its own child for what is tried in virtual time.
func TestMain(m *testing.M) {
	if os.Getenv(trial.Env) != "" {
		err := trial.Serve(map[string]trial.Job{scenarios.RehearseJob: scenarios.Rehearsed})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
