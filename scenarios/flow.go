package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"eddy/lab"
)

// ActionLine writes an action in YAML, on one line: crash: {service: payment}.
// Arguments stand in the order of the reference; an argument that says it all
// stands alone.
func ActionLine(a lab.Action) string {
	raw, err := json.Marshal(a)
	if err != nil {
		return a.Name
	}
	var whole any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // long numbers stay as they are
	if err := dec.Decode(&whole); err != nil {
		return a.Name
	}
	object, ok := whole.(map[string]any)
	if !ok {
		return a.Name
	}
	args, _ := object[a.Name].(map[string]any)
	var order []string
	bare := ""
	for _, spec := range lab.ActionSpecs() {
		if spec.Name == a.Name {
			bare = spec.Bare()
			for _, f := range spec.Fields() {
				order = append(order, f.Name)
			}
		}
	}
	if value, alone := args[bare]; alone && len(args) == 1 && bare != "" {
		return a.Name + ": " + flowOf(value)
	}
	return a.Name + ": " + flowMap(args, order)
}

// flowOf writes a value in YAML, on one line.
func flowOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return scalar(v)
	case map[string]any:
		return flowMap(v, itemOrder)
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, flowOf(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// itemOrder is the order that people expect in what an order is of, and in
// settings.
var itemOrder = []string{"sku", "qty", "saga", "key", "seed", "work", "brokers", "partitions", "stock", "services"}

func flowMap(m map[string]any, order []string) string {
	names := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(names, func(a, b string) int { return rank(order, a) - rank(order, b) })
	var pairs []string
	for _, name := range names {
		key := scalar(name)
		if plainScalar.MatchString(name) {
			key = name // `on` is no more than a name here
		}
		pairs = append(pairs, key+": "+flowOf(m[name]))
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func rank(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

var (
	plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$|^[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)$`)
	otherwise   = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}
)

// scalar writes a text in YAML so that it is read as the same text.
func scalar(text string) string {
	if plainScalar.MatchString(text) && !slices.Contains(otherwise, strings.ToLower(text)) {
		return text
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd
	}) {
		raw, _ := json.Marshal(text) // a text can be written
		return strings.NewReplacer("\u0085", `\u0085`, "\ufeff", `\ufeff`, "\x7f", `\u007f`).Replace(string(raw))
	}
	return quoted(text)
}

// quoted is a text on one line in single quotes, in which nothing but the quote
// means anything.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
