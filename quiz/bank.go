package quiz

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"sync"
)

//go:embed bank/*.yaml
var bank embed.FS

// Bundled is the bank that is part of the program, by id.
var Bundled = sync.OnceValue(func() []*Quiz {
	entries, err := bank.ReadDir("bank")
	if err != nil {
		panic(fmt.Sprintf("the bank is part of the program: %v", err))
	}
	var all []*Quiz
	for _, e := range entries {
		text, err := bank.ReadFile(path.Join("bank", e.Name()))
		if err != nil {
			panic(fmt.Sprintf("the bank is part of the program: %v", err))
		}
		q, problems := Parse(strings.TrimSuffix(e.Name(), ".yaml"), text)
		if len(problems) > 0 {
			panic(fmt.Sprintf("the bank is part of the program: %s: %v", e.Name(), problems[0]))
		}
		all = append(all, q)
	}
	return all
})
