// Command celgo judges archives by the rules of a pack with cel-go, and measures it.
//
//	celgo judge PACK ARCHIVE…         one JSON object an archive: the outcome of each rule
//	celgo test PACK                   the tests that the rules carry, by this evaluator
//	celgo cases FILE                  time of each expression of FILE (bench/cel_cases.tsv), ns
//	celgo rules PACK ARCHIVE ROUNDS   time of each rule over the archive, µs
//
// It shares no code with insightd: both were written from the description of the format, so where both agree
// an outcome has been found twice.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types/ref"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "celgo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "judge":
		return withEngine(args[1], func(e *Engine) error { return judge(e, args[2:]) })
	case len(args) == 2 && args[0] == "test":
		return withEngine(args[1], test)
	case len(args) == 2 && args[0] == "cases":
		return measureCases(args[1])
	case len(args) == 4 && args[0] == "rules":
		rounds, err := strconv.Atoi(args[3])
		if err != nil || rounds < 1 {
			return fmt.Errorf("%q is no number of rounds", args[3])
		}
		return withEngine(args[1], func(e *Engine) error { return measureRules(e, args[2], rounds) })
	}
	return fmt.Errorf("usage: celgo judge PACK ARCHIVE… | test PACK | cases FILE | rules PACK ARCHIVE ROUNDS")
}

func withEngine(pack string, use func(*Engine) error) error {
	p, err := loadPack(pack)
	if err != nil {
		return err
	}
	e, err := newEngine(p)
	if err != nil {
		return err
	}
	return use(e)
}

func judge(e *Engine, archives []string) error {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, name := range archives {
		a, err := readArchive(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		outcomes, _ := e.eval(a)
		var w bytes.Buffer
		w.WriteString(`{"archive":`)
		jstr(&w, name)
		w.WriteString(`,"outcomes":[`)
		for i, o := range outcomes {
			if i > 0 {
				w.WriteByte(',')
			}
			w.WriteString(`{"module":`)
			jstr(&w, o.Module)
			w.WriteString(`,"key":`)
			jstr(&w, o.Key)
			w.WriteString(`,"outcome":`)
			jstr(&w, o.Outcome)
			if o.Outcome == "hit" {
				w.WriteString(`,"details":`)
				if err := jout(&w, o.Details); err != nil {
					return err
				}
			}
			w.WriteByte('}')
		}
		w.WriteString("]}\n")
		out.Write(w.Bytes())
	}
	return nil
}

// measureRules: documents are parsed and converted once; each round has fresh globals and lets, and a global counts
// for the rule that asks first. One line a rule: lower quartile in µs, outcome, module|KEY; at last that of all.
func measureRules(e *Engine, archive string, rounds int) error {
	a, err := readArchive(archive)
	if err != nil {
		return err
	}
	base := e.scope(a)
	outcomes := make([]string, len(e.pack.rules))
	for i, r := range e.pack.rules {
		outcomes[i] = e.rule(base, r, nil).Outcome
	}
	times := make([][]float64, len(e.pack.rules))
	var totals []float64
	for k := 0; k < rounds; k++ {
		s := &scope{e: e, a: a, inputs: base.inputs, globals: map[string]ref.Val{}, now: base.now, ocp: base.ocp}
		begun := time.Now()
		before := begun
		for i, r := range e.pack.rules {
			e.rule(s, r, nil)
			after := time.Now()
			times[i] = append(times[i], float64(after.Sub(before).Nanoseconds())/1e3)
			before = after
		}
		totals = append(totals, float64(before.Sub(begun).Nanoseconds())/1e3)
	}
	for i, r := range e.pack.rules {
		fmt.Printf("%.2f\t%s\t%s|%s\n", lowerQuartile(times[i]), outcomes[i], r.module, r.key)
	}
	fmt.Printf("%.2f\tall\t\n", lowerQuartile(totals))
	return nil
}

func lowerQuartile(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/4]
}
