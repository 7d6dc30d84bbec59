package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"cel.dev/cel-go/common/types"
	"gopkg.in/yaml.v3"
)

// test runs the tests that stand in the pack's rules; what fails is printed and counted.
func test(e *Engine) error {
	passed, skipped := 0, 0
	var failed []string
	for _, r := range e.pack.rules {
		for _, t := range r.tests {
			files := member(t, "files")
			if files == nil { // a generated or stored archive: insightd's own matter
				skipped++
				continue
			}
			what, err := e.runTest(r, t, files)
			if err != nil {
				what = err.Error()
			}
			if what == "" {
				passed++
			} else {
				failed = append(failed, fmt.Sprintf("%s|%s: %s: %s", r.module, r.key, texts(member(t, "name"))[0], what))
			}
		}
	}
	for _, f := range failed {
		fmt.Println(f)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, len(failed), skipped)
	if len(failed) > 0 {
		os.Exit(1)
	}
	return nil
}

// runTest gives what is wrong, or nothing.
func (e *Engine) runTest(r *Rule, t, files *yaml.Node) (string, error) {
	now := "2026-03-01T00:00:00Z"
	if n := member(t, "now"); n != nil {
		now = n.Value
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return "", err
	}
	a := &Archive{files: map[string][]byte{}, now: at}
	var all []string
	for i := 0; i+1 < len(files.Content); i += 2 {
		name := files.Content[i].Value
		v, err := yVal(files.Content[i+1])
		if err != nil {
			return "", err
		}
		if s, ok := v.(types.String); ok {
			a.files[name] = []byte(s)
		} else {
			var w bytes.Buffer
			if err := jout(&w, v); err != nil {
				return "", err
			}
			a.files[name] = w.Bytes()
		}
		all = append(all, name)
	}
	a.finish(all)
	s := e.scope(a)
	o := e.rule(s, r, e.incomplete(s))
	if expect := texts(member(t, "expect"))[0]; o.Outcome != expect {
		return fmt.Sprintf("expected %s, found %s %s", expect, o.Outcome, o.Reason), nil
	}
	details := member(t, "details")
	if details == nil {
		return "", nil
	}
	want, err := yVal(details)
	if err != nil {
		return "", err
	}
	// Both through JSON, so that numbers are compared by value and values of CEL by their text.
	var wanted, found bytes.Buffer
	if err := jout(&wanted, want); err != nil {
		return "", err
	}
	if err := jout(&found, o.Details); err != nil {
		return "", err
	}
	w, err := parseJSON(wanted.Bytes())
	if err != nil {
		return "", err
	}
	f, err := parseJSON(found.Bytes())
	if err != nil {
		return "", err
	}
	if types.Equal(w, f) != types.True {
		return fmt.Sprintf("expected %s, found %s", wanted.String(), found.String()), nil
	}
	return "", nil
}
