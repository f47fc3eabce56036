package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"eddy/lab"
	"eddy/lab/form"
)

var exprPlace = regexp.MustCompile(`line (\d+), column (\d+): `)

// CheckExpr compiles an expression that stands in the file under path. Its
// problem is noted where in the file the expression is wrong. With goal it must
// be true or false.
func CheckExpr(f *form.File, path, text string, goal bool) {
	_, err := lab.CompileExpr(text, goal)
	if err == nil {
		return
	}
	at, message := f.At(path), err.Error()
	if m := exprPlace.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		column, _ := strconv.Atoi(m[2])
		at = f.Inside(path, line, column)
		message = strings.Replace(message, "the expression is wrong at "+m[0], "", 1)
	}
	f.Problems = append(f.Problems, form.Problem{Pos: at, Message: fmt.Sprintf("%s: %s", path[strings.LastIndexByte(path, '.')+1:], message)})
}
