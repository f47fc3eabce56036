package quiz

import (
	"encoding/json"
	"fmt"
	"strings"

	"eddy/lab"
)

// Said is an answer in words, for who reads over it; "" where there is none. The
// answer is as the answers file has it.
func (q *Question) Said(v Variant, inFile json.RawMessage) string {
	if len(inFile) == 0 || string(inFile) == "null" {
		return ""
	}
	option := func(i int) string {
		if i < 0 || i >= len(q.Options) {
			return fmt.Sprintf("option %d, which is not there", i)
		}
		return v.Fill(q.Options[i].Text)
	}
	switch q.Kind {
	case Single:
		var i int
		if json.Unmarshal(inFile, &i) == nil {
			return option(i)
		}
	case Multiple:
		var chosen []int
		if json.Unmarshal(inFile, &chosen) == nil {
			var parts []string
			for _, i := range chosen {
				parts = append(parts, option(i))
			}
			return strings.Join(parts, "; ")
		}
	case Order:
		var order []string
		if json.Unmarshal(inFile, &order) == nil {
			return strings.Join(order, " → ")
		}
	case Match:
		var given map[string]string
		if json.Unmarshal(inFile, &given) == nil {
			var parts []string
			for _, c := range q.Match {
				if given[c.Left] != "" {
					parts = append(parts, c.Left+" – "+given[c.Left])
				}
			}
			return strings.Join(parts, "; ")
		}
	case Lab:
		if actions, err := lab.DecodeActions(inFile); err == nil {
			var parts []string
			for _, a := range actions {
				parts = append(parts, a.Name)
			}
			return strings.Join(parts, ", ")
		}
	}
	var value any
	if json.Unmarshal(inFile, &value) != nil {
		return string(inFile)
	}
	if i, ok := value.(float64); ok && q.Kind == Predict && len(q.Options) > 0 {
		return option(int(i))
	}
	return plain(value)
}
