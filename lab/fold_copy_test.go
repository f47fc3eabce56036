package lab

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fill puts a value into every field, whatever its type, unexported ones
// among them, so that a field which a copy forgets is seen.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.Type() == reflect.TypeFor[changes]() || f.Type() == reflect.TypeFor[json.RawMessage]() {
				continue // a copy makes no patches
			}
			fill(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(k, n)
		fill(e, n)
		v.SetMapIndex(k, e)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 2))
		fill(v.Index(0), n)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(*n % 200))
	case reflect.Interface:
		v.Set(reflect.ValueOf(fmt.Sprint(*n)))
	default:
		panic("fill does not know " + v.Type().String())
	}
}

// mayShare are fields that the fold replaces and never changes in place. A list
// that is appended to is clipped when it is shared.
var mayShare = map[string]string{
	"Board.Settings": "replaced", "Board.Rerun": "replaced", "Board.Experiments": "replaced", "Group.Members": "replaced", "Seat.Partitions": "replaced", "Seat.Doing": "replaced",
	"Seat.Blocked": "replaced", "Seat.Retries": "replaced", "Service.Cut": "replaced", "Order.Items": "replaced", "Order.Refused": "replaced", "Saga.Steps": "replaced", "Record.Headers": "replaced", "Held.Headers": "replaced", "Record.CopyOf": "replaced", "Fault.Broker": "replaced",
	"Verdict.Evidence": "replaced", "violation.evidence": "replaced",
	"Order.Trail": "clipped", "Order.Stream": "clipped", "ReadRow.Items": "replaced", "judged.captures": "clipped", "fold.eventsOf": "clipped", "fold.unread": "clipped",
}

// shared lists what two values have in common though changing it in one would
// change the other.
func shared(path, field string, a, b reflect.Value) (found []string) {
	if mayShare[field] == "replaced" {
		return nil
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		clipped := a.Kind() == reflect.Slice && mayShare[field] == "clipped" && b.Cap() == b.Len()
		if !a.IsNil() && a.UnsafePointer() == b.UnsafePointer() && !clipped {
			return []string{path}
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		return shared(path, field, a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			found = append(found, shared(path+"."+name, a.Type().Name()+"."+name, a.Field(i), b.Field(i))...)
		}
	case reflect.Map:
		for it := a.MapRange(); it.Next(); {
			found = append(found, shared(path, field, it.Value(), b.MapIndex(it.Key()))...)
		}
	case reflect.Slice:
		for i := range a.Len() {
			found = append(found, shared(path, field, a.Index(i), b.Index(i))...)
		}
	}
	return found
}

func fullBoard() *Board {
	b, n := &Board{}, 0
	fill(reflect.ValueOf(b).Elem(), &n)
	b.changes.off = true
	b.Settings = DefaultSettings() // they are checked when they are read
	return b
}

func TestACopyOfTheBoardHasEveryFieldAndSharesNone(t *testing.T) {
	b := fullBoard()
	c := b.clone()
	require.Equal(t, b, c, "clone (fold_clone.go) forgets a field")
	assert.Empty(t, shared("board", "", reflect.ValueOf(b), reflect.ValueOf(c)), "clone (fold_clone.go) must copy these")
}

func TestAPackedBoardHasEveryField(t *testing.T) {
	b := fullBoard()
	raw, err := b.pack()
	require.NoError(t, err)
	c, err := unpackBoard(raw)
	require.NoError(t, err)
	for name := range c.Topics { // a board has every topic of its settings
		if b.Topics[name] == nil {
			delete(c.Topics, name)
			delete(c.Tapes, name)
		}
	}
	for name := range c.Services {
		if b.Services[name] == nil {
			delete(c.Services, name)
			delete(c.Groups, GroupID(name))
		}
	}
	require.Equal(t, b, c, "pack or unpackBoard (fold_pack.go) forgets a field")
}
