package code

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// File is one source file that is shown.
type File struct {
	ID     string // pattern/retry.go, shop/payment.go, python/retry.py: also how positions name it
	Name   string // retry.go
	Title  string // what it is, in a word or two
	Group  string // service, pattern, beyond, inside or python
	Switch string // the setting that turns the pattern on and off, "" where there is none
	Twin   string // id of the same in the other language, "" where there is none
	Text   string
	Funcs  []Func // in the order of the file; none in Python
}

// Func is a function of a file. Lines count from 1, both included.
type Func struct {
	Name string // charge, payment.charge, Consumer.Run: its receiver's type before it
	Line int
	End  int
}

// The groups, in the order in which a page lists them.
const (
	Service = "service" // what a service does about each event
	Pattern = "pattern" // what all of them are built from
	Inside  = "inside"  // what joins the two
	Beyond  = "beyond"  // what the shop does without
	Python  = "python"  // the patterns again, to run against the lab from outside
)

// about is what is known of a file beside its text. A pattern that is not named
// here is shown after those that are, under its own name; other files are not.
var about = []File{
	{ID: "shop/order.go", Title: "Order", Group: Service},
	{ID: "shop/payment.go", Title: "Payment", Group: Service},
	{ID: "shop/inventory.go", Title: "Inventory", Group: Service},
	{ID: "shop/notification.go", Title: "Notification", Group: Service},
	{ID: "shop/projector.go", Title: "Projector", Group: Service},
	{ID: "shop/orchestrator.go", Title: "Orchestrator", Group: Service},
	{ID: "pattern/consume.go", Title: "Consume", Group: Pattern, Switch: "commit"},
	{ID: "pattern/commit.go", Title: "Commit", Group: Pattern, Switch: "commit"},
	{ID: "pattern/partition.go", Title: "Partitions", Group: Pattern},
	{ID: "pattern/retry.go", Title: "Retry", Group: Pattern, Switch: "retries"},
	{ID: "pattern/deadletter.go", Title: "Dead letter", Group: Pattern, Switch: "dead_letter"},
	{ID: "pattern/idempotent.go", Title: "Idempotent consumer", Group: Pattern, Switch: "idempotent"},
	{ID: "pattern/outbox.go", Title: "Outbox", Group: Pattern, Switch: "outbox"},
	{ID: "pattern/saga.go", Title: "Saga", Group: Pattern, Switch: "saga"},
	{ID: "pattern/call.go", Title: "Synchronous call", Group: Pattern, Switch: "saga"},
	{ID: "pattern/eventstore.go", Title: "Event store", Group: Pattern},
	{ID: "pattern/aggregate.go", Title: "Aggregate", Group: Pattern, Switch: "snapshot_every"},
	{ID: "pattern/snapshot.go", Title: "Snapshot", Group: Pattern, Switch: "snapshot_every"},
	{ID: "pattern/upcast.go", Title: "Upcaster", Group: Pattern, Switch: "upcast"},
	{ID: "pattern/schema.go", Title: "Compatibility", Group: Pattern},
	{ID: "pattern/transaction.go", Title: "Transactions", Group: Beyond},
	{ID: "pattern/changelog.go", Title: "Compacted changelog", Group: Beyond},
	{ID: "pattern/sharegroup.go", Title: "Share group", Group: Beyond},
	{ID: "pattern/statetransfer.go", Title: "State transfer", Group: Beyond},
	{ID: "shop/sync.go", Title: "Orders by calls", Group: Inside},
	{ID: "shop/work.go", Title: "A piece of work", Group: Inside},
	{ID: "shop/member.go", Title: "An instance", Group: Inside},
	{ID: "shop/event.go", Title: "Events", Group: Inside},
	{ID: "shop/gateway.go", Title: "Card gateway", Group: Inside},
}

// plumbing are files that teach nothing.
var plumbing = map[string]bool{"doc.go": true, "source.go": true, "db.go": true}

// Files lists what can be shown, in the order in which a page lists it. The
// files are shared: they must not be changed.
var Files = sync.OnceValue(func() []*File {
	texts := map[string]string{}
	for folder, from := range map[string]fs.FS{"shop": shop.Source, "pattern": pattern.Source, "python": sub(pattern.Source, "python")} {
		entries, err := fs.ReadDir(from, ".")
		if err != nil {
			panic(fmt.Sprintf("an embedded folder is there: %v", err))
		}
		for _, e := range entries {
			if e.IsDir() || plumbing[e.Name()] || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			text, err := fs.ReadFile(from, e.Name())
			if err != nil {
				panic(fmt.Sprintf("an embedded file can be read: %v", err))
			}
			texts[folder+"/"+e.Name()] = string(text)
		}
	}
	var files []*File
	for id, text := range texts {
		f, known := knownFile(id)
		if !known && path.Dir(id) == "shop" {
			continue
		}
		f.Name, f.Text = path.Base(id), text
		if f.Twin = twin(texts, id); f.Group == Python && f.Twin != "" {
			of, _ := knownFile(f.Twin)
			f.Title = of.Title
		}
		if path.Ext(id) == ".go" {
			f.Funcs = funcs(id, text)
		}
		files = append(files, &f)
	}
	slices.SortFunc(files, func(a, b *File) int { return cmp.Or(cmp.Compare(place(a.ID), place(b.ID)), cmp.Compare(a.ID, b.ID)) })
	return files
})

func sub(from fs.FS, folder string) fs.FS {
	s, err := fs.Sub(from, folder)
	if err != nil {
		panic(err) // only for a name that is not a path
	}
	return s
}

// knownFile is what is known of a file, and whether anything is.
func knownFile(id string) (File, bool) {
	if i := slices.IndexFunc(about, func(a File) bool { return a.ID == id }); i >= 0 {
		return about[i], true
	}
	group := Pattern
	if path.Dir(id) == "python" {
		group = Python
	}
	return File{ID: id, Title: strings.TrimSuffix(path.Base(id), path.Ext(id)), Group: group}, false
}

// place is where a page lists a file.
func place(id string) int {
	if i := slices.IndexFunc(about, func(a File) bool { return a.ID == id }); i >= 0 {
		return i
	}
	if path.Dir(id) == "python" { // as the patterns that they repeat
		if i := place("pattern/" + strings.TrimSuffix(path.Base(id), ".py") + ".go"); i < len(about) {
			return 2*len(about) + i
		}
		return 3 * len(about)
	}
	return len(about)
}

func twin(texts map[string]string, id string) string {
	name := strings.TrimSuffix(path.Base(id), path.Ext(id))
	other := map[string]string{"pattern": "python/" + name + ".py", "python": "pattern/" + name + ".go"}[path.Dir(id)]
	if _, ok := texts[other]; !ok {
		return ""
	}
	return other
}

// funcs lists the functions of a Go file.
func funcs(id, text string) (found []Func) {
	lines := token.NewFileSet()
	file, err := parser.ParseFile(lines, id, text, parser.SkipObjectResolution)
	if err != nil {
		panic(fmt.Sprintf("what was compiled can be parsed: %v", err))
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := fn.Name.Name
		if fn.Recv != nil && len(fn.Recv.List) == 1 {
			name = receiver(fn.Recv.List[0].Type) + "." + name
		}
		found = append(found, Func{Name: name, Line: lines.Position(fn.Pos()).Line, End: lines.Position(fn.End()).Line})
	}
	return found
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// Find returns a file by its id.
func Find(id string) (*File, bool) {
	i := slices.IndexFunc(Files(), func(f *File) bool { return f.ID == id })
	if i < 0 {
		return nil, false
	}
	return Files()[i], true
}
