package lab_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = ".." // of the repository, seen from here

// source is one Go file that is no test and was written by hand.
type source struct {
	pkg     string // folder, from the root
	name    string
	imports []string
	doc     bool
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && file != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		s := source{pkg: filepath.ToSlash(folder), name: filepath.Base(file), doc: parsed.Doc != nil}
		for _, i := range parsed.Imports {
			text, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, text)
		}
		all = append(all, s)
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

// below tells whether a package is in a folder, or is it.
func below(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

// Imports point one way: main, web, then scenarios, quiz and content, then lab
// and its parts.
func TestImportsPointDown(t *testing.T) {
	rules := []struct {
		imported string
		only     []string // the folders that may import it; "!" before one: all but that
		because  string
	}{
		{"eddy/web", []string{"."}, "nothing stands on the web but main: whatever the web can do, play and bench can do without it"},
		{"eddy/scenarios", []string{".", "web", "scenarios"}, "a lab knows nothing of lessons"},
		{"eddy/quiz", []string{".", "web", "quiz"}, "a lab knows nothing of questions"},
		{"eddy/content", []string{".", "web", "content"}, "a lab knows nothing of texts"},
		{"eddy/lab/fleet", []string{".", "web", "lab/fleet"}, "a lab does not know that there are others"},
		{"eddy/lab/shop", []string{"lab", "."}, "the shop is the lab's business"},
		{"eddy/lab/labtest", []string{"lab/labtest"}, "only tests need it"},
		{"github.com/twmb/franz-go/pkg/kfake", []string{"lab/kafka"}, "nobody else may know that the cluster is embedded"},
		{"github.com/gorilla/websocket", []string{"web"}, "one place speaks to browsers"},
		{"net/http", []string{".", "web", "lab/pattern", "lab/shop", "lab/fleet", "lab/store", "lab/beyond"}, "the lab itself is no server; its services call each other and databases over HTTP"},
	}
	for _, s := range sources(t) {
		for _, imported := range s.imports {
			for _, r := range rules {
				if !below(imported, r.imported) || below("eddy/"+s.pkg, r.imported) {
					continue
				}
				allowed := slices.ContainsFunc(r.only, func(folder string) bool {
					return s.pkg == folder || folder != "." && below(s.pkg, folder)
				})
				assert.True(t, allowed, "%s/%s imports %s, which only %v may: %s", s.pkg, s.name, imported, r.only, r.because)
			}
		}
	}
	forbidden := []struct{ pkg, imports, because string }{
		{"lab/pattern", "eddy", "it is shown to learners: textbook code without the lab's plumbing"},
		{"lab/store", "eddy", "a database knows nothing of who uses it"},
		{"lab/kafka", "eddy", "a cluster knows nothing of who uses it"},
		{"lab", "eddy/web", "a lab runs without a browser"},
	}
	for _, s := range sources(t) {
		for _, rule := range forbidden {
			if !below(s.pkg, rule.pkg) {
				continue
			}
			for _, imported := range s.imports {
				inside := below(imported, "eddy/"+rule.pkg)
				assert.False(t, below(imported, rule.imports) && !inside, "%s/%s imports %s: %s", s.pkg, s.name, imported, rule.because)
			}
		}
	}
	for _, s := range sources(t) {
		if s.pkg == "lab/shop" {
			assert.NotContains(t, s.imports, "eddy/lab", "the shop does not know that it is watched: it has a Watcher")
		}
	}
}

// A package says what it guarantees, in one place.
func TestEveryPackageHasOneDocComment(t *testing.T) {
	docs := map[string][]string{}
	for _, s := range sources(t) {
		docs[s.pkg] = append(docs[s.pkg], "")
		if s.doc && !strings.HasSuffix(s.name, "_templ.go") { // templ writes its name above the package
			docs[s.pkg][len(docs[s.pkg])-1] = s.name
		}
	}
	for pkg, files := range docs {
		files = slices.DeleteFunc(files, func(name string) bool { return name == "" })
		assert.Len(t, files, 1, "package %s has a package comment in %v", pkg, files)
	}
}

// The top level is a table of contents.
func TestNothingElseStandsAtTheTop(t *testing.T) {
	allowed := []string{"lab", "scenarios", "quiz", "content", "web", "main.go", "main_test.go", "go.mod", "go.sum",
		"LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || path.Ext(name) == ".test" {
			continue
		}
		assert.Contains(t, allowed, name, "the design names what stands at the top")
	}
}
