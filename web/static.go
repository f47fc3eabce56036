package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"eddy/lab"
)

//go:embed all:static
var staticFiles embed.FS

func embedded() fs.FS {
	sub, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // only for a name that is not a path
	}
	return sub
}

// types are the media types of what Eddy ships. The tables of operating
// systems differ, and with nosniff a wrong one makes a module unusable.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// asset is one static file. Its bytes are read at the first request: a server
// that starts owes nobody a file yet.
type asset struct {
	kind string
	load func() (content, error)
}

// content is a file as it is sent. Zipped is nil where that saves nothing.
type content struct {
	plain, zipped []byte
	tag           string
}

// indexAssets lists the files of a tree by path. Hidden files are left out.
func indexAssets(files fs.FS) (map[string]*asset, error) {
	assets := map[string]*asset{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		kind := types[path.Ext(name)]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(name))
		}
		if kind == "" {
			kind = "application/octet-stream"
		}
		assets[name] = &asset{kind: kind, load: sync.OnceValues(func() (content, error) { return readContent(files, name) })}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the static files: %w", err)
	}
	return assets, nil
}

func readContent(files fs.FS, name string) (content, error) {
	plain, err := fs.ReadFile(files, name)
	if err != nil {
		return content{}, fmt.Errorf("reading a static file: %w", err)
	}
	sum := sha256.Sum256(plain)
	c := content{plain: plain, tag: hex.EncodeToString(sum[:12])}
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	zw.Write(plain) // a bytes.Buffer takes everything
	zw.Close()
	if zipped.Len() < len(plain)*9/10 {
		c.zipped = zipped.Bytes()
	}
	return c, nil
}

// static sends a file. Browsers keep it and ask each time whether it changed:
// a new version of Eddy must not meet modules of the old one.
func (s *Server) static(w http.ResponseWriter, r *http.Request) error {
	a, ok := s.assets[r.PathValue("file")]
	if !ok {
		return lab.Errorf(lab.NotFound, "There is no file %s.", r.URL.Path)
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	body, tag := c.plain, c.tag
	h := w.Header()
	if c.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			body, tag = c.zipped, c.tag+"-gzip"
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+tag+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), h.Get("ETag")) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.Write(body) // an error here means that the client is gone
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !strings.HasPrefix(strings.TrimSpace(weight), "q=0") || strings.ContainsAny(weight, "123456789")
		}
	}
	return false
}
