package lab

import (
	"bytes"
	"encoding/json"
)

// payload is the value of a record as an action gives it: text, of any kind, or
// JSON as it stands.
type payload string

// UnmarshalJSON reads text as text, and an object or a list as its own text.
func (p *payload) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		*p = payload(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(p))
}
