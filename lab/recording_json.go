package lab

import (
	"encoding/json"
	"fmt"
	"time"
)

// recordingJSON is a Recording as it is kept. Times are nanoseconds of lab
// time.
type recordingJSON struct {
	Settings json.RawMessage `json:"settings"`
	Steps    []Recorded      `json:"steps"`
	Seq      int64           `json:"seq"`
	End      time.Duration   `json:"end"`
}

// MarshalJSON writes a recording so that it can be done again another day.
func (r Recording) MarshalJSON() ([]byte, error) {
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, fmt.Errorf("write the settings of a recording: %w", err)
	}
	return json.Marshal(recordingJSON{settings, append([]Recorded{}, r.Steps...), r.Seq, r.End})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Recording) UnmarshalJSON(data []byte) error {
	var kept recordingJSON
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("read a recording: %w", err)
	}
	settings, err := ParseSettings(kept.Settings)
	if err != nil {
		return fmt.Errorf("read the settings of a recording: %w", err)
	}
	*r = Recording{settings, kept.Steps, kept.Seq, kept.End}
	return nil
}
