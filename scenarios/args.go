package scenarios

import (
	"encoding/json"
	"fmt"

	"eddy/lab"
)

// argsOf reads the arguments of an action into what has a field for those that
// are of interest.
func argsOf(a lab.Action, into any) error {
	raw, err := json.Marshal(a.Args)
	if err != nil {
		return fmt.Errorf("write the arguments of %s: %w", a.Name, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read the arguments of %s: %w", a.Name, err)
	}
	return nil
}
