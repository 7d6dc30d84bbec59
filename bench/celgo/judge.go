package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"gopkg.in/yaml.v3"
)

// ---------------------------------------------------------------- documents

func toUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var sb strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b) // a bad byte: U+FFFD, width 1
		sb.WriteRune(r)
		b = b[n:]
	}
	return sb.String()
}
func splitLines(s string) []string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	var r []string
	for _, l := range strings.Split(s, "\n") {
		if l != "" {
			r = append(r, l)
		}
	}
	return r
}
func baseName(p string) string {
	n := p[strings.LastIndexByte(p, '/')+1:]
	if i := strings.LastIndexByte(n, '.'); i > 0 {
		return n[:i]
	}
	return n
}

var (
	reSample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(\{.*\})?[ \t]*([^ \t{}]+)(?:[ \t]+(-?[0-9]+))?[ \t]*$`)
	reLabel  = regexp.MustCompile(`^[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*`)
)

func parseSample(l string) ref.Val {
	l = strings.Trim(l, " \t")
	if l == "" || l[0] == '#' {
		return nil
	}
	// the name
	i := 0
	for i < len(l) && (l[i] == '_' || l[i] == ':' || l[i] >= 'a' && l[i] <= 'z' || l[i] >= 'A' && l[i] <= 'Z' || i > 0 && l[i] >= '0' && l[i] <= '9') {
		i++
	}
	if i == 0 {
		return nil
	}
	name, rest := l[:i], l[i:]
	labels := newOMap(4)
	t := strings.TrimLeft(rest, " \t")
	hadLabels := false
	if strings.HasPrefix(t, "{") {
		hadLabels = true
		t = t[1:]
		for {
			t = strings.TrimLeft(t, " \t")
			if strings.HasPrefix(t, "}") {
				t = t[1:]
				break
			}
			m := reLabel.FindStringSubmatch(t)
			if m == nil {
				return nil
			}
			var sb strings.Builder
			for j := 0; j < len(m[2]); j++ {
				if m[2][j] == '\\' {
					j++
					switch m[2][j] {
					case 'n':
						sb.WriteByte('\n')
					case '"', '\\':
						sb.WriteByte(m[2][j])
					default:
						return nil // no escape of the format
					}
					continue
				}
				sb.WriteByte(m[2][j])
			}
			labels.set(m[1], types.String(sb.String()))
			t = t[len(m[0]):]
			if strings.HasPrefix(t, ",") {
				t = t[1:]
			} else if !strings.HasPrefix(t, "}") {
				return nil
			}
		}
	}
	if !hadLabels && t == rest {
		return nil // nothing between name and value
	}
	f := strings.Fields(strings.ReplaceAll(t, "\t", " "))
	if len(f) != 1 && len(f) != 2 {
		return nil
	}
	if strings.ContainsAny(f[0], "_xXpP") {
		return nil
	}
	v, err := strconv.ParseFloat(f[0], 64)
	if err != nil {
		return nil
	}
	if len(f) == 2 {
		if _, err := strconv.ParseInt(f[1], 10, 64); err != nil {
			return nil
		}
	}
	m := newOMap(3)
	m.set("name", types.String(name))
	m.set("labels", labels)
	m.set("value", types.Double(v))
	return m
}

var reDirective = regexp.MustCompile("^((?:#[^\n]*\n)*)%YAML 1\\.2[ \t]*\r?\n")

// parseDoc gives the value of one file for an input, or an error when it does not parse.
func parseDoc(in *Input, path string, b []byte) (ref.Val, error) {
	mark := func(m *OMap) ref.Val { // before the members of the file; their place is not specified
		o := newOMap(len(m.keys) + 2)
		o.set("_path", types.String(path))
		o.set("_name", types.String(baseName(path)))
		for i, k := range m.keys {
			if k != "_path" && k != "_name" {
				o.set(k, m.vals[i])
			}
		}
		return o
	}
	switch in.as {
	case "json":
		v, err := parseJSON(b)
		if err != nil {
			return nil, err
		}
		if m, ok := v.(*OMap); ok {
			return mark(m), nil
		}
		return v, nil
	case "yaml":
		if !utf8.Valid(b) {
			return nil, fmt.Errorf("invalid UTF-8")
		}
		var n yaml.Node
		b = reDirective.ReplaceAll(b, []byte("$1")) // the parser knows 1.1 only by name
		if err := yaml.Unmarshal(b, &n); err != nil {
			return nil, err
		}
		v, err := yVal(&n)
		if err != nil {
			return nil, err
		}
		if m, ok := v.(*OMap); ok {
			return mark(m), nil
		}
		return v, nil
	case "text":
		t := types.String(strings.Trim(toUTF8(b), " \t\r\n"))
		if !in.many {
			return t, nil
		}
		m := newOMap(3)
		m.set("text", t)
		return mark(m), nil
	case "lines":
		var l []ref.Val
		for _, s := range splitLines(toUTF8(b)) {
			l = append(l, types.String(s))
		}
		m := newOMap(3)
		m.set("lines", list(l))
		return mark(m), nil
	case "metrics":
		l := []ref.Val{}
		for _, s := range splitLines(toUTF8(b)) {
			if v := parseSample(s); v != nil {
				l = append(l, v)
			}
		}
		return list(l), nil
	}
	return nil, fmt.Errorf("unknown kind %q", in.as)
}

type loaded struct {
	v       ref.Val
	present bool
}

func (a *Archive) load(in *Input, notes *[]string) loaded {
	match := func(re *regexp.Regexp) (r []string) {
		for _, n := range a.names {
			if re.MatchString(n) {
				r = append(r, n)
			}
		}
		return
	}
	if !in.many {
		for _, re := range in.pats {
			for _, n := range match(re) {
				v, err := parseDoc(in, n, a.files[n])
				if err != nil {
					*notes = append(*notes, n+": "+err.Error())
					return loaded{types.NullValue, false}
				}
				return loaded{v, v != types.NullValue}
			}
		}
		return loaded{types.NullValue, false}
	}
	l := []ref.Val{}
	for _, n := range a.names {
		for _, re := range in.pats {
			if !re.MatchString(n) {
				continue
			}
			v, err := parseDoc(in, n, a.files[n])
			if err != nil {
				*notes = append(*notes, n+": "+err.Error())
			} else if v != types.NullValue {
				l = append(l, v)
			}
			break
		}
	}
	return loaded{list(l), len(l) > 0}
}

// ---------------------------------------------------------------- compiled rules

type compiled struct {
	let     map[string]cel.Program
	when    cel.Program
	details *dnode
}
type dnode struct {
	prog cel.Program
	val  ref.Val
	keys []string
	kids []*dnode
	kind byte // e, v, m, l
}

// compile folds constants and asks for cel-go's own optimizations: what it is compared with is cel-go at its best.
func compile(env *cel.Env, where, expr string) (cel.Program, *cel.Type, error) {
	ast, iss := env.Compile(expr)
	if iss.Err() != nil {
		return nil, nil, fmt.Errorf("%s: %w", where, iss.Err())
	}
	t := ast.OutputType()
	folding, err := cel.NewConstantFoldingOptimizer()
	if err != nil {
		return nil, nil, err
	}
	optimizer, err := cel.NewStaticOptimizer(folding)
	if err != nil {
		return nil, nil, err
	}
	// An expression whose constants make an error is left for the evaluation.
	if folded, issues := optimizer.Optimize(env, ast); issues.Err() == nil {
		ast = folded
	}
	p, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	return p, t, err
}

func paramType(v ref.Val) *cel.Type {
	switch x := v.(type) {
	case types.String:
		return cel.StringType
	case types.Int:
		return cel.IntType
	case types.Double:
		return cel.DoubleType
	case types.Bool:
		return cel.BoolType
	case traits.Mapper:
		return cel.MapType(cel.StringType, cel.DynType)
	case traits.Lister:
		var t *cel.Type
		for _, e := range elements(x) {
			et := paramType(e)
			if t == nil {
				t = et
			} else if !t.IsExactType(et) {
				t = cel.DynType
			}
		}
		if t == nil {
			t = cel.DynType
		}
		return cel.ListType(t)
	}
	return cel.DynType
}

type Engine struct {
	pack    *Pack
	globals map[string]cel.Program
}

func newEngine(p *Pack) (*Engine, error) {
	e := &Engine{pack: p, globals: map[string]cel.Program{}}
	opts := envOptions()
	for _, in := range p.inputs {
		t := cel.DynType
		if in.many {
			t = cel.ListType(cel.DynType)
		}
		opts = append(opts, cel.Variable(in.name, t))
	}
	opts = append(opts, cel.Variable("now", cel.TimestampType), cel.Variable("ocp", cel.MapType(cel.StringType, cel.StringType)))
	env, err := cel.NewCustomEnv(opts...)
	if err != nil {
		return nil, err
	}
	for _, g := range p.globals {
		pr, t, err := compile(env, "global "+g.name, g.expr)
		if err != nil {
			return nil, err
		}
		e.globals[g.name] = pr
		if env, err = env.Extend(cel.Variable(g.name, t)); err != nil {
			return nil, err
		}
	}
	for _, r := range p.rules {
		r.c = &compiled{let: map[string]cel.Program{}}
		re := env
		var vo []cel.EnvOption
		if r.params != nil {
			for i, k := range r.params.keys {
				vo = append(vo, cel.Variable(k, paramType(r.params.vals[i])))
			}
			if re, err = re.Extend(vo...); err != nil {
				return nil, err
			}
		}
		for _, l := range r.let {
			pr, t, err := compile(re, r.module+"|"+r.key+" let "+l.name, l.expr)
			if err != nil {
				return nil, err
			}
			r.c.let[l.name] = pr
			if re, err = re.Extend(cel.Variable(l.name, t)); err != nil {
				return nil, err
			}
		}
		if r.c.when, _, err = compile(re, r.module+"|"+r.key+" when", r.when); err != nil {
			return nil, err
		}
		if r.details != nil {
			if r.c.details, err = compileDetails(re, r.module+"|"+r.key+" details", r.details); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

func compileDetails(env *cel.Env, where string, n *yaml.Node) (*dnode, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return compileDetails(env, where, n.Alias)
	case yaml.MappingNode:
		d := &dnode{kind: 'm'}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, err := compileDetails(env, where+"."+n.Content[i].Value, n.Content[i+1])
			if err != nil {
				return nil, err
			}
			d.keys = append(d.keys, n.Content[i].Value)
			d.kids = append(d.kids, k)
		}
		return d, nil
	case yaml.SequenceNode:
		d := &dnode{kind: 'l'}
		for i, c := range n.Content {
			k, err := compileDetails(env, fmt.Sprintf("%s[%d]", where, i), c)
			if err != nil {
				return nil, err
			}
			d.kids = append(d.kids, k)
		}
		return d, nil
	}
	v, err := yScalar(n)
	if err != nil {
		return nil, err
	}
	if s, ok := v.(types.String); ok {
		p, _, err := compile(env, where, string(s))
		return &dnode{kind: 'e', prog: p}, err
	}
	return &dnode{kind: 'v', val: v}, nil
}

// ---------------------------------------------------------------- evaluation

type scope struct {
	e       *Engine
	a       *Archive
	inputs  map[string]loaded
	globals map[string]ref.Val
	now     ref.Val
	ocp     ref.Val
	notes   []string
}

func (s *scope) input(name string) (loaded, bool) {
	if l, ok := s.inputs[name]; ok {
		return l, true
	}
	in, ok := s.e.pack.byName[name]
	if !ok {
		return loaded{}, false
	}
	l := s.a.load(in, &s.notes)
	s.inputs[name] = l
	return l, true
}
func evaluate(p cel.Program, act any) ref.Val {
	v, _, err := p.Eval(act)
	if err != nil {
		if v != nil {
			if ev, ok := v.(*types.Err); ok {
				return ev
			}
		}
		return types.WrapErr(err)
	}
	return v
}
func (s *scope) ResolveName(n string) (any, bool) {
	switch n {
	case "now":
		return s.now, true
	case "ocp":
		return s.ocp, true
	}
	if v, ok := s.globals[n]; ok {
		return v, true
	}
	if p, ok := s.e.globals[n]; ok {
		v := evaluate(p, s)
		s.globals[n] = v
		return v, true
	}
	if l, ok := s.input(n); ok {
		return l.v, true
	}
	return nil, false
}
func (s *scope) Parent() cel.Activation { return nil }

type ruleScope struct {
	s    *scope
	r    *Rule
	lets map[string]ref.Val
}

func (s *ruleScope) ResolveName(n string) (any, bool) {
	if v, ok := s.lets[n]; ok {
		return v, true
	}
	if p, ok := s.r.c.let[n]; ok {
		v := evaluate(p, s)
		s.lets[n] = v
		return v, true
	}
	if s.r.params != nil {
		if v, ok := s.r.params.at(n); ok {
			return v, true
		}
	}
	return s.s.ResolveName(n)
}
func (s *ruleScope) Parent() cel.Activation { return nil }

type Outcome struct {
	Module, Key, Outcome, Reason string
	Details                      ref.Val
}

func (e *Engine) scope(a *Archive) *scope {
	s := &scope{e: e, a: a, inputs: map[string]loaded{}, globals: map[string]ref.Val{}}
	s.now = types.Timestamp{Time: a.now.UTC()}
	s.ocp = s.makeOCP()
	return s
}
func (s *scope) makeOCP() ref.Val {
	m := newOMap(3)
	v, _ := s.input("version")
	text := func(p string) types.String {
		t, _ := lookup(orEmpty(v.v), types.String(p)).(types.String)
		return t
	}
	desired := text("status.desired.version")
	current := desired
	for _, h := range elements(lookup(orEmpty(v.v), types.String("status.history"))) {
		if field(h, "state") == types.String("Completed") {
			current, _ = field(h, "version").(types.String)
			break
		}
	}
	m.set("current", current)
	m.set("desired", desired)
	m.set("channel", text("spec.channel"))
	return m
}

func quoteList(l []string) string {
	q := make([]string, len(l))
	for i, s := range l {
		q[i] = "'" + s + "'"
	}
	return "[" + strings.Join(q, ", ") + "]"
}

func (e *Engine) rule(s *scope, r *Rule, incomplete func() bool) (o Outcome) {
	o = Outcome{Module: r.module, Key: r.key}
	var all, anyOf []string
	for _, n := range r.needs {
		alts := strings.Split(n, "|")
		ok := false
		for _, x := range alts {
			l, _ := s.input(strings.TrimSpace(x))
			ok = ok || l.present
		}
		if !ok {
			if len(alts) == 1 {
				all = append(all, n)
			} else {
				anyOf = append(anyOf, quoteList(alts))
			}
		}
	}
	if len(all)+len(anyOf) > 0 {
		o.Outcome, o.Reason = "skip", "All: "+quoteList(all)+" Any: "+strings.Join(anyOf, " Any: ") // as insights-core writes it
		return
	}
	if r.versions != "" {
		cur, _ := s.ocp.(*OMap).at("current")
		if semverMatch(cur, types.String(r.versions)) != types.True {
			o.Outcome, o.Reason = "skip", "versions"
			return
		}
	}
	if r.absence && incomplete != nil && incomplete() {
		o.Outcome, o.Reason = "skip", "absence"
		return
	}
	rs := &ruleScope{s: s, r: r, lets: map[string]ref.Val{}}
	switch v := evaluate(r.c.when, rs).(type) {
	case types.Bool:
		if !v {
			o.Outcome = "pass"
			return
		}
	case *types.Err:
		o.Outcome, o.Reason = "error", v.Error()
		return
	default:
		o.Outcome, o.Reason = "error", "when is no bool"
		return
	}
	o.Outcome = "hit"
	var errs []string
	d := evalDetails(r.c.details, rs, "details", &errs)
	if d == nil {
		d = newOMap(0)
	}
	if m, ok := d.(*OMap); ok {
		d = truncate(m)
	}
	o.Details, o.Reason = d, strings.Join(errs, "; ")
	return
}

func evalDetails(d *dnode, rs *ruleScope, where string, errs *[]string) ref.Val {
	if d == nil {
		return newOMap(0)
	}
	switch d.kind {
	case 'v':
		return d.val
	case 'm':
		m := newOMap(len(d.keys))
		for i, k := range d.keys {
			if v := evalDetails(d.kids[i], rs, where+"."+k, errs); v != nil {
				m.set(k, v)
			}
		}
		return m
	case 'l':
		l := []ref.Val{}
		for i, k := range d.kids {
			if v := evalDetails(k, rs, fmt.Sprintf("%s[%d]", where, i), errs); v != nil {
				l = append(l, v)
			}
		}
		return list(l)
	}
	v := evaluate(d.prog, rs)
	if e, ok := v.(*types.Err); ok {
		*errs = append(*errs, where+": "+e.Error())
		return nil
	}
	var w bytes.Buffer
	if err := jout(&w, v); err != nil {
		*errs = append(*errs, where+": "+err.Error())
		return nil
	}
	return v
}

func jsize(v ref.Val) int {
	var w bytes.Buffer
	jout(&w, v)
	return w.Len()
}

// truncate: while the details are more than 65,536 bytes of JSON, the member that is the largest list loses its second half.
func truncate(m *OMap) ref.Val {
	for jsize(m) > 65536 {
		best, size := -1, 0
		for i, v := range m.vals {
			if l, ok := v.(traits.Lister); ok && l.Size().(types.Int) > 0 {
				if n := jsize(v); n > size {
					best, size = i, n
				}
			}
		}
		if best < 0 {
			break
		}
		el := elements(m.vals[best])
		keep := len(el) - (len(el)+1)/2
		m.vals[best] = list(el[:keep])
		m.set("truncated", types.True)
	}
	return m
}

// incomplete says, when asked, whether the rule about incomplete archives hits.
func (e *Engine) incomplete(s *scope) func() bool {
	asked, hits := false, false
	return func() bool {
		for _, r := range e.pack.rules {
			if !asked && r.key == "ARCHIVE_INCOMPLETE" {
				hits = e.rule(s, r, nil).Outcome == "hit"
			}
		}
		asked = true
		return hits
	}
}

func (e *Engine) eval(a *Archive) ([]Outcome, *scope) {
	s := e.scope(a)
	incomplete := e.incomplete(s)
	out := make([]Outcome, 0, len(e.pack.rules))
	for _, r := range e.pack.rules {
		out = append(out, e.rule(s, r, incomplete))
	}
	return out, s
}

func (a *Archive) cluster() string {
	if b, ok := a.files["config/id"]; ok {
		if t := strings.Trim(toUTF8(b), " \t\r\n"); t != "" {
			return t
		}
	}
	for _, n := range []string{"config/version.json", "config/version"} {
		if b, ok := a.files[n]; ok {
			if v, err := parseJSON(b); err == nil {
				if t, ok := lookup(v, types.String("spec.clusterID")).(types.String); ok {
					return string(t)
				}
			}
			break
		}
	}
	return ""
}
