package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

type Archive struct {
	files map[string][]byte
	names []string // sorted by bytes
	now   time.Time
}

func cleanName(n string) (string, error) {
	if strings.HasPrefix(n, "/") {
		return "", fmt.Errorf("absolute name %q", n)
	}
	var out []string
	for _, p := range strings.Split(n, "/") {
		switch p {
		case "", ".":
		case "..":
			return "", fmt.Errorf("name leaves the root %q", n)
		default:
			out = append(out, p)
		}
	}
	return strings.Join(out, "/"), nil
}

func readArchive(path string) (*Archive, error) {
	a := &Archive{files: map[string][]byte{}}
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if st.IsDir() {
		var all []string
		err := filepath.Walk(path, func(p string, i os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			if i.Mode().IsRegular() {
				r, _ := filepath.Rel(path, p)
				b, err := os.ReadFile(p)
				if err != nil {
					return err
				}
				a.files[r] = b
				all = append(all, r)
				if i.ModTime().After(a.now) {
					a.now = i.ModTime()
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		a.finish(all)
		return a, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	br := bufio.NewReader(f)
	var r io.Reader = br
	if h, _ := br.Peek(2); len(h) == 2 && h[0] == 0x1f && h[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, err
		}
		r = z
	}
	if _, err := br.Peek(1); err == io.EOF {
		return nil, fmt.Errorf("neither gzip nor tar: empty file")
	}
	t := tar.NewReader(r)
	var all []string
	seen, global := false, ""
	a.now = time.Unix(0, 0)
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			global = h.PAXRecords["mtime"]
			continue
		}
		if global != "" && h.PAXRecords["mtime"] == "" {
			if f, err := strconv.ParseFloat(global, 64); err == nil {
				h.ModTime = time.Unix(int64(f), 0)
			}
		}
		n, err := cleanName(h.Name)
		if err != nil {
			return nil, err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			if n != "" {
				all = append(all, n+"/")
			}
		case tar.TypeReg, tar.TypeRegA, tar.TypeCont, tar.TypeGNUSparse:
			b, err := io.ReadAll(t)
			if err != nil {
				return nil, err
			}
			if n == "" {
				continue
			}
			a.files[n] = b
			all = append(all, n)
			if !seen || h.ModTime.After(a.now) {
				a.now = h.ModTime
				seen = true
			}
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // a cut end, bytes that are no gzip
		return nil, err
	}
	a.finish(all)
	return a, nil
}

// finish takes the one leading folder away.
func (a *Archive) finish(all []string) {
	root, one, holds := "", len(all) > 0, false
	for _, n := range all {
		top, rest, ok := strings.Cut(n, "/")
		if !ok || root != "" && top != root {
			one = false
			break
		}
		root = top
		if strings.HasPrefix(rest, "config/") || strings.HasPrefix(rest, "insights-operator/") {
			holds = true
		}
	}
	if one && holds {
		m := map[string][]byte{}
		for n, b := range a.files {
			m[strings.TrimPrefix(n, root+"/")] = b
		}
		a.files = m
	}
	for n := range a.files {
		a.names = append(a.names, n)
	}
	sort.Strings(a.names)
}
