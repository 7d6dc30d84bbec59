package main

import (
	"math"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

var pathCache = map[string][]string{}

func pathOf(p ref.Val) ([]string, bool) {
	switch x := p.(type) {
	case types.String:
		if r, ok := pathCache[string(x)]; ok {
			return r, true
		}
		r := strings.Split(string(x), ".")
		if len(pathCache) < 10000 {
			pathCache[string(x)] = r
		}
		return r, true
	case traits.Lister:
		n := int(x.Size().(types.Int))
		var r []string
		for i := 0; i < n; i++ {
			switch k := x.Get(types.Int(i)).(type) {
			case types.String:
				r = append(r, string(k))
			case types.Int:
				r = append(r, strconv.FormatInt(int64(k), 10))
			default:
				return nil, false
			}
		}
		return r, true
	}
	return nil, false
}
func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// lookup gives the member, or nil when missing or null on the way or at the end.
func lookup(x ref.Val, p ref.Val) ref.Val {
	ks, ok := pathOf(p)
	if !ok {
		return nil
	}
	for _, k := range ks {
		switch m := x.(type) {
		case *OMap:
			v, ok := m.at(k)
			if !ok {
				return nil
			}
			x = v
		case traits.Mapper:
			v, ok := m.Find(types.String(k))
			if !ok {
				return nil
			}
			x = v
		case traits.Lister:
			if !digits(k) {
				return nil
			}
			i, err := strconv.ParseInt(k, 10, 64)
			if err != nil || i >= int64(m.Size().(types.Int)) {
				return nil
			}
			x = m.Get(types.Int(i))
		default:
			return nil
		}
	}
	if x == types.NullValue {
		return nil
	}
	return x
}
func field(x ref.Val, k string) ref.Val {
	if m, ok := x.(traits.Mapper); ok {
		if v, ok := m.Find(types.String(k)); ok && v != types.NullValue {
			return v
		}
	}
	return nil
}
func elements(x ref.Val) []ref.Val {
	l, ok := x.(traits.Lister)
	if !ok {
		return nil
	}
	n := int(l.Size().(types.Int))
	r := make([]ref.Val, n)
	for i := range r {
		r[i] = l.Get(types.Int(i))
	}
	return r
}
func findCondition(x, t ref.Val) ref.Val {
	ts, ok := t.(types.String)
	if !ok {
		return nil
	}
	st := field(x, "status")
	if st == nil {
		return nil
	}
	l, ok := field(st, "conditions").(traits.Lister)
	if !ok {
		return nil
	}
	n := int(l.Size().(types.Int))
	for i := 0; i < n; i++ {
		c := l.Get(types.Int(i))
		if s, ok := field(c, "type").(types.String); ok && s == ts {
			return c
		}
	}
	return nil
}

// textOf: a member that is no text is like an absent one.
func textOf(v ref.Val) ref.Val {
	if s, ok := v.(types.String); ok {
		return s
	}
	return nil
}
func orEmpty(v ref.Val) ref.Val {
	if v == nil {
		return types.String("")
	}
	return v
}
func condition(x, t ref.Val) ref.Val {
	c := findCondition(x, t)
	m := newOMap(5)
	for _, k := range []string{"type", "status", "reason", "message", "lastTransitionTime"} {
		if c == nil {
			m.set(k, types.String(""))
		} else {
			m.set(k, orEmpty(textOf(field(c, k))))
		}
	}
	return m
}
func brief(x, t ref.Val) ref.Val {
	c := findCondition(x, t)
	m := newOMap(4)
	if c == nil {
		m.set("status", types.NullValue)
		m.set("last_trans_time", types.NullValue)
		m.set("reason", types.String(""))
		m.set("message", types.String(""))
		return m
	}
	switch field(c, "status") {
	case types.String("True"):
		m.set("status", types.True)
	case types.String("False"):
		m.set("status", types.False)
	default:
		m.set("status", types.NullValue)
	}
	if v := textOf(field(c, "lastTransitionTime")); v != nil {
		m.set("last_trans_time", v)
	} else {
		m.set("last_trans_time", types.NullValue)
	}
	m.set("reason", orEmpty(textOf(field(c, "reason"))))
	m.set("message", orEmpty(textOf(field(c, "message"))))
	return m
}

var reTime = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$`)

func parseTime(v ref.Val) (time.Time, bool) {
	switch x := v.(type) {
	case types.Timestamp:
		return x.Time, true
	case types.String:
		m := reTime.FindStringSubmatch(string(x))
		if m == nil {
			return time.Time{}, false
		}
		n := func(i int) int { r, _ := strconv.Atoi(m[i]); return r }
		y, mo, d, h, mi, s := n(1), n(2), n(3), n(4), n(5), n(6)
		if mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 59 {
			return time.Time{}, false
		}
		fr := m[7]
		for len(fr) < 9 {
			fr += "0"
		}
		ns, _ := strconv.Atoi(fr[:9])
		t := time.Date(y, time.Month(mo), d, h, mi, s, ns, time.UTC)
		if t.Day() != d {
			return time.Time{}, false
		}
		if z := m[8]; z != "Z" {
			oh, _ := strconv.Atoi(z[1:3])
			om, _ := strconv.Atoi(z[4:6])
			if oh > 23 || om > 59 {
				return time.Time{}, false
			}
			off := time.Duration(oh)*time.Hour + time.Duration(om)*time.Minute
			if z[0] == '-' {
				off = -off
			}
			t = t.Add(-off)
		}
		return t, true
	}
	return time.Time{}, false
}
func since(a, b ref.Val) ref.Val {
	t, ok := parseTime(a)
	n, ok2 := parseTime(b)
	if !ok || !ok2 {
		return types.Duration{}
	}
	return types.Duration{Duration: n.Sub(t)} // saturates at 292 years
}
func until(a, b ref.Val) ref.Val {
	t, ok := parseTime(a)
	n, ok2 := parseTime(b)
	if !ok || !ok2 {
		return types.Duration{Duration: 36500 * 24 * time.Hour}
	}
	return types.Duration{Duration: t.Sub(n)}
}

var reQuantity = regexp.MustCompile(`^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$`)

func quantity(v ref.Val) ref.Val {
	switch x := v.(type) {
	case types.Int:
		return types.Double(float64(x))
	case types.Uint:
		return types.Double(float64(x))
	case types.Double:
		return x
	case types.String:
		m := reQuantity.FindStringSubmatch(string(x))
		if m == nil {
			return types.Double(0)
		}
		r, ok := new(big.Rat).SetString(strings.TrimSuffix(m[1], ".") + m[2])
		if !ok {
			return types.Double(0)
		}
		if m[3] != "" {
			mul := new(big.Rat)
			if len(m[3]) == 2 {
				mul.SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*(1+strings.Index("KMGTPE", m[3][:1])))))
			} else {
				mul.SetString(map[string]string{"n": "1e-9", "u": "1e-6", "m": "1e-3", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15", "E": "1e18"}[m[3]])
			}
			r.Mul(r, mul)
		}
		f, _ := r.Float64()
		if math.IsInf(f, 0) {
			return types.Double(0)
		}
		return types.Double(f)
	}
	return types.Double(0)
}

// ---------------------------------------------------------------- versions

var reSemver = regexp.MustCompile(`^v?(\d+)(?:\.(\d+)(?:\.(\d+))?)?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`)

type semver struct {
	n   [3]*big.Int
	pre []string
}

func parseSemver(v ref.Val) (s semver, ok bool) {
	t, ok := v.(types.String)
	if !ok {
		return s, false
	}
	m := reSemver.FindStringSubmatch(string(t))
	if m == nil {
		return s, false
	}
	for i := 0; i < 3; i++ {
		s.n[i] = new(big.Int)
		if m[i+1] != "" {
			s.n[i], _ = new(big.Int).SetString(m[i+1], 10)
		}
	}
	if m[4] != "" {
		s.pre = strings.Split(m[4], ".")
		for _, p := range s.pre {
			if p == "" {
				return s, false
			}
		}
	}
	if m[5] != "" {
		for _, p := range strings.Split(m[5], ".") {
			if p == "" {
				return s, false
			}
		}
	}
	return s, true
}
func (a semver) cmp(b semver) int {
	for i := range a.n {
		if c := a.n[i].Cmp(b.n[i]); c != 0 {
			return c
		}
	}
	switch {
	case len(a.pre) == 0 && len(b.pre) == 0:
		return 0
	case len(a.pre) == 0:
		return 1
	case len(b.pre) == 0:
		return -1
	}
	for i := 0; i < len(a.pre) && i < len(b.pre); i++ {
		x, y := a.pre[i], b.pre[i]
		if x == y {
			continue
		}
		dx, dy := digits(x), digits(y)
		switch {
		case dx && dy:
			p, _ := new(big.Int).SetString(x, 10)
			q, _ := new(big.Int).SetString(y, 10)
			if c := p.Cmp(q); c != 0 {
				return c
			}
		case dx:
			return -1
		case dy:
			return 1
		default:
			return strings.Compare(x, y)
		}
	}
	switch {
	case len(a.pre) < len(b.pre):
		return -1
	case len(a.pre) > len(b.pre):
		return 1
	}
	return 0
}

var reComparator = regexp.MustCompile(`^(>=|<=|>|<|==|=|!=)?(.+)$`)

func semverMatch(v, r ref.Val) ref.Val {
	s, ok := parseSemver(v)
	rs, ok2 := r.(types.String)
	if !ok || !ok2 {
		return types.False
	}
	res := false
	for _, alt := range strings.Split(string(rs), "||") {
		all := true
		parts := strings.Fields(alt)
		if len(parts) == 0 {
			return types.False
		}
		for _, p := range parts {
			m := reComparator.FindStringSubmatch(p)
			if m == nil {
				return types.False
			}
			w, ok := parseSemver(types.String(m[2]))
			if !ok {
				return types.False
			}
			c := s.cmp(w)
			switch m[1] {
			case ">=":
				all = all && c >= 0
			case "<=":
				all = all && c <= 0
			case ">":
				all = all && c > 0
			case "<":
				all = all && c < 0
			case "!=":
				all = all && c != 0
			default:
				all = all && c == 0
			}
		}
		res = res || all
	}
	return types.Bool(res)
}

// ---------------------------------------------------------------- lists, logs, networks

var reCache = map[string]*regexp.Regexp{}

func grep(files, re ref.Val) ref.Val {
	out := []ref.Val{}
	p, ok := re.(types.String)
	if !ok {
		return list(out)
	}
	r, ok := reCache[string(p)]
	if !ok {
		r, _ = regexp.Compile(string(p))
		reCache[string(p)] = r
	}
	if r == nil {
		return list(out)
	}
	for _, f := range elements(files) {
		path, ok := field(f, "_path").(types.String)
		if !ok {
			continue
		}
		for i, l := range elements(field(f, "lines")) {
			s, ok := l.(types.String)
			if !ok || !r.MatchString(string(s)) {
				continue
			}
			m := newOMap(3)
			m.set("path", path)
			m.set("number", types.Int(i+1))
			m.set("line", s)
			out = append(out, m)
			if len(out) == 1000 {
				return list(out)
			}
		}
	}
	return list(out)
}
func samples(ms, name ref.Val) ref.Val {
	out := []ref.Val{}
	n, ok := name.(types.String)
	if ok {
		for _, s := range elements(ms) {
			if x, ok := field(s, "name").(types.String); ok && x == n {
				out = append(out, s)
			}
		}
	}
	return list(out)
}
func memberText(e, p ref.Val) (string, bool) {
	switch v := lookup(e, p).(type) {
	case types.String:
		return string(v), true
	case types.Int, types.Double, types.Bool: // a reading: the text of the member
		return string(v.ConvertToType(types.StringType).(types.String)), true
	}
	return "", false
}
func indexBy(l, p ref.Val) ref.Val {
	m := newOMap(8)
	for _, e := range elements(l) {
		if k, ok := memberText(e, p); ok {
			if _, have := m.at(k); !have {
				m.set(k, e)
			}
		}
	}
	return m
}
func groupBy(l, p ref.Val) ref.Val {
	g := map[string][]ref.Val{}
	var order []string
	for _, e := range elements(l) {
		if k, ok := memberText(e, p); ok {
			if _, have := g[k]; !have {
				order = append(order, k)
			}
			g[k] = append(g[k], e)
		}
	}
	m := newOMap(len(order))
	for _, k := range order {
		m.set(k, list(g[k]))
	}
	return m
}
func sum(l ref.Val) ref.Val {
	s := 0.0
	for _, e := range elements(l) {
		switch x := e.(type) {
		case types.Int:
			s += float64(x)
		case types.Uint:
			s += float64(x)
		case types.Double:
			s += float64(x)
		}
	}
	return types.Double(s)
}
func cidr(v ref.Val) (netip.Prefix, bool) {
	s, ok := v.(types.String)
	if !ok {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(string(s))
	return p, err == nil
}
func pow2(n ref.Val) ref.Val {
	if i, ok := n.(types.Int); ok && i >= 0 && i <= 62 {
		return types.Int(1) << uint(i)
	}
	return types.Int(0)
}
func distinct(l ref.Val) ref.Val {
	x, ok := l.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(l)
	}
	out := []ref.Val{}
	seen := map[string]bool{}
outer:
	for _, e := range elements(x) {
		if s, ok := e.(types.String); ok {
			if !seen[string(s)] {
				seen[string(s)] = true
				out = append(out, e)
			}
			continue
		}
		for _, o := range out {
			if types.Equal(e, o) == types.True {
				continue outer
			}
		}
		out = append(out, e)
	}
	return list(out)
}
func flatten(l ref.Val, depth int64) ref.Val {
	x, ok := l.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(l)
	}
	out := []ref.Val{}
	for _, e := range elements(x) {
		if il, ok := e.(traits.Lister); ok && depth > 0 {
			out = append(out, elements(flatten(il, depth-1))...)
		} else {
			out = append(out, e)
		}
	}
	return list(out)
}

// parseDuration: as CEL's duration(), within 315,576,000,000 s; saturated at the 292 years of Go.
var reDur = regexp.MustCompile(`^([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`)

func parseDuration(v ref.Val) ref.Val {
	s := string(v.(types.String))
	bad := func() ref.Val { return types.NewErr("invalid duration %q", s) }
	t := s
	neg := false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	if t == "0" {
		return types.Duration{}
	}
	if t == "" {
		return bad()
	}
	total := new(big.Rat)
	for t != "" {
		m := reDur.FindStringSubmatch(t)
		if m == nil {
			return bad()
		}
		t = t[len(m[0]):]
		r, ok := new(big.Rat).SetString(strings.TrimSuffix(m[1], "."))
		if !ok {
			return bad()
		}
		u := map[string]int64{"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}[m[2]]
		total.Add(total, r.Mul(r, new(big.Rat).SetInt64(u)))
	}
	ns := new(big.Int).Quo(total.Num(), total.Denom())
	lim, _ := new(big.Int).SetString("315576000000000000000", 10)
	if ns.CmpAbs(lim) > 0 {
		return types.NewErr("duration out of range %q", s)
	}
	if neg {
		ns.Neg(ns)
	}
	if !ns.IsInt64() {
		if neg {
			return types.Duration{Duration: math.MinInt64}
		}
		return types.Duration{Duration: math.MaxInt64}
	}
	return types.Duration{Duration: time.Duration(ns.Int64())}
}

// envOptions is the language of the rules: CEL with the extensions that the pack's rules have.
func envOptions() []cel.EnvOption {
	D, L := cel.DynType, cel.ListType(cel.DynType)
	bin := func(n string, r *cel.Type, f func(a, b ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(n, cel.Overload(n+"_2", []*cel.Type{D, D}, r, cel.BinaryBinding(f)))
	}
	un := func(n string, r *cel.Type, f func(a ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(n, cel.Overload(n+"_1", []*cel.Type{D}, r, cel.UnaryBinding(f)))
	}
	getDefault := func(v ref.Val, d ref.Val) ref.Val {
		if v == nil {
			return d
		}
		return v
	}
	return []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{ExcludeFunctions: []*env.Function{{Name: "duration"}}})),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(), ext.Sets(), ext.Math(), ext.Bindings(), ext.Regex(), ext.TwoVarComprehensions(),
		cel.Function("duration",
			cel.Overload("string_to_duration", []*cel.Type{cel.StringType}, cel.DurationType, cel.UnaryBinding(parseDuration)),
			cel.Overload("duration_to_duration", []*cel.Type{cel.DurationType}, cel.DurationType, cel.UnaryBinding(func(v ref.Val) ref.Val { return v }))),
		cel.Function("get",
			cel.Overload("get_2", []*cel.Type{D, D}, D, cel.BinaryBinding(func(a, b ref.Val) ref.Val { return getDefault(lookup(a, b), types.NullValue) })),
			cel.Overload("get_3", []*cel.Type{D, D, D}, D, cel.FunctionBinding(func(a ...ref.Val) ref.Val { return getDefault(lookup(a[0], a[1]), a[2]) }))),
		bin("condition", D, condition), bin("brief", D, brief),
		bin("since", cel.DurationType, since), bin("until", cel.DurationType, until),
		un("quantity", cel.DoubleType, quantity),
		bin("semver_match", cel.BoolType, semverMatch),
		bin("semver_cmp", cel.IntType, func(a, b ref.Val) ref.Val {
			x, ok := parseSemver(a)
			y, ok2 := parseSemver(b)
			if !ok || !ok2 {
				return types.Int(0)
			}
			return types.Int(x.cmp(y))
		}),
		un("semver_major", cel.IntType, func(a ref.Val) ref.Val {
			if x, ok := parseSemver(a); ok && x.n[0].IsInt64() {
				return types.Int(x.n[0].Int64())
			}
			return types.Int(-1)
		}),
		un("semver_minor", cel.IntType, func(a ref.Val) ref.Val {
			if x, ok := parseSemver(a); ok && x.n[1].IsInt64() {
				return types.Int(x.n[1].Int64())
			}
			return types.Int(-1)
		}),
		bin("grep", L, grep), bin("samples", L, samples),
		bin("index_by", cel.MapType(cel.StringType, D), indexBy),
		bin("group_by", cel.MapType(cel.StringType, L), groupBy),
		un("sum", cel.DoubleType, sum),
		bin("cidr_overlaps", cel.BoolType, func(a, b ref.Val) ref.Val {
			x, ok := cidr(a)
			y, ok2 := cidr(b)
			return types.Bool(ok && ok2 && x.Overlaps(y))
		}),
		bin("cidr_contains", cel.BoolType, func(a, b ref.Val) ref.Val {
			x, ok := cidr(a)
			s, ok2 := b.(types.String)
			if !ok || !ok2 {
				return types.False
			}
			ip, err := netip.ParseAddr(string(s))
			return types.Bool(err == nil && x.Contains(ip))
		}),
		un("cidr_prefix", cel.IntType, func(a ref.Val) ref.Val {
			if x, ok := cidr(a); ok {
				return types.Int(x.Bits())
			}
			return types.Int(-1)
		}),
		un("pow2", cel.IntType, pow2),
		un("parse_json", D, func(a ref.Val) ref.Val {
			if s, ok := a.(types.String); ok {
				if v, err := parseJSON([]byte(s)); err == nil {
					return v
				}
			}
			return types.NullValue
		}),
		cel.Function("distinct", cel.MemberOverload("list_distinct_own", []*cel.Type{L}, L, cel.UnaryBinding(distinct))),
		cel.Function("flatten",
			cel.MemberOverload("list_flatten_own", []*cel.Type{L}, L, cel.UnaryBinding(func(a ref.Val) ref.Val { return flatten(a, 1) })),
			cel.MemberOverload("list_flatten_n_own", []*cel.Type{L, cel.IntType}, L, cel.BinaryBinding(func(a, n ref.Val) ref.Val {
				if n.(types.Int) < 0 {
					return types.NewErr("flatten: level must be non-negative")
				}
				return flatten(a, int64(n.(types.Int)))
			}))),
	}
}
