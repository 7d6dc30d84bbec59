package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// The documents of bench/cel_bench.cc: a node, lists of 10 and of 1,000, and 1,000 names.
func node(i int) ref.Val {
	text := fmt.Sprintf(`{"metadata":{"name":"node-%d","uid":"0b1c-%d","labels":{"app":"x","zone":"z%d",`+
		`"node-role.kubernetes.io/worker":""}},"spec":{"unschedulable":false},`+
		`"status":{"minor":%d,"nodeInfo":{"kubeletVersion":"v1.27.%d"}}}`, i, i, i%3, i, i%3)
	v, err := parseJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	return v
}

func nodes(count int) ref.Val {
	var l []ref.Val
	for i := 0; i < count; i++ {
		l = append(l, node(i))
	}
	return list(l)
}

func names(count int) ref.Val {
	var l []ref.Val
	for i := 0; i < count; i++ {
		l = append(l, types.String(fmt.Sprintf("name-%d", i)))
	}
	return list(l)
}

func thousandTexts() string {
	var texts []string
	for i := 0; i < 1000; i++ {
		texts = append(texts, fmt.Sprintf("'name-%d'", i))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// measureCases prints a line a case: ns of one evaluation, name. Each is measured five times, and the fastest counts:
// the machine may be shared.
func measureCases(file string) error {
	variables := map[string]any{"doc": node(7), "ten": nodes(10), "thousand": nodes(1000), "names": names(1000)}
	options := envOptions()
	for name := range variables {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewCustomEnv(options...)
	if err != nil {
		return err
	}
	activation, err := cel.NewActivation(variables)
	if err != nil {
		return err
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	testing.Init()
	if err := flag.Set("test.benchtime", "100ms"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if lines.Text() == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 4 {
			return fmt.Errorf("%s: %q has not four fields", file, lines.Text())
		}
		if _, err := strconv.Atoi(fields[1]); err != nil {
			return err
		}
		expression := strings.Replace(fields[3], "%THOUSAND%", thousandTexts(), 1)
		program, _, err := compile(env, fields[0], expression)
		if err != nil {
			return err
		}
		fastest := 0.0
		for i := 0; i < 5; i++ {
			result := testing.Benchmark(func(b *testing.B) {
				for n := 0; n < b.N; n++ {
					if _, _, err := program.Eval(activation); err != nil {
						b.Fatal(err)
					}
				}
			})
			ns := float64(result.T.Nanoseconds()) / float64(result.N)
			if i == 0 || ns < fastest {
				fastest = ns
			}
		}
		fmt.Printf("%.1f\t%s\n", fastest, fields[0])
	}
	return nil
}
