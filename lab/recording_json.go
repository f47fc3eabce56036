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
	Steps    []recordedJSON  `json:"steps"`
	Seq      int64           `json:"seq"`
	End      time.Duration   `json:"end"`
}

type recordedJSON struct {
	Seq    int64         `json:"seq"`
	At     time.Duration `json:"at"`
	Action Action        `json:"action"`
	Seen   Seen          `json:"seen"`
}

// MarshalJSON writes a recording so that it can be done again another day.
func (r Recording) MarshalJSON() ([]byte, error) {
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, fmt.Errorf("write the settings of a recording: %w", err)
	}
	kept := recordingJSON{Settings: settings, Steps: []recordedJSON{}, Seq: r.Seq, End: r.End}
	for _, s := range r.Steps {
		kept.Steps = append(kept.Steps, recordedJSON(s))
	}
	return json.Marshal(kept)
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
	*r = Recording{Settings: settings, Seq: kept.Seq, End: kept.End}
	for _, s := range kept.Steps {
		r.Steps = append(r.Steps, Recorded(s))
	}
	return nil
}
