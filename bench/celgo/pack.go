package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"gopkg.in/yaml.v3"
)

// ---------------------------------------------------------------- YAML 1.2, core schema

var (
	yNull  = regexp.MustCompile(`^(|~|null|Null|NULL)$`)
	yBool  = regexp.MustCompile(`^(true|True|TRUE|false|False|FALSE)$`)
	yInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	yOct   = regexp.MustCompile(`^0o[0-7]+$`)
	yHex   = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	yFloat = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	yInf   = regexp.MustCompile(`^[-+]?(\.inf|\.Inf|\.INF)$`)
	yNaN   = regexp.MustCompile(`^(\.nan|\.NaN|\.NAN)$`)
)

func yScalar(n *yaml.Node) (ref.Val, error) {
	s := n.Value
	plain := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.Tag {
		case "!!str":
			return types.String(s), nil
		case "!!int", "!!float", "!!bool", "!!null":
			plain = true
			if n.Tag == "!!float" {
				if v, err := strconv.ParseFloat(s, 64); err == nil {
					return types.Double(v), nil
				}
			}
		}
	}
	if !plain {
		return types.String(s), nil
	}
	switch {
	case yNull.MatchString(s):
		return types.NullValue, nil
	case yBool.MatchString(s):
		return types.Bool(s[0] == 't' || s[0] == 'T'), nil
	case yInt.MatchString(s):
		v, ok := number(strings.TrimPrefix(s, "+"), true)
		if !ok {
			return nil, fmt.Errorf("number out of range")
		}
		return v, nil
	case yOct.MatchString(s), yHex.MatchString(s):
		base := 16
		if s[1] == 'o' {
			base = 8
		}
		i, err := strconv.ParseInt(s[2:], base, 64)
		if err != nil {
			u, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil {
				return types.String(s), nil
			}
			return types.Double(float64(u)), nil
		}
		return types.Int(i), nil
	case yFloat.MatchString(s):
		v, ok := number(strings.TrimPrefix(s, "+"), false)
		if !ok {
			return nil, fmt.Errorf("number out of range")
		}
		return v, nil
	case yInf.MatchString(s):
		f, _ := strconv.ParseFloat(strings.Replace(strings.ToLower(s), ".inf", "inf", 1), 64)
		return types.Double(f), nil
	case yNaN.MatchString(s):
		f, _ := strconv.ParseFloat("nan", 64)
		return types.Double(f), nil
	}
	return types.String(s), nil
}
func yVal(n *yaml.Node) (ref.Val, error) { return yVal2(n, 0) }
func yVal2(n *yaml.Node, d int) (ref.Val, error) {
	if d > 1000 {
		return nil, fmt.Errorf("too deep")
	}
	switch n.Kind {
	case 0:
		return types.NullValue, nil
	case yaml.DocumentNode:
		return yVal2(n.Content[0], d+1)
	case yaml.AliasNode:
		return yVal2(n.Alias, d+1)
	case yaml.ScalarNode:
		return yScalar(n)
	case yaml.SequenceNode:
		l := []ref.Val{}
		for _, c := range n.Content {
			v, err := yVal2(c, d+1)
			if err != nil {
				return nil, err
			}
			l = append(l, v)
		}
		return list(l), nil
	case yaml.MappingNode:
		m := newOMap(len(n.Content) / 2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := yVal2(n.Content[i+1], d+1)
			if err != nil {
				return nil, err
			}
			k := n.Content[i]
			if k.Kind == yaml.AliasNode {
				k = k.Alias
			}
			if k.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("key that is no scalar")
			}
			m.set(k.Value, v)
		}
		return m, nil
	}
	return nil, fmt.Errorf("unknown node")
}

func loadYAML(path string) (*yaml.Node, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if n.Kind == 0 {
		return &yaml.Node{Kind: yaml.SequenceNode}, nil
	}
	return n.Content[0], nil
}
func member(n *yaml.Node, k string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == k {
			return n.Content[i+1]
		}
	}
	return nil
}
func texts(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var r []string
	for _, c := range n.Content {
		r = append(r, c.Value)
	}
	return r
}

// ---------------------------------------------------------------- pack

