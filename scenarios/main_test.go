package scenarios_test

import (
	"fmt"
	"os"
	"testing"

	"eddy/scenarios"
)

// envChild is set for the process in which a scenario is proven: the binary of
// this test is its own child.
const envChild = "EDDY_TEST_PLAY_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(envChild) {
	case "hang":
		select {}
	case "panic":
		panic("a play that broke")
	case "1":
		if err := scenarios.Child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

func newProver() *scenarios.Prover { return scenarios.NewProver([]string{os.Args[0]}, envChild+"=1") }
