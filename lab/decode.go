package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// unknownField reads the name out of encoding/json's error for a key that has
// no field; the package offers no typed error for it.
func unknownField(err error) (string, bool) {
	_, rest, ok := strings.Cut(err.Error(), `unknown field "`)
	if !ok {
		return "", false
	}
	return strings.TrimSuffix(rest, `"`), true
}

// fieldNames lists the JSON names of a struct's fields.
func fieldNames(of any) []string {
	t := reflect.TypeOf(of)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// plainJSONError says what encoding/json means in words for somebody who never
// saw Go.
func plainJSONError(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		want := typ.Type.String()
		switch typ.Type.Kind() {
		case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
			want = "a whole number"
		case reflect.Float64:
			want = "a number"
		case reflect.String:
			want = "text"
		case reflect.Bool:
			want = "true or false"
		case reflect.Slice:
			want = "a list"
		case reflect.Map, reflect.Struct:
			want = "an object"
		}
		return fmt.Sprintf("%s must be %s, not %s", typ.Field, want, typ.Value)
	}
	return err.Error()
}