type Input struct {
	name string
	pats []*regexp.Regexp
	as   string
	many bool
}
type Named struct{ name, expr string }
type Rule struct {
	file, module, key string
	needs             []string
	params            *OMap
	let               []Named
	when              string
	details           *yaml.Node
	versions          string
	absence           bool
	tests             []*yaml.Node
	c                 *compiled
}
type Pack struct {
	inputs  []*Input
	byName  map[string]*Input
	globals []Named
	rules   []*Rule
}

func globRegexp(p string) *regexp.Regexp {
	var sb strings.Builder
	sb.WriteString("^(?:")
	brace := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case strings.HasPrefix(p[i:], "/**/"):
			sb.WriteString("/(?:.*/)?")
			i += 3
		case p[i:] == "/**":
			sb.WriteString("/.*")
			i += 2
		case i == 0 && strings.HasPrefix(p, "**/"):
			sb.WriteString("(?:.*/)?")
			i += 2
		case c == '*':
			sb.WriteString("[^/]*")
		case c == '{':
			brace = true
			sb.WriteString("(?:")
		case c == '}' && brace:
			brace = false
			sb.WriteString(")")
		case c == ',' && brace:
			sb.WriteString("|")
		default:
			sb.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	sb.WriteString(")$")
	return regexp.MustCompile("(?s)" + sb.String())
}

func loadPack(dir string) (*Pack, error) {
	p := &Pack{byName: map[string]*Input{}}
	top, err := loadYAML(filepath.Join(dir, "pack.yaml"))
	if err != nil {
		return nil, err
	}
	get := func(k, d string) []string {
		if n := member(top, k); n != nil {
			return texts(n)
		}
		return []string{d}
	}
	for _, f := range get("inputs", "inputs.yaml") {
		n, err := loadYAML(filepath.Join(dir, f))
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			in := &Input{name: n.Content[i].Value, as: "json"}
			for _, g := range texts(member(n.Content[i+1], "path")) {
				in.pats = append(in.pats, globRegexp(g))
			}
			if a := member(n.Content[i+1], "as"); a != nil {
				in.as = a.Value
			}
			if m := member(n.Content[i+1], "many"); m != nil {
				in.many = m.Value == "true"
			}
			p.inputs = append(p.inputs, in)
			p.byName[in.name] = in
		}
	}
	for _, f := range get("globals", "globals.yaml") {
		n, err := loadYAML(filepath.Join(dir, f))
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			p.globals = append(p.globals, Named{n.Content[i].Value, n.Content[i+1].Value})
		}
	}
	var files []string
	for _, pat := range get("rules", "rules/**/*.yaml") {
		var m []string
		if strings.Contains(pat, "**") {
			re := globRegexp(pat)
			filepath.Walk(dir, func(q string, i os.FileInfo, err error) error {
				if r, _ := filepath.Rel(dir, q); err == nil && i.Mode().IsRegular() && re.MatchString(r) {
					m = append(m, q)
				}
				return nil
			})
		} else {
			m, _ = filepath.Glob(filepath.Join(dir, pat))
		}
		sort.Strings(m)
		files = append(files, m...)
	}
	for _, f := range files {
		n, err := loadYAML(f)
		if err != nil {
			return nil, err
		}
		for _, r := range n.Content {
			ru := &Rule{file: f}
			for i := 0; i+1 < len(r.Content); i += 2 {
				v := r.Content[i+1]
				switch r.Content[i].Value {
				case "module":
					ru.module = v.Value
				case "key":
					ru.key = v.Value
				case "needs":
					ru.needs = texts(v)
				case "when":
					ru.when = v.Value
				case "versions":
					ru.versions = v.Value
				case "absence":
					ru.absence = v.Value == "true"
				case "details":
					ru.details = v
				case "tests":
					ru.tests = v.Content
				case "params":
					x, err := yVal(v)
					if err != nil {
						return nil, err
					}
					ru.params = x.(*OMap)
				case "let":
					for j := 0; j+1 < len(v.Content); j += 2 {
						ru.let = append(ru.let, Named{v.Content[j].Value, v.Content[j+1].Value})
					}
				}
			}
			p.rules = append(p.rules, ru)
		}
	}
	return p, nil
}
