package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Difference is one thing in which two labs differ, in words.
type Difference struct {
	What  string `json:"what"`
	Left  string `json:"left"`
	Right string `json:"right"`
}

// differencesMax bounds a comparison: beyond it, nobody reads on.
const differencesMax = 40

// ReadBoard reads a board that Lab.Snapshot or Lab.BoardAt wrote. It can be
// compared, not folded on.
func ReadBoard(raw []byte) (*Board, error) {
	b := new(Board)
	if err := json.Unmarshal(raw, b); err != nil {
		return nil, fmt.Errorf("read a board: %w", err)
	}
	return b, nil
}

// Compare lists in what two labs came out differently, what matters most to the
// shop first: promises, orders, dead letters, stock, and then what the services
// did. At most differencesMax.
func Compare(left, right *Board) []Difference {
	c := comparison{found: []Difference{}}
	for _, id := range invariantIDs {
		c.add("promise "+id, left.stateOf(id), right.stateOf(id))
	}
	for _, id := range bothKeys(left.Orders, right.Orders) {
		c.orders(left.Orders[id], right.Orders[id])
	}
	c.add("dead letters", len(left.DeadLetters), len(right.DeadLetters))
	for _, sku := range bothKeys(left.Stock, right.Stock) {
		c.add("stock of "+sku, left.Stock[sku], right.Stock[sku])
	}
	for _, name := range ServiceNames {
		c.services(name, left.Services[name], right.Services[name])
	}
	for _, name := range bothKeys(left.Topics, right.Topics) {
		c.add("records in "+name, left.ends(name), right.ends(name))
	}
	return c.found
}

type comparison struct{ found []Difference }

func (c *comparison) add(what string, left, right any) {
	if left != right && len(c.found) < differencesMax {
		c.found = append(c.found, Difference{what, fmt.Sprint(left), fmt.Sprint(right)})
	}
}

func (c *comparison) orders(left, right *Order) {
	one := cmp.Or(left, right)
	name := "order " + cmp.Or(one.Handle, one.ID)
	if left == nil || right == nil {
		here := func(o *Order) string {
			if o == nil {
				return "not there"
			}
			return o.Status
		}
		c.add(name, here(left), here(right))
		return
	}
	c.add("status of "+name, left.Status, right.Status)
	c.add("charges of "+name, left.Charges, right.Charges)
	c.add("net payment of "+name, money(left.Net), money(right.Net))
	c.add("notifications of "+name, left.Notifications, right.Notifications)
}

func money(cents int64) string { return fmt.Sprintf("%.2f USD", float64(cents)/100) }

func (c *comparison) services(name string, left, right *Service) {
	if left == nil || right == nil {
		return
	}
	for _, n := range []struct {
		what        string
		left, right int
	}{
		{"handled by ", left.Handled, right.Handled},
		{"repeats skipped by ", left.SkippedDuplicates, right.SkippedDuplicates},
		{"failed tries of ", left.Failed, right.Failed},
		{"dead letters of ", left.DeadLettered, right.DeadLettered},
		{"crashes of ", left.Crashes, right.Crashes},
	} {
		c.add(n.what+name, n.left, n.right)
	}
	c.add("lag of "+name, left.Lag, right.Lag)
}

func (b *Board) stateOf(id string) string {
	if v := b.Invariants[id]; v != nil {
		return v.State
	}
	return ""
}

func (b *Board) ends(topic string) (sum int64) {
	if t := b.Topics[topic]; t != nil {
		for _, p := range t.Partitions {
			sum += p.End
		}
	}
	return sum
}

// bothKeys are the keys of two maps, in order.
func bothKeys[V any](left, right map[string]V) []string {
	all := maps.Clone(left)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, right)
	return slices.Sorted(maps.Keys(all))
}

// CompareSettings lists in what two labs are set differently, by the names that
// settings have in JSON.
func CompareSettings(left, right Settings) []Difference {
	c := comparison{found: []Difference{}}
	c.fields("", reflect.ValueOf(left), reflect.ValueOf(right))
	return c.found
}

func (c *comparison) fields(path string, left, right reflect.Value) {
	below := func(name string) string { return strings.TrimPrefix(path+" "+name, " ") }
	switch left.Kind() {
	case reflect.Struct:
		for i := range left.NumField() {
			name, _, _ := strings.Cut(left.Type().Field(i).Tag.Get("json"), ",")
			c.fields(below(name), left.Field(i), right.Field(i))
		}
	case reflect.Map:
		for _, key := range slices.SortedFunc(slices.Values(left.MapKeys()), func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) }) {
			if r := right.MapIndex(key); r.IsValid() {
				c.fields(strings.TrimPrefix(below(key.String()), "services "), left.MapIndex(key), r)
			}
		}
	default:
		c.add(path, left.Interface(), right.Interface())
	}
}
